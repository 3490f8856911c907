package dev.drover.operator.desk;

import static dev.drover.operator.chain.PlayedWorker.REVISION;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.ServedNamespaces;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.Chains;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.chain.PlayedWorker;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.nats.client.Connection;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** The desk of one migration, on a real API server and a real NATS server; workers are played. */
abstract class DeskScenario {
  static final MigrationSpec.Queues QUEUES = new MigrationSpec.Queues("64Mi", 1);
  static final ChainSpec SPEC = PlayedWorker.spec();
  static int namespaces;

  static NatsServer server;

  final KubernetesClient client = ApiServer.get().client();
  final String namespace = "desk-" + ++namespaces;
  NatsLink link;
  Connection nats;
  Migration migration;
  ChainRef ref;
  ChainNames names;
  Chain chain;
  PlayedWorker worker;
  Operator operator;
  FailedRecordDesk desk;

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

  void startOperator() {
    operator = new Operator(o -> o.withKubernetesClient(client).withCloseClientOnStop(false));
    desk =
        FailedRecordController.register(
            operator,
            new ServedNamespaces(Set.of(namespace), Set.of()),
            link,
            new Requester(false),
            InstantSource.system());
    operator.start();
  }

  Migration migration(String name, int maxResources) {
    return migration(name, "{maxResources: " + maxResources + "}");
  }

  Migration migration(String name, String failedRecords) {
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

  static ChainRef ref(Migration m) {
    return new ChainRef(
        m.getMetadata().getNamespace(), m.getMetadata().getName(), m.getMetadata().getUid());
  }

  /** Runs one table's records through the chain. */
  void run(int batches, int records, Judge loads) throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    chain.advance(REVISION, SPEC, plan, false);
    worker.extract(batches, records);
    worker.clean(Judge.PASS);
    worker.load(loads);
  }

  /** Three records of which those with an odd quantity fail: one. */
  FailedRecord oneFailure() throws Exception {
    run(1, 2, odd("Odd"));
    desk.sync(migration, ref, false);
    await().until(() -> records().size() == 1 && records().getFirst().getStatus() != null);
    return records().getFirst();
  }

  static Judge odd(String code) {
    return row ->
        row.values()[1] instanceof Integer qty && qty % 2 == 1
            ? PlayedWorker.cause(code)
            : Judge.PASS.judge(row);
  }

  List<FailedRecord> records() {
    return client.resources(FailedRecord.class).inNamespace(namespace).list().getItems().stream()
        .sorted(Comparator.comparing(r -> r.getMetadata().getName()))
        .toList();
  }

  FailedRecordStatus status(FailedRecord resource) {
    return client.resource(resource).get().getStatus();
  }

  void patch(FailedRecord resource, String spec) {
    patch(resource, "merge", "{\"spec\":" + spec + "}");
  }

  void patch(FailedRecord resource, String type, String patch) {
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

  void awaitState(FailedRecord resource, RecordState state) {
    await().untilAsserted(() -> assertThat(RecordState.of(status(resource))).isEqualTo(state));
  }

  static String outcome(FailedRecordStatus status) {
    return status.conditions().stream()
        .filter(c -> c.type().equals(RecordStatuses.RESOLVED))
        .findFirst()
        .orElseThrow()
        .message();
  }

  void awaitOutcome(FailedRecord resource, String text) {
    await().untilAsserted(() -> assertThat(outcome(status(resource))).contains(text));
  }

  static ConditionFactory await() {
    return Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100));
  }

  long inStream(String stream) throws Exception {
    return nats.jetStreamManagement().getStreamInfo(stream).getStreamState().getMsgCount();
  }
}
