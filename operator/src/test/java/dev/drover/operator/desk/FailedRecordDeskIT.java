package dev.drover.operator.desk;

import static dev.drover.operator.chain.PlayedWorker.REVISION;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.SourceRow;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.api.v1alpha1.StartAt;
import dev.drover.operator.ServedNamespaces;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.Chains;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.chain.PlayedWorker;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.operator.privacy.Redaction;
import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.JournalEntry;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.nats.client.Connection;
import io.nats.client.Message;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FailedRecordDeskIT {
  private static final MigrationSpec.Queues QUEUES = new MigrationSpec.Queues("64Mi", 1);
  private static final ChainSpec SPEC = PlayedWorker.spec();
  private static int namespaces;

  private static NatsServer server;

  private final KubernetesClient client = ApiServer.get().client();
  private final String namespace = "desk-" + ++namespaces;
  private NatsLink link;
  private Connection nats;
  private Migration migration;
  private ChainRef ref;
  private ChainNames names;
  private Chain chain;
  private PlayedWorker worker;
  private Operator operator;
  private FailedRecordDesk desk;

  @BeforeAll
  static void startNats() {
    server = NatsServer.start();
  }

  @AfterAll
  static void stopNats() {
    server.close();
  }

  @BeforeEach
  void open() throws Exception {
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .create();
    link = new NatsLink(server::endpoint);
    nats = server.connect();
    migration = migration("orders", 200);
    ref = ref(migration);
    names = ref.names();
    chain = new Chains(link).of(ref);
    chain.publishSpec(REVISION, SPEC, QUEUES);
    chain.ensureQueues(SPEC, QUEUES);
    worker = new PlayedWorker(nats, names);
    startOperator();
  }

  @AfterEach
  void close() throws Exception {
    operator.stop();
    nats.close();
    link.close();
  }

  private void startOperator() {
    operator = new Operator(o -> o.withKubernetesClient(client).withCloseClientOnStop(false));
    desk =
        FailedRecordController.register(
            operator,
            new ServedNamespaces(Set.of(namespace), Set.of()),
            link,
            InstantSource.system());
    operator.start();
  }

  private Migration migration(String name, int maxResources) {
    return migration(name, "{maxResources: " + maxResources + "}");
  }

  private Migration migration(String name, String failedRecords) {
    ApiServer.Result applied =
        ApiServer.get()
            .apply(
                namespace,
                """
                apiVersion: drover.dev/v1alpha1
                kind: Migration
                metadata: {name: %s}
                spec:
                  connections:
                    - name: legacy
                      jdbc: {url: "jdbc:postgresql://legacy/shop", credentialsSecretRef: {name: legacy-db}}
                      maxConnections: 4
                  stages:
                    - {name: read, extract: {connectionName: legacy, tables: ["public.*"]}}
                    - {name: load, from: read, load: {connectionName: legacy}}
                  failedRecords: %s
                """
                    .formatted(name, failedRecords));
    assertThat(applied.code()).as(applied.output()).isZero();
    return client.resources(Migration.class).inNamespace(namespace).withName(name).get();
  }

  private static ChainRef ref(Migration m) {
    return new ChainRef(
        m.getMetadata().getNamespace(), m.getMetadata().getName(), m.getMetadata().getUid());
  }

  /** Runs one table's records through the chain. */
  private void run(int batches, int records, Judge loads) throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    chain.advance(REVISION, SPEC, plan, false);
    worker.extract(batches, records);
    worker.clean(Judge.PASS);
    worker.load(loads);
  }

  /** Three records of which those with an odd quantity fail: one. */
  private FailedRecord oneFailure() throws Exception {
    run(1, 2, odd("Odd"));
    desk.sync(migration, ref, false);
    await().until(() -> records().size() == 1 && records().getFirst().getStatus() != null);
    return records().getFirst();
  }

  private static Judge odd(String code) {
    return row ->
        row.values()[1] instanceof Integer qty && qty % 2 == 1
            ? PlayedWorker.cause(code)
            : Judge.PASS.judge(row);
  }

  private List<FailedRecord> records() {
    return client.resources(FailedRecord.class).inNamespace(namespace).list().getItems().stream()
        .sorted(Comparator.comparing(r -> r.getMetadata().getName()))
        .toList();
  }

  private FailedRecordStatus status(FailedRecord resource) {
    return client.resource(resource).get().getStatus();
  }

  private void patch(FailedRecord resource, String spec) {
    patch(resource, "merge", "{\"spec\":" + spec + "}");
  }

  private void patch(FailedRecord resource, String type, String patch) {
    ApiServer.Result patched =
        ApiServer.get()
            .kubectl(
                "",
                "patch",
                "fr",
                resource.getMetadata().getName(),
                "-n",
                namespace,
                "--type=" + type,
                "-p",
                patch);
    assertThat(patched.code()).as(patched.output()).isZero();
  }

  private void awaitState(FailedRecord resource, RecordState state) {
    await().untilAsserted(() -> assertThat(RecordState.of(status(resource))).isEqualTo(state));
  }

  private static String outcome(FailedRecordStatus status) {
    return status.conditions().stream()
        .filter(c -> c.type().equals(RecordStatuses.RESOLVED))
        .findFirst()
        .orElseThrow()
        .message();
  }

  private void awaitOutcome(FailedRecord resource, String text) {
    await().untilAsserted(() -> assertThat(outcome(status(resource))).contains(text));
  }

  private static ConditionFactory await() {
    return Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100));
  }

  private long inStream(String stream) throws Exception {
    return nats.jetStreamManagement().getStreamInfo(stream).getStreamState().getMsgCount();
  }

  @Test
  void ten_thousand_failures_of_five_causes_make_two_hundred_resources() throws Exception {
    run(10, 1000, row -> PlayedWorker.cause("Cause" + ((Integer) row.values()[1]) / 2));
    await().until(() -> inStream(names.errorsStream()) == 10_000);

    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(records()).hasSizeGreaterThanOrEqualTo(200);
            });
    for (int i = 0; i < 5; i++) {
      desk.sync(migration, ref, false);
    }
    Map<String, Long> byCode =
        records().stream()
            .collect(
                Collectors.groupingBy(
                    r -> r.getMetadata().getLabels().get(RecordNames.CODE), Collectors.counting()));

    assertThat(byCode).hasSize(5).allSatisfy((code, n) -> assertThat(n).isEqualTo(40));
    await().until(() -> records().stream().allMatch(r -> r.getStatus() != null));
    FailedRecordStatus one = records().getFirst().getStatus();
    assertThat(one.record().get("id").isInt()).isTrue();
    assertThat(RecordState.of(one)).isEqualTo(RecordState.Open);
    assertThat(one.conditions())
        .singleElement()
        .satisfies(c -> assertThat(c.status()).isEqualTo("False"));
  }

  @Test
  void a_corrected_record_is_sent_once_and_resolved() throws Exception {
    FailedRecord record = oneFailure();
    patch(record, "{\"correction\":{\"qty\":4},\"action\":\"Replay\"}");
    awaitState(record, RecordState.Replaying);
    assertThat(inStream(names.retriesStream())).isEqualTo(1);

    worker.retry("load", odd("Odd"));

    awaitState(record, RecordState.Resolved);
    FailedRecordStatus status = status(record);
    assertThat(outcome(status)).isEqualTo("loaded");
    assertThat(status.replays()).isEqualTo(1);
    assertThat(status.conditions().getFirst().status()).isEqualTo("True");
    assertThat(inStream(names.errorsStream())).isZero();
    chain.advance(REVISION, SPEC, PlayedWorker.plan(1, 0), false);
    worker.finish();
    assertThat(chain.advance(REVISION, SPEC, PlayedWorker.plan(1, 0), false).complete()).isTrue();
  }

  @Test
  void a_record_is_sent_as_corrected_with_its_key() throws Exception {
    FailedRecord record = oneFailure();
    patch( // a merge patch would take the null for a field to remove, before anybody sees it
        record,
        "json",
        """
        [{"op": "replace", "path": "/spec",
          "value": {"action": "Replay", "correction": {"qty": null}}}]
        """);
    awaitState(record, RecordState.Replaying);

    Message message = worker.fetch(names.retriesStream(), "load").getFirst();

    Row row =
        RowReader.readAll(PlayedWorker.schema(PlayedWorker.PARENTS), message.getData()).getFirst();
    assertThat(row.values()).containsExactly(1, null);
    assertThat(row.key()).isEqualTo("1");
    assertThat(BatchHeaders.parse(message.getHeaders()).replayed().getFirst().replays())
        .isEqualTo(1);
  }

  @Test
  void a_correction_that_does_not_fit_is_refused_and_nothing_sent() throws Exception {
    FailedRecord record = oneFailure();
    patch(record, "{\"correction\":{\"qty\":\"many\"},\"action\":\"Replay\"}");

    awaitState(record, RecordState.Refused);
    assertThat(outcome(status(record))).contains("spec.correction.qty", "whole number");
    assertThat(inStream(names.retriesStream())).isZero();
    assertThat(inStream(names.journalStream())).isZero();

    patch(record, "{\"correction\":{\"qty\":4}}");
    awaitState(record, RecordState.Replaying);
  }

  @Test
  void a_json_patch_is_a_correction_too_and_one_that_does_not_apply_is_refused() throws Exception {
    FailedRecord record = oneFailure();
    Map<String, String> refusals =
        Map.of(
            "[{\"op\": \"test\", \"path\": \"/qty\", \"value\": 99}]", "does not apply",
            "[{\"op\": \"replace\", \"path\": \"/nothing\", \"value\": 1}]", "does not apply",
            "[{\"op\": \"remove\", \"path\": \"/qty\"}]", "removes field qty",
            "[{\"op\": \"add\", \"path\": \"/more\", \"value\": 1}]", "spec.jsonPatch.more",
            "[{\"op\": \"replace\", \"path\": \"/qty\", \"value\": \"many\"}]",
                "spec.jsonPatch.qty: the value does not fit",
            "[{\"op\": \"replace\", \"path\": \"\", \"value\": 5}]", "no object",
            "[{\"op\": \"turn\", \"path\": \"/qty\"}]", "does not apply");
    refusals.forEach(
        (patch, why) -> {
          patch(record, "{\"jsonPatch\":" + patch + ",\"action\":\"None\"}");
          await()
              .untilAsserted(
                  () ->
                      assertThat(status(record).conditions())
                          .anySatisfy(
                              c -> {
                                assertThat(c.type()).isEqualTo("CorrectionValid");
                                assertThat(c.status()).isEqualTo("False");
                                assertThat(c.message()).startsWith("spec.jsonPatch").contains(why);
                              }));
        });
    patch(record, "{\"action\":\"Replay\"}");
    awaitState(record, RecordState.Refused);
    assertThat(inStream(names.retriesStream())).isZero();
    assertThat(inStream(names.journalStream())).isZero();

    patch(
        record,
        "{\"jsonPatch\":[{\"op\":\"test\",\"path\":\"/qty\",\"value\":1},{\"op\":\"replace\",\"path\":\"/qty\",\"value\":4}]}");
    awaitState(record, RecordState.Replaying);
    assertThat(status(record).conditions())
        .anySatisfy(
            c -> {
              assertThat(c.type()).isEqualTo("CorrectionValid");
              assertThat(c.status()).isEqualTo("True");
            });
    worker.retry("load", odd("Odd"));
    awaitState(record, RecordState.Resolved);
  }

  @Test
  void a_record_that_fails_again_is_followed_and_can_be_sent_again() throws Exception {
    FailedRecord record = oneFailure();
    long first = status(record).errorSequence();
    patch(record, "{\"action\":\"Replay\"}");
    awaitState(record, RecordState.Replaying);
    worker.retry("load", odd("StillOdd"));

    awaitOutcome(record, "failed again: it is StillOdd");
    FailedRecordStatus again = status(record);
    assertThat(RecordState.of(again)).isEqualTo(RecordState.Open);
    assertThat(again.code()).isEqualTo("StillOdd");
    assertThat(again.replays()).isEqualTo(1);
    assertThat(again.errorSequence()).isGreaterThan(first);
    assertThat(inStream(names.errorsStream())).isEqualTo(1);
    desk.sync(migration, ref, false);
    assertThat(records()).as("it is the same record").hasSize(1);
    await()
        .untilAsserted(
            () ->
                assertThat(client.resource(record).get().getMetadata().getLabels())
                    .containsEntry(RecordNames.CODE, "StillOdd"));

    patch(record, "{\"attempt\":1}");
    awaitState(record, RecordState.Replaying);
    worker.retry("load", Judge.PASS);
    awaitState(record, RecordState.Resolved);
    assertThat(status(record).replays()).isEqualTo(2);
  }

  @Test
  void a_waived_record_is_given_up_and_counted() throws Exception {
    FailedRecord record = oneFailure();
    patch(record, "{\"action\":\"Waive\",\"reason\":\"known\"}");

    awaitState(record, RecordState.Waived);
    assertThat(inStream(names.errorsStream())).isZero();
    var snapshot = chain.advance(REVISION, SPEC, PlayedWorker.plan(1, 0), false);
    assertThat(snapshot.stages().getLast().counts().waived()).isEqualTo(1);
    assertThat(snapshot.stages().getLast().counts().failed()).isZero();
    assertThat(snapshot.balance().balanced()).isTrue();
  }

  @Test
  void a_record_that_waits_for_its_parent_is_followed() throws Exception {
    FailedRecord record = oneFailure();
    patch(record, "{\"action\":\"Replay\"}");
    awaitState(record, RecordState.Replaying);
    worker.retryInVain();

    awaitOutcome(record, "waits");
    Message waiting = worker.fetch(names.waitingStream(), "load").getFirst();
    worker.decide(
        "load", BatchHeaders.parse(waiting.getHeaders()), waiting.getData(), Judge.PASS, false);
    waiting.ackSync(Duration.ofSeconds(5));
    awaitState(record, RecordState.Resolved);
  }

  @Test
  void a_replay_cut_short_after_the_journal_is_sent_by_the_next_operator() throws Exception {
    FailedRecord record = oneFailure();
    long sequence = status(record).errorSequence();
    operator.stop();
    patch(record, "{\"correction\":{\"qty\":4},\"action\":\"Replay\"}");
    FailedRecord asked = client.resource(record).get();
    new Journal(link, names)
        .write(
            sequence,
            page ->
                JournalEntry.of(
                    JournalEntry.Action.replay,
                    "load",
                    List.of(sequence),
                    page,
                    Change.merging(asked.getSpec().correction()),
                    new JournalEntry.By(
                        "FailedRecord",
                        asked.getMetadata().getName(),
                        asked.getMetadata().getUid(),
                        asked.getMetadata().getGeneration()),
                    "now"));
    assertThat(inStream(names.retriesStream())).isZero();

    startOperator();

    awaitState(record, RecordState.Replaying);
    assertThat(inStream(names.retriesStream())).isEqualTo(1);
    RecordClerk clerk =
        new RecordClerk(
            link,
            ref,
            new Schemas(link),
            new SourceReplays(client),
            Redaction.of(migration.getSpec()),
            InstantSource.system());
    clerk.visit(asked, sequence);
    assertThat(inStream(names.retriesStream()))
        .as("a visit by what the resource said before sends no second copy")
        .isEqualTo(1);
    worker.retry("load", odd("Odd"));
    awaitState(record, RecordState.Resolved);
  }

  private static final String FROM_SOURCE = "{\"action\":\"Replay\",\"startAt\":\"Source\"}";

  /** The Redrive of one that a record asks for. */
  private Redrive readAgain(FailedRecord record) {
    String prefix = record.getMetadata().getName() + "-g";
    await().until(() -> redrives(prefix).size() == 1);
    return redrives(prefix).getFirst();
  }

  private List<Redrive> redrives(String prefix) {
    return client.resources(Redrive.class).inNamespace(namespace).list().getItems().stream()
        .filter(r -> r.getMetadata().getName().startsWith(prefix))
        .toList();
  }

  private void end(Redrive redrive, RedriveStatus.Refusal why) {
    client
        .resource(redrive)
        .editStatus(
            r -> {
              r.setStatus(
                  new RedriveStatus(
                      r.getMetadata().getGeneration(),
                      List.of(),
                      1L,
                      1,
                      0,
                      0,
                      0,
                      0,
                      0,
                      1,
                      List.of(),
                      "2026-01-01T00:00:00Z",
                      "2026-01-01T00:00:09Z",
                      List.of(why)));
              return r;
            });
  }

  @Test
  void a_record_whose_row_is_read_again_is_a_redrive_of_one_and_told_as_its_own() throws Exception {
    FailedRecord record = oneFailure();
    long sequence = status(record).errorSequence();
    patch(record, FROM_SOURCE);

    Redrive redrive = readAgain(record);
    assertThat(redrive.getSpec().startAt()).isEqualTo(StartAt.Source);
    assertThat(redrive.getSpec().migrationName()).isEqualTo("orders");
    assertThat(redrive.getSpec().selector().errorSequences()).containsExactly(sequence);
    assertThat(redrive.getSpec().selector().keys()).as("a key may be of a person").isNull();
    assertThat(redrive.getMetadata().getOwnerReferences())
        .singleElement()
        .satisfies(o -> assertThat(o.getUid()).isEqualTo(record.getMetadata().getUid()));
    awaitOutcome(record, "its row is read again by Redrive " + redrive.getMetadata().getName());
    assertThat(inStream(names.journalStream())).as("the operator sends nothing").isZero();

    JournalEntry entry =
        new Journal(link, names)
            .write(
                sequence,
                page ->
                    JournalEntry.of(
                        JournalEntry.Action.replay,
                        "load",
                        List.of(sequence),
                        page,
                        Change.NONE,
                        new JournalEntry.By(
                            "Redrive",
                            redrive.getMetadata().getName(),
                            redrive.getMetadata().getUid(),
                            1),
                        "2026-01-01T00:00:00Z"));
    awaitState(record, RecordState.Replaying);
    QueuedFailure failure = new ErrorQueue(link, names).at(sequence).orElseThrow();
    new RetryQueue(link, names).send(entry, failure, failure.message().row());
    worker.retry("load", Judge.PASS);

    awaitState(record, RecordState.Resolved);
    FailedRecordStatus status = status(record);
    assertThat(status.replays()).isEqualTo(1);
    assertThat(status.handledGeneration())
        .isEqualTo(client.resource(record).get().getMetadata().getGeneration());
    assertThat(status.history())
        .singleElement()
        .satisfies(
            tried -> {
              assertThat(tried.result()).isEqualTo("Replayed");
              assertThat(tried.generation()).isEqualTo(status.handledGeneration());
            });
  }

  @Test
  void a_record_whose_row_is_gone_stays_open_says_so_and_may_be_asked_for_again() throws Exception {
    FailedRecord record = oneFailure();
    patch(record, FROM_SOURCE);
    Redrive first = readAgain(record);

    end(first, new RedriveStatus.Refusal("SourceRowGone", "no row has the key: waive it", 1));

    awaitOutcome(record, "no row has the key: waive it");
    FailedRecordStatus status = status(record);
    assertThat(status.conditions().getFirst().status()).isEqualTo("False");
    assertThat(status.conditions().getFirst().reason()).isEqualTo("SourceRowGone");
    assertThat(status.history())
        .singleElement()
        .satisfies(tried -> assertThat(tried.result()).isEqualTo("SourceRowGone"));
    assertThat(inStream(names.errorsStream())).isEqualTo(1);
    assertThat(inStream(names.journalStream())).isZero();

    patch(record, "{\"attempt\":1}");
    String prefix = record.getMetadata().getName() + "-g";
    await().until(() -> redrives(prefix).size() == 2);

    patch(record, "{\"action\":\"Waive\",\"startAt\":null,\"reason\":\"gone\"}");
    awaitState(record, RecordState.Waived);
  }

  private Redrive showing(FailedRecord record, int request) {
    String prefix = record.getMetadata().getName() + "-s" + request + "-";
    await().until(() -> redrives(prefix).size() == 1);
    return redrives(prefix).getFirst();
  }

  @Test
  void the_row_at_the_source_is_shown_as_often_as_it_is_asked_for_and_nothing_is_sent()
      throws Exception {
    FailedRecord record = oneFailure();
    patch(record, "{\"showSource\":1}");
    Redrive first = showing(record, 1);
    assertThat(first.getSpec().dryRun()).isTrue();
    assertThat(first.getSpec().startAt()).isEqualTo(StartAt.Source);
    assertThat(first.getSpec().selector().errorSequences())
        .containsExactly(status(record).errorSequence());
    client
        .resource(first)
        .editStatus(
            r -> {
              r.setStatus(
                  new RedriveStatus(
                      1L,
                      List.of(),
                      1L,
                      1,
                      0,
                      0,
                      0,
                      0,
                      0,
                      0,
                      List.of(
                          new RedriveStatus.Sample(
                              1,
                              "load",
                              "public.parents",
                              "1",
                              null,
                              JsonNodeFactory.instance.objectNode().put("id", 1).put("qty", 5),
                              null)),
                      "2026-01-01T00:00:00Z",
                      "2026-01-01T00:00:09Z",
                      List.of()));
              return r;
            });
    await().until(() -> status(record).sourceRow().result().equals("Read"));
    SourceRow row = status(record).sourceRow();
    assertThat(row.request()).isEqualTo(1);
    assertThat(row.time()).isEqualTo("2026-01-01T00:00:09Z");
    assertThat(row.result()).isEqualTo("Read");
    assertThat(row.record().toString()).isEqualTo("{\"id\":1,\"qty\":5}");

    migration = migration("orders", "{redact: [/qty]}");
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(status(record).sourceRow().record().get("qty").asText()).isEqualTo("***");
            });

    patch(record, "{\"showSource\":2}");
    end(
        showing(record, 2),
        new RedriveStatus.Refusal("SourceRowGone", "no row has the key: waive it", 1));
    await().until(() -> status(record).sourceRow().result().equals("SourceRowGone"));
    assertThat(status(record).sourceRow())
        .isEqualTo(
            new SourceRow(
                2, "2026-01-01T00:00:09Z", "SourceRowGone", "no row has the key: waive it", null));
    assertThat(inStream(names.errorsStream())).isEqualTo(1);
    assertThat(inStream(names.journalStream())).isZero();
    assertThat(status(record).history()).isEmpty();

    ApiServer.Result refused =
        ApiServer.get()
            .kubectl(
                "",
                "patch",
                "fr",
                record.getMetadata().getName(),
                "-n",
                namespace,
                "--type=merge",
                "-p",
                "{\"spec\":{\"action\":\"Replay\",\"showSource\":3}}");
    assertThat(refused.code()).isNotZero();
    assertThat(refused.output()).contains("showSource", "asks for nothing else");
  }

  @Test
  void a_few_rows_are_read_at_a_time_and_it_is_said_what_each_waits_for() throws Exception {
    run(1, 12, odd("Odd"));
    desk.sync(migration, ref, false);
    await().until(() -> records().size() == 6);
    for (FailedRecord record : records()) {
      patch(record, "{\"showSource\":1}");
    }
    await()
        .untilAsserted(
            () ->
                assertThat(records())
                    .extracting(r -> r.getStatus().sourceRow())
                    .allSatisfy(row -> assertThat(row.result()).isEqualTo("Reading")));
    assertThat(redrives("")).hasSize(SourceReplays.MOST);
    assertThat(records())
        .extracting(r -> r.getStatus().sourceRow().message())
        .filteredOn(message -> message.startsWith("waits until fewer than 4 rows"))
        .hasSize(2);

    Redrive held = redrives("").getFirst();
    hold(held, "waits: the Migration is not ready");
    String name = held.getMetadata().getName();
    await()
        .untilAsserted(
            () ->
                assertThat(records())
                    .extracting(r -> r.getStatus().sourceRow().message())
                    .contains(
                        "it is read by Redrive "
                            + name
                            + ", which waits: the Migration is not ready"));

    for (Redrive redrive : redrives("")) {
      end(redrive, new RedriveStatus.Refusal("SourceRowGone", "no row has the key: waive it", 1));
    }
    await().until(() -> redrives("").size() == 6);
    await()
        .untilAsserted(
            () ->
                assertThat(records())
                    .filteredOn(r -> r.getStatus().sourceRow().result().equals("SourceRowGone"))
                    .hasSize(4));
  }

  private void hold(Redrive redrive, String message) {
    client
        .resource(redrive)
        .editStatus(
            r -> {
              r.setStatus(
                  new RedriveStatus(
                      r.getMetadata().getGeneration(),
                      List.of(
                          new Condition(
                              "Complete",
                              "False",
                              "MigrationNotReady",
                              message,
                              1L,
                              "2026-01-01T00:00:00Z")),
                      1L,
                      0,
                      0,
                      0,
                      0,
                      0,
                      0,
                      0,
                      List.of(),
                      "2026-01-01T00:00:00Z",
                      null,
                      List.of()));
              return r;
            });
  }

  @Test
  void a_replay_from_the_source_takes_no_correction() throws Exception {
    FailedRecord record = oneFailure();
    for (String change :
        List.of(
            "\"correction\":{\"qty\":4}", "\"jsonPatch\":[{\"op\":\"remove\",\"path\":\"/a\"}]")) {
      ApiServer.Result refused =
          ApiServer.get()
              .kubectl(
                  "",
                  "patch",
                  "fr",
                  record.getMetadata().getName(),
                  "-n",
                  namespace,
                  "--type=merge",
                  "-p",
                  "{\"spec\":{\"action\":\"Replay\",\"startAt\":\"Source\"," + change + "}}");
      assertThat(refused.code()).isNotZero();
      assertThat(refused.output()).contains("startAt", "takes no correction");
    }
  }

  @Test
  void a_record_that_is_too_large_can_only_be_waived() throws Exception {
    FailedRecord record = oneFailure();
    var failure = new ErrorQueue(link, names).at(status(record).errorSequence()).orElseThrow();
    nats.jetStream()
        .publish(
            names.errorSubject("load", failure.detail().fingerprint()),
            new dev.drover.wire.failure.FailedMessage(failure.detail(), new byte[0]).toBytes());
    desk.sync(migration, ref, false);
    await().until(() -> records().size() == 2 && records().getLast().getStatus() != null);
    FailedRecord large = records().getLast();

    patch(large, "{\"action\":\"Replay\"}");
    awaitState(large, RecordState.Refused);
    assertThat(outcome(status(large))).contains("waive it");
    patch(large, "{\"action\":\"Waive\",\"reason\":\"known\"}");
    awaitState(large, RecordState.Waived);
  }

  @Test
  void nats_away_is_said_and_gone_on_from() throws Exception {
    FailedRecord record = oneFailure();
    server.kill();
    patch(record, "{\"action\":\"Waive\",\"reason\":\"known\"}");
    await()
        .untilAsserted(
            () ->
                assertThat(status(record).conditions().getFirst().reason())
                    .isEqualTo("NatsUnavailable"));
    assertThat(status(record).observedGeneration()).isEqualTo(2);

    server.restart();
    awaitState(record, RecordState.Waived);
  }

  @Test
  void a_resource_that_nobody_asks_anything_of_is_written_once() throws Exception {
    FailedRecord record = oneFailure();
    String version = client.resource(record).get().getMetadata().getResourceVersion();
    operator.stop();
    startOperator();
    FailedRecord other = new FailedRecord();
    other.setMetadata(
        new ObjectMetaBuilder().withName("not-made-by-drover").withNamespace(namespace).build());
    other.setSpec(new FailedRecordSpec(FailedRecordSpec.Action.None, null, null, null, 0));
    client.resource(other).create();
    await().until(() -> client.resource(other).get().getStatus() != null);
    desk.sync(migration, ref, true);

    assertThat(client.resource(record).get().getMetadata().getResourceVersion()).isEqualTo(version);
  }

  @Test
  void while_records_move_the_first_of_each_cause_are_shown_and_no_more_at_once() throws Exception {
    run(1, 1000, row -> PlayedWorker.cause("Cause" + ((Integer) row.values()[1]) / 5));
    desk.sync(migration, ref, true);
    await().until(() -> records().size() == 2 * Allowance.AT_ONCE);
    assertThat(records())
        .extracting(r -> r.getMetadata().getLabels().get(RecordNames.CODE))
        .containsOnly("Cause0", "Cause1")
        .filteredOn("Cause0"::equals)
        .hasSize(Allowance.AT_ONCE);
  }

  @Test
  void a_deleted_resource_comes_back_for_its_record_is_still_there() throws Exception {
    FailedRecord record = oneFailure();
    client.resource(record).delete();
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(records())
                  .singleElement()
                  .satisfies(
                      r -> {
                        assertThat(r.getMetadata().getUid())
                            .isNotEqualTo(record.getMetadata().getUid());
                        assertThat(r.getStatus()).isNotNull();
                      });
            });
    assertThat(inStream(names.errorsStream())).isEqualTo(1);
    patch(records().getFirst(), "{\"action\":\"Replay\",\"correction\":{\"qty\":4}}");
    awaitState(records().getFirst(), RecordState.Replaying);
  }

  @Test
  void a_resource_deleted_while_its_record_is_under_way_is_followed_when_it_is_back()
      throws Exception {
    FailedRecord record = oneFailure();
    patch(record, "{\"action\":\"Replay\",\"correction\":{\"qty\":4}}");
    awaitState(record, RecordState.Replaying);
    client.resource(record).delete();
    await()
        .until(
            () -> {
              desk.sync(migration, ref, false);
              return records().size() == 1 && records().getFirst().getStatus() != null;
            });
    worker.retry("load", odd("Odd"));
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(RecordState.of(records().getFirst().getStatus()))
                  .isEqualTo(RecordState.Resolved);
            });
  }

  @Test
  void what_is_resolved_goes_after_its_time_and_what_is_open_takes_its_place() throws Exception {
    migration = migration("orders", "{maxResources: 1, ttlSecondsAfterResolved: 0}");
    run(1, 4, odd("Odd"));
    desk.sync(migration, ref, false);
    await().until(() -> records().size() == 1 && records().getFirst().getStatus() != null);
    FailedRecord first = records().getFirst();
    patch(first, "{\"action\":\"Waive\",\"reason\":\"known\"}");
    awaitState(first, RecordState.Waived);
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(records())
                  .singleElement()
                  .satisfies(
                      r ->
                          assertThat(r.getMetadata().getName())
                              .isNotEqualTo(first.getMetadata().getName()));
            });
    assertThat(inStream(names.errorsStream())).isEqualTo(1);
  }

  @Test
  void a_record_that_left_the_queue_otherwise_is_told_so() throws Exception {
    FailedRecord record = oneFailure();
    await()
        .until(
            () -> {
              desk.sync(migration, ref, false);
              return !desk.looksForDeparted(ref);
            });
    nats.jetStreamManagement()
        .deleteMessage(names.errorsStream(), status(record).errorSequence(), false);
    desk.sync(migration, ref, false);
    await()
        .untilAsserted(
            () ->
                assertThat(status(record).conditions().getFirst().reason())
                    .isEqualTo("MessageGone"));
  }

  @Test
  void a_waiver_without_a_reason_is_refused_when_it_is_written() throws Exception {
    FailedRecord record = oneFailure();
    for (String spec :
        List.of("{\"action\":\"Waive\"}", "{\"action\":\"Waive\",\"reason\":\" \"}")) {
      ApiServer.Result refused =
          ApiServer.get()
              .kubectl(
                  "",
                  "patch",
                  "fr",
                  record.getMetadata().getName(),
                  "-n",
                  namespace,
                  "--type=merge",
                  "-p",
                  "{\"spec\":" + spec + "}");
      assertThat(refused.code()).isNotZero();
      assertThat(refused.output()).contains("reason: say why the record is given up");
    }
    assertThat(inStream(names.errorsStream())).isEqualTo(1);
  }

  @Test
  void the_history_tells_what_was_tried_by_whom_and_what_came_of_it() throws Exception {
    FailedRecord record = oneFailure();
    patch(record, "{\"action\":\"Replay\",\"correction\":{\"qty\":3},\"reason\":\"try it\"}");
    awaitState(record, RecordState.Replaying);
    worker.retry("load", odd("StillOdd"));
    awaitOutcome(record, "failed again");
    patch(record, "{\"action\":\"Waive\",\"correction\":null,\"reason\":\"it is a test order\"}");
    awaitState(record, RecordState.Waived);

    List<FailedRecordStatus.Attempt> history = status(record).history();
    assertThat(history)
        .extracting(a -> a.action() + " " + a.result() + " " + a.by() + ": " + a.reason())
        .containsExactly(
            "Replay FailedAgain kubectl-patch: try it",
            "Waive Waived kubectl-patch: it is a test order");
    assertThat(String.valueOf(history.getFirst().correction())).isEqualTo("{\"qty\":3}");
    assertThat(history.getLast().correction()).isNull();
  }

  @Test
  void a_masked_field_is_shown_nowhere_and_can_be_corrected() throws Exception {
    migration = migration("orders", "{redact: [/qty]}");
    FailedRecord record = oneFailure();
    FailedRecordStatus masked = status(record);
    assertThat(masked.record().toString()).isEqualTo("{\"id\":1,\"qty\":\"***\"}");
    assertThat(masked.maskedFields()).containsExactly("qty");

    patch(record, "{\"correction\":{\"qty\":4},\"action\":\"Replay\"}");
    awaitState(record, RecordState.Replaying);
    assertThat(status(record).record().get("qty").asText()).isEqualTo("***");
    Message message = worker.fetch(names.retriesStream(), "load").getFirst();
    assertThat(
            RowReader.readAll(PlayedWorker.schema(PlayedWorker.PARENTS), message.getData())
                .getFirst()
                .values())
        .as("the queue kept the truth")
        .containsExactly(1, 4);
  }

  @Test
  void no_log_line_holds_what_a_correction_says() throws Exception {
    List<String> lines = new CopyOnWriteArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            if (line.getLevel().intValue() < Level.INFO.intValue()) {
              return; // the client's own debug lines hold whole requests
            }
            lines.add(
                line.getMessage()
                    + Arrays.toString(line.getParameters())
                    + (line.getThrown() == null ? "" : trace(line.getThrown())));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger root = Logger.getLogger("");
    root.addHandler(handler);
    try {
      FailedRecord record = oneFailure();
      patch(record, "{\"correction\":{\"qty\":\"planted-text\"},\"action\":\"Replay\"}");
      awaitState(record, RecordState.Refused);
      assertThat(client.resource(record).get().getStatus().toString())
          .doesNotContain("planted-text");
      patch(record, "{\"correction\":{\"qty\":987654321}}");
      awaitState(record, RecordState.Replaying);
      server.kill();
      patch(record, "{\"attempt\":1}");
      awaitOutcome(record, "NATS");
      server.restart();
      Logger.getLogger("dev.drover.test").info("logs are seen");
    } finally {
      root.removeHandler(handler);
    }
    assertThat(String.join("\n", lines))
        .contains("logs are seen")
        .doesNotContain("planted-text", "987654321");
  }

  private static String trace(Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  @Test
  void a_field_that_is_to_be_masked_from_now_on_is_masked_where_it_was_shown() throws Exception {
    FailedRecord record = oneFailure();
    assertThat(status(record).record().get("qty").asInt()).isEqualTo(1);
    migration = migration("orders", "{redact: [/qty]}");
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(status(record).record().get("qty").asText()).isEqualTo("***");
            });
  }

  @Test
  void what_may_be_shown_from_now_on_is_shown() throws Exception {
    migration = migration("orders", "{payload: KeysOnly}");
    FailedRecord record = oneFailure();
    assertThat(status(record).record()).isNull();
    migration = migration("orders", "{payload: Full}");
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(status(record).record().get("qty").asInt()).isEqualTo(1);
              assertThat(status(record).maskedFields()).isEmpty();
            });
  }

  @Test
  void a_name_that_another_migration_has_gets_a_suffix() throws Exception {
    Migration other = migration("orders-load", 10);
    FailedRecord taken =
        FailedRecordDesk.resource(
            other,
            ref(other),
            "orders-load-1",
            new QueuedFailure(1, new dev.drover.wire.failure.FailedMessage(detail(), new byte[0])));
    client.resource(taken).create();

    run(1, 2, odd("Odd"));
    desk.sync(migration, ref, false);

    await()
        .untilAsserted(
            () ->
                assertThat(records())
                    .anyMatch(
                        r ->
                            r.getMetadata().getName().matches("orders-load-1-[0-9a-f]{6}")
                                && RecordNames.chain(r).equals(java.util.Optional.of(ref))));
  }

  private static dev.drover.wire.failure.FailedMessage.Detail detail() {
    return new dev.drover.wire.failure.FailedMessage.Detail(
        "x",
        "b",
        0,
        "t",
        "k",
        "s",
        dev.drover.wire.decision.Verdict.FailureClass.Record,
        PlayedWorker.cause("Odd").orElseThrow(),
        "m",
        "r",
        "now",
        "now",
        0,
        null);
  }
}
