package dev.drover.operator.desk;

import static dev.drover.operator.chain.PlayedWorker.REVISION;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.PlayedWorker;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.failure.SomeFailure;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.JournalEntry;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.nats.client.Message;
import io.nats.client.api.MessageInfo;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailedRecordDeskIT extends DeskScenario {
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
  void of_two_people_who_ask_at_once_one_is_heard_and_the_record_is_sent_once() throws Exception {
    FailedRecord record = oneFailure();
    try (ExecutorService people = Executors.newFixedThreadPool(2)) {
      List<Future<?>> asked = new ArrayList<>();
      for (int qty : List.of(4, 6)) {
        asked.add(
            people.submit(
                () ->
                    patch(record, "{\"correction\":{\"qty\":" + qty + "},\"action\":\"Replay\"}")));
      }
      for (Future<?> one : asked) {
        one.get();
      }
    }
    awaitState(record, RecordState.Replaying);
    await()
        .until(
            () ->
                Long.valueOf(2)
                    .equals(client.resource(record).get().getMetadata().getGeneration() - 1));
    assertThat(inStream(names.retriesStream())).isEqualTo(1);

    worker.retry("load", odd("Odd"));

    awaitState(record, RecordState.Resolved);
    desk.sync(migration, ref, false);
    assertThat(status(record).replays()).isEqualTo(1);
    assertThat(status(record).history()).hasSize(1);
    assertThat(inStream(names.retriesStream())).isZero();
    assertThat(inStream(names.errorsStream())).isZero();
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
            "[{\"op\": \"turn\", \"path\": \"/qty\"}]", "does not apply",
            "[{\"op\": \"replace\", \"path\": \"qty\", \"value\": 1}]",
                "/ and the name of a field");
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
  void a_record_that_failed_again_and_was_taken_up_by_others_before_it_was_seen_is_told_so()
      throws Exception {
    FailedRecord record = oneFailure();
    patch(record, "{\"action\":\"Replay\"}");
    awaitState(record, RecordState.Replaying);
    operator.stop();
    worker.retry("load", odd("StillOdd"));
    await().until(() -> inStream(names.errorsStream()) == 2);
    MessageInfo last =
        nats.jetStreamManagement()
            .getLastMessage(names.errorsStream(), names.allOf("errors", "load"));
    QueuedFailure again =
        QueuedFailure.parse(
            last.getSeq(), last.getHeaders(), Objects.requireNonNull(last.getData()));
    new Journal(link, names)
        .write(
            again.sequence(),
            page ->
                JournalEntry.of(
                    JournalEntry.Action.waive,
                    List.of(again),
                    page,
                    Change.NONE,
                    new JournalEntry.By("Redrive", "all", "uid", 1),
                    "now"));
    new ErrorQueue(link, names).delete(again.sequence());

    startOperator();

    awaitOutcome(record, "failed again");
    await().untilAsserted(() -> assertThat(RecordState.of(status(record)).closed()).isTrue());
    assertThat(status(record).conditions().getFirst().reason()).isEqualTo("MessageGone");
  }

  @Test
  void a_waived_record_is_given_up_and_counted() throws Exception {
    FailedRecord record = oneFailure();
    long sequence = status(record).errorSequence();
    patch(record, "{\"action\":\"Waive\",\"reason\":\"known\"}");

    awaitState(record, RecordState.Waived);
    JournalEntry kept = new Journal(link, names).entry(sequence).orElseThrow();
    assertThat(kept.by().reason()).isEqualTo("known");
    assertThat(kept.by().user()).isEqualTo("kubectl-patch");
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

  private void journal(FailedRecord asked, long sequence, JournalEntry.Action action) {
    new Journal(link, names)
        .write(
            sequence,
            page ->
                JournalEntry.of(
                    action,
                    List.of(SomeFailure.at(sequence, "load")),
                    page,
                    Change.merging(asked.getSpec().correction()),
                    new JournalEntry.By(
                        "FailedRecord",
                        asked.getMetadata().getName(),
                        asked.getMetadata().getUid(),
                        asked.getMetadata().getGeneration()),
                    "now"));
  }

  @ParameterizedTest
  @CsvSource({
    "replay, '{\"correction\":{\"qty\":4},\"action\":\"Replay\"}'",
    "waive, '{\"action\":\"Waive\",\"reason\":\"old\"}'"
  })
  void what_was_deleted_by_hand_before_it_was_carried_out_is_given_up_and_counted(
      JournalEntry.Action action, String patch) throws Exception {
    FailedRecord record = oneFailure();
    long sequence = status(record).errorSequence();
    operator.stop();
    patch(record, patch);
    journal(client.resource(record).get(), sequence, action);
    nats.jetStreamManagement().deleteMessage(names.errorsStream(), sequence, false);

    startOperator();

    await().untilAsserted(() -> assertThat(RecordState.of(status(record)).closed()).isTrue());
    assertThat(inStream(names.retriesStream())).isZero();
    Decision decision =
        new RetryQueue(link, names).decision("load", new BatchId("r" + sequence)).orElseThrow();
    assertThat(decision.counts()).isEqualTo(new Counts(1, 0, 0, 0, 0, 1));
  }

  @Test
  void a_replay_cut_short_after_the_journal_is_sent_by_the_next_operator() throws Exception {
    FailedRecord record = oneFailure();
    long sequence = status(record).errorSequence();
    operator.stop();
    patch(record, "{\"correction\":{\"qty\":4},\"action\":\"Replay\"}");
    FailedRecord asked = client.resource(record).get();
    journal(asked, sequence, JournalEntry.Action.replay);
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
            new Requester(false),
            new Searches(),
            new SeenMigrations(client).saw(migration),
            InstantSource.system());
    clerk.visit(asked, sequence);
    assertThat(inStream(names.retriesStream()))
        .as("a visit by what the resource said before sends no second copy")
        .isEqualTo(1);
    worker.retry("load", odd("Odd"));
    awaitState(record, RecordState.Resolved);
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
  void what_is_sent_to_a_stage_that_takes_nothing_says_so_until_it_does() throws Exception {
    FailedRecord record = oneFailure();
    migration.setStatus(
        Serialization.unmarshal(
            """
            stages:
              - name: load
                scaling: {desired: 0, reason: BudgetExceeded, message: 7 failed}
            """,
            MigrationStatus.class));
    desk.sync(migration, ref, false);
    patch(record, "{\"action\":\"Replay\"}");
    awaitState(record, RecordState.Replaying);
    assertThat(outcome(status(record)))
        .isEqualTo(
            "sent to the stage again; stage load takes nothing now, BudgetExceeded: 7 failed");

    migration.setStatus(null);
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(outcome(status(record))).isEqualTo("sent to the stage again");
            });
  }

  @Test
  void what_is_no_failed_record_keeps_nothing_from_being_counted_and_shown() throws Exception {
    run(1, 20, row -> PlayedWorker.cause("Odd"));
    await().until(() -> inStream(names.errorsStream()) == 20);
    String cause =
        nats.jetStreamManagement()
            .getLastMessage(names.errorsStream(), names.all("errors"))
            .getSubject();
    for (String subject : List.of(cause, names.errorSubject("load", "by-hand"))) {
      nats.jetStream().publish(subject, new byte[] {1, 2, 3});
      nats.jetStream().publish(subject, new byte[0]);
    }

    ChainSnapshot snapshot = chain.advance(REVISION, SPEC, PlayedWorker.plan(1, 0), false);
    assertThat(snapshot.failures().causes())
        .as("what is counted by its subject is told by what is known of it")
        .singleElement()
        .satisfies(c -> assertThat(c.code()).isEqualTo("Odd"));
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(records()).hasSize(20);
            });
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
  void a_record_that_is_lost_is_told_so_and_stays_shown() throws Exception {
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
            () -> {
              assertThat(status(record).conditions().getFirst().reason()).isEqualTo("Lost");
              assertThat(status(record).conditions().getFirst().status()).isEqualTo("False");
            });
    patch(record, "{\"action\":\"Replay\"}");
    awaitOutcome(record, "It cannot be replayed");
    desk.sync(migration, ref, false);
    assertThat(records()).as("its key is shown nowhere else").hasSize(1);
    assertThat(inStream(names.retriesStream())).isZero();

    patch(record, "{\"action\":\"Waive\",\"reason\":\"it was a test order\"}");
    awaitState(record, RecordState.Waived);
    var load = chain.advance(REVISION, SPEC, PlayedWorker.plan(1, 0), false).stages().getLast();
    assertThat(load.counts().waived()).isEqualTo(1);
    assertThat(load.counts().failed()).isZero();
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
