package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.failure.RecordJson;
import dev.drover.wire.schema.RecordSchema;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Statuses of FailedRecords. Pure. */
final class RecordStatuses {
  static final String RESOLVED = "Resolved";
  static final String CORRECTION_VALID = "CorrectionValid";

  private static final int RECORD_LIMIT = 60 * 1024;
  private static final int TEXT_LIMIT = 4000;

  private RecordStatuses() {}

  /** What an error message tells, with nothing said about it yet. */
  static FailedRecordStatus describe(String migration, QueuedFailure failure, RecordSchema schema) {
    FailedMessage.Detail detail = failure.detail();
    RecordJson.Shown shown = null;
    if (failure.message().row().length > 0) {
      Row row = RowReader.readAll(schema, failure.message().row()).getFirst();
      shown = RecordJson.render(schema, row.values(), RECORD_LIMIT);
    }
    return new FailedRecordStatus(
        null,
        migration,
        detail.stage(),
        detail.cause().step(),
        detail.table(),
        cut(detail.key()),
        detail.failureClass().name(),
        detail.cause().code(),
        cut(detail.message()),
        detail.fingerprint(),
        RecordState.Open.name(),
        failure.sequence(),
        shown == null ? null : shown.json(),
        shown == null ? List.of() : shown.cut(),
        detail.replays(),
        detail.firstSeen(),
        detail.lastSeen(),
        null,
        null,
        List.of());
  }

  /** What is left to tell of a resource whose message is gone before it was ever read. */
  static FailedRecordStatus unknown(FailedRecord resource, String migration, long sequence) {
    var labels = resource.getMetadata().getLabels();
    return new FailedRecordStatus(
        null,
        migration,
        labels.getOrDefault(RecordNames.STAGE, ""),
        "",
        "",
        "",
        "Record",
        labels.getOrDefault(RecordNames.CODE, ""),
        "",
        labels.getOrDefault(RecordNames.FINGERPRINT, ""),
        RecordState.Open.name(),
        sequence,
        null,
        List.of(),
        0,
        null,
        null,
        null,
        null,
        List.of());
  }

  /**
   * A description with the answer about it now.
   *
   * @param resource the resource: its generation is what the status is about, and its condition
   *     keeps its time unless it changes
   * @param handled generation whose action was carried out last; null if none was
   */
  static FailedRecordStatus say(
      FailedRecordStatus described,
      FailedRecord resource,
      @Nullable Long handled,
      Answer answer,
      Instant now) {
    boolean closed = answer.state().closed();
    List<Condition> conditions = new ArrayList<>();
    conditions.add(
        condition(
            resource, RESOLVED, closed ? "True" : "False", answer.reason(), answer.outcome(), now));
    if (corrects(resource)) {
      conditions.add(
          condition(
              resource,
              CORRECTION_VALID,
              "True",
              "Valid",
              "the correction fits the record as it entered the stage",
              now));
    }
    return with(
        described, resource, answer.state().name(), handled, cut(answer.outcome()), conditions);
  }

  /** Whether a resource has a correction. */
  static boolean corrects(FailedRecord resource) {
    return resource.getSpec() != null
        && (resource.getSpec().correction() != null || resource.getSpec().jsonPatch() != null);
  }

  /** A status of a resource whose correction does not fit its record. */
  static FailedRecordStatus correctionRefused(
      FailedRecordStatus status, FailedRecord resource, String why, Instant now) {
    List<Condition> conditions = new ArrayList<>(status.conditions());
    conditions.removeIf(c -> c.type().equals(CORRECTION_VALID));
    if (corrects(resource)) {
      conditions.add(condition(resource, CORRECTION_VALID, "False", "Refused", why, now));
    }
    return copy(
        status,
        status.replays(),
        status.observedGeneration(),
        status.state(),
        status.handledGeneration(),
        status.outcome(),
        conditions);
  }

  /** A description of a record that was sent once more than its message tells. */
  static FailedRecordStatus sentOnceMore(FailedRecordStatus described) {
    return copy(
        described,
        described.replays() + 1,
        described.observedGeneration(),
        described.state(),
        described.handledGeneration(),
        described.outcome(),
        described.conditions());
  }

  /** A status that stays, seen for this generation. */
  static FailedRecordStatus seen(FailedRecordStatus before, FailedRecord resource) {
    return copy(
        before,
        before.replays(),
        resource.getMetadata().getGeneration(),
        before.state(),
        before.handledGeneration(),
        before.outcome(),
        before.conditions());
  }

  /** A status of which nobody can say now whether it still holds. */
  static FailedRecordStatus unavailable(
      FailedRecordStatus before,
      FailedRecord resource,
      String reason,
      String message,
      Instant now) {
    Condition condition = condition(resource, RESOLVED, "Unknown", reason, message, now);
    return with(
        before,
        resource,
        before.state(),
        before.handledGeneration(),
        before.outcome(),
        List.of(condition));
  }

  private static FailedRecordStatus with(
      FailedRecordStatus s,
      FailedRecord resource,
      String state,
      @Nullable Long handled,
      @Nullable String outcome,
      List<Condition> conditions) {
    return copy(
        s,
        s.replays(),
        resource.getMetadata().getGeneration(),
        state,
        handled,
        outcome,
        conditions);
  }

  private static FailedRecordStatus copy(
      FailedRecordStatus s,
      int replays,
      @Nullable Long observedGeneration,
      String state,
      @Nullable Long handled,
      @Nullable String outcome,
      List<Condition> conditions) {
    return new FailedRecordStatus(
        observedGeneration,
        s.migrationName(),
        s.stage(),
        s.step(),
        s.table(),
        s.key(),
        s.failureClass(),
        s.code(),
        s.message(),
        s.fingerprint(),
        state,
        s.errorSequence(),
        s.record(),
        s.cutFields(),
        replays,
        s.firstSeenTime(),
        s.lastSeenTime(),
        handled,
        outcome,
        conditions);
  }

  private static Condition condition(
      FailedRecord resource,
      String type,
      String status,
      String reason,
      String message,
      Instant now) {
    FailedRecordStatus before = resource.getStatus();
    String since =
        before == null
            ? now.toString()
            : before.conditions().stream()
                .filter(c -> c.type().equals(type) && c.status().equals(status))
                .findFirst()
                .map(Condition::lastTransitionTime)
                .orElse(now.toString());
    return new Condition(
        type, status, reason, cut(message), resource.getMetadata().getGeneration(), since);
  }

  private static String cut(String text) {
    return text.length() <= TEXT_LIMIT ? text : text.substring(0, TEXT_LIMIT - 1) + "…";
  }
}
