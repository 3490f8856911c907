package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.Attempt;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.privacy.Redaction;
import dev.drover.wire.plan.Step;
import dev.drover.wire.replay.Change;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HistoryTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private static final Redaction ALL = redaction("{}");

  private static Redaction redaction(String failedRecords) {
    return Redaction.of(
        Serialization.unmarshal(
            "stages: []\nfailedRecords: %s".formatted(failedRecords), MigrationSpec.class));
  }

  private static FailedRecord resource() {
    FailedRecord resource =
        Serialization.unmarshal(
            """
            apiVersion: drover.dev/v1alpha1
            kind: FailedRecord
            metadata:
              name: r
              generation: 3
              creationTimestamp: "2026-01-01T00:00:00Z"
              labels: {}
            spec: {action: Replay, reason: asked the customer}
            """,
            FailedRecord.class);
    resource.setStatus(RecordStatuses.unknown(resource, "orders", 1));
    return resource;
  }

  @Test
  void it_tells_who_asked_why_and_what_came_of_it() {
    FailedRecord resource = resource();
    List<Attempt> sent =
        History.with(resource, replay("t1"), Answer.replaying("sent to the stage again"), ALL);
    assertThat(sent)
        .containsExactly(
            new Attempt(
                "Replay",
                "t1",
                "ann",
                3L,
                "asked the customer",
                null,
                null,
                null,
                "Sent",
                "sent to the stage again"));
  }

  @Test
  void it_tells_what_was_changed() {
    FailedRecord resource = resource();
    Change merged =
        Change.merging(
            Serialization.unmarshal("{\"qty\":3,\"email\":\"ann@example.org\"}", JsonNode.class));

    Attempt attempt =
        History.with(resource, replay("t1", merged), Answer.replaying("sent"), ALL).getFirst();
    assertThat(String.valueOf(attempt.correction()))
        .isEqualTo("{\"qty\":3,\"email\":\"ann@example.org\"}");

    Change computed = new Change(null, List.of(new Step.Assignment("qty", "int(record.text)")));
    attempt =
        History.with(resource, replay("t1", computed), Answer.replaying("sent"), ALL).getFirst();
    assertThat(attempt.correction()).isNull();
    assertThat(attempt.set()).hasSize(1);
  }

  @Test
  void a_copy_of_what_is_hidden_now_or_later_is_hidden() {
    FailedRecord resource = resource();
    Change copying =
        Change.merging(Serialization.unmarshal("{\"note\":\"ann@example.org\"}", JsonNode.class))
            .copying(Map.of("note", List.of("email")));
    Answer sent = Answer.replaying("sent");

    assertThat(History.with(resource, replay("t1", copying), sent, redaction("{redact: [/email]}")))
        .singleElement()
        .satisfies(a -> assertThat(a.correction()).hasToString("{\"note\":\"***\"}"));

    List<Attempt> whole = History.with(resource, replay("t1", copying), sent, ALL);
    assertThat(String.valueOf(whole.getFirst().correction())).contains("ann@example.org");
    resource.setStatus(RecordStatuses.say(resource.getStatus(), resource, 3L, whole, sent, NOW));
    assertThat(History.of(resource, redaction("{redact: [/email]}")).getFirst().correction())
        .hasToString("{\"note\":\"***\"}");
  }

  @Test
  void what_is_hidden_later_is_hidden_in_what_was_tried_before() {
    FailedRecord resource = resource();
    Change merged =
        Change.merging(
            Serialization.unmarshal("{\"qty\":3,\"email\":\"ann@example.org\"}", JsonNode.class));
    Answer no = Answer.failedAgain("ann@example.org is no address");
    resource.setStatus(
        RecordStatuses.say(
            new FailedRecordStatus(
                3L,
                "orders",
                "clean",
                "",
                "",
                "17",
                "Record",
                "BadAddress",
                "",
                "f",
                1,
                Serialization.unmarshal("{\"email\":\"ann@example.org\"}", JsonNode.class),
                List.of(),
                List.of(),
                0,
                null,
                null,
                null,
                List.of(),
                List.of(),
                null),
            resource,
            3L,
            History.with(resource, replay("t1", merged), no, ALL),
            no,
            NOW));

    Attempt shown = History.of(resource, redaction("{redact: [/email]}")).getFirst();

    assertThat(String.valueOf(shown.correction())).isEqualTo("{\"qty\":3,\"email\":\"***\"}");
    assertThat(shown.message()).isEqualTo("***");
  }

  @Test
  void what_came_of_a_request_changes_its_entry_and_keeps_who_asked() {
    FailedRecord resource = resource();
    Answer sent = Answer.replaying("sent to the stage again");
    resource.setStatus(
        RecordStatuses.say(
            resource.getStatus(),
            resource,
            3L,
            History.with(resource, replay("t1"), sent, ALL),
            sent,
            NOW));
    resource.getMetadata().setGeneration(4L);

    List<Attempt> resolved = History.with(resource, replay("t1"), Answer.resolved("loaded"), ALL);

    assertThat(resolved).hasSize(1);
    assertThat(resolved.getFirst().result()).isEqualTo("Replayed");
    assertThat(resolved.getFirst().by()).isEqualTo("ann");
  }

  @Test
  void the_last_ten_are_kept() {
    FailedRecord resource = resource();
    for (int i = 0; i < 15; i++) {
      List<Attempt> history =
          History.with(resource, replay("t" + i), Answer.failedAgain("no"), ALL);
      resource.setStatus(
          RecordStatuses.say(
              resource.getStatus(), resource, 3L, history, Answer.failedAgain("no"), NOW));
    }
    assertThat(History.of(resource, ALL)).hasSize(10);
    assertThat(History.of(resource, ALL).getLast().time()).isEqualTo("t14");
  }

  @Test
  void a_state_is_read_back_from_the_conditions_that_tell_it() {
    FailedRecord resource = resource();
    resource.setSpec(new FailedRecordSpec(Action.Waive, null, null, "known", 0));
    for (Answer answer :
        List.of(
            Answer.open(),
            Answer.replaying("sent"),
            Answer.waiting(),
            Answer.refused("why"),
            Answer.failedAgain("no"),
            Answer.waived())) {
      FailedRecordStatus status =
          RecordStatuses.say(resource.getStatus(), resource, null, List.of(), answer, NOW);
      assertThat(RecordState.of(status)).isEqualTo(answer.state());
      resource.setStatus(status);
    }
  }

  private static History.Request replay(String time) {
    return replay(time, Change.NONE);
  }

  private static History.Request replay(String time, Change change) {
    return new History.Request(
        FailedRecordSpec.Action.Replay, time, 3L, "ann", "asked the customer", change);
  }
}
