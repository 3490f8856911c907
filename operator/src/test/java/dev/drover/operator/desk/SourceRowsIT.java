package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.SourceRow;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.api.v1alpha1.StartAt;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.failure.SomeFailure;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.JournalEntry;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Failed records whose rows are read again at the source, to be sent or to be shown. */
class SourceRowsIT extends DeskScenario {
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
                        List.of(SomeFailure.at(sequence, "load")),
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
                              null,
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
}
