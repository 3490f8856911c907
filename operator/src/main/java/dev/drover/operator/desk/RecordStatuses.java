package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.Attempt;
import dev.drover.operator.privacy.MadeOf;
import dev.drover.operator.privacy.Redaction;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Statuses of FailedRecords. Pure. */
final class RecordStatuses {
  /** Whether the record is out of the way. */
  static final String RESOLVED = "Resolved";

  /** Whether the correction, if there is one, fits the record. */
  static final String CORRECTION_VALID = "CorrectionValid";

  /** Whether it was sent again and is not decided yet. */
  static final String REPLAYING = "Replaying";

  /** About how many characters of a record's texts are shown. */
  static final int RECORD_LIMIT = 60 * 1024;

  private static final int TEXT_LIMIT = 4000;

  private RecordStatuses() {}

  /** What an error message tells, with nothing said about it yet. */
  static FailedRecordStatus describe(
      String migration, QueuedFailure failure, Redaction.Shown shown) {
    FailedMessage.Detail detail = failure.detail();
    return new FailedRecordStatus(
            null,
            migration,
            detail.stage(),
            detail.cause().step(),
            detail.table(),
            cut(shown.key(), TEXT_LIMIT),
            detail.failureClass().name(),
            detail.cause().code(),
            cut(shown.message(), TEXT_LIMIT),
            detail.fingerprint(),
            failure.sequence(),
            shown.record(),
            shown.cut(),
            shown.masked(),
            detail.replays(),
            detail.firstSeen(),
            detail.lastSeen(),
            null,
            List.of(),
            List.of(),
            detail.revisions())
        .madeOf(MadeOf.text(detail.made()));
  }

  /** Whether a status shows what it may, see {@link Redaction#fits}. */
  static boolean fits(FailedRecordStatus s, Redaction redaction) {
    return redaction.fits(s.record(), s.maskedFields(), s.key(), MadeOf.parse(s.madeOf()));
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
        sequence,
        null,
        List.of(),
        List.of(),
        0,
        null,
        null,
        null,
        List.of(),
        List.of(),
        null);
  }

  /**
   * A description with the answer about it now.
   *
   * @param resource the resource: its generation is what the status is about, and its conditions
   *     keep their times unless they change
   * @param handled generation whose action was carried out last; null if none was
   * @param history what was tried so far
   */
  static FailedRecordStatus say(
      FailedRecordStatus described,
      FailedRecord resource,
      @Nullable Long handled,
      List<Attempt> history,
      Answer answer,
      Instant now) {
    RecordState state = answer.state();
    Conditions conditions = new Conditions(resource, now);
    conditions.set(RESOLVED, state.closed() ? "True" : "False", answer.reason(), answer.outcome());
    if (state == RecordState.Replaying) {
      conditions.set(REPLAYING, "True", answer.reason(), answer.outcome());
    } else {
      conditions.end(REPLAYING, "Decided", "it is not under way");
    }
    boolean sent = state == RecordState.Replaying || state.closed();
    if (corrects(resource)
        && sent
        && handled != null
        && !handled.equals(resource.getMetadata().getGeneration())) {
      conditions.set(
          CORRECTION_VALID,
          "Unknown",
          "NotTaken",
          "spec was changed after this record was sent, with generation %d: what the correction says now was neither looked at nor sent"
              .formatted(handled));
    } else if (corrects(resource)) {
      conditions.set(
          CORRECTION_VALID,
          "True",
          "Valid",
          "the correction fits the record as it entered the stage");
    } else {
      conditions.remove(CORRECTION_VALID);
    }
    return with(
        described,
        described.replays(),
        resource.getMetadata().getGeneration(),
        handled,
        history,
        conditions.toList());
  }

  /** Whether a resource has a correction. */
  static boolean corrects(FailedRecord resource) {
    return resource.getSpec() != null
        && (resource.getSpec().correction() != null || resource.getSpec().jsonPatch() != null);
  }

  /** A status of a resource whose correction does not fit its record. */
  static FailedRecordStatus correctionRefused(
      FailedRecordStatus status, FailedRecord resource, String why, Instant now) {
    if (!corrects(resource)) {
      return status;
    }
    Conditions conditions = new Conditions(resource, now);
    status.conditions().forEach(conditions::put);
    conditions.set(CORRECTION_VALID, "False", "Refused", why);
    return with(
        status,
        status.replays(),
        status.observedGeneration(),
        status.handledGeneration(),
        status.history(),
        conditions.toList());
  }

  /** A description of a record that was sent once more than its message tells. */
  static FailedRecordStatus sentOnceMore(FailedRecordStatus s) {
    return with(
        s,
        s.replays() + 1,
        s.observedGeneration(),
        s.handledGeneration(),
        s.history(),
        s.conditions());
  }

  /** A status that stays, seen for this generation. */
  static FailedRecordStatus seen(FailedRecordStatus before, FailedRecord resource) {
    Long generation = resource.getMetadata().getGeneration();
    return with(
        before,
        before.replays(),
        generation,
        before.handledGeneration(),
        before.history(),
        before.conditions().stream().map(c -> c.seen(generation)).toList());
  }

  /**
   * A status whose record may no longer be shown, and cannot be read again to be masked.
   *
   * @param history what was tried, as much of it as may be shown
   */
  static FailedRecordStatus withoutRecord(
      FailedRecordStatus s, List<Attempt> history, Redaction redaction) {
    return new FailedRecordStatus(
        s.observedGeneration(),
        s.migrationName(),
        s.stage(),
        s.step(),
        s.table(),
        Redaction.MASK,
        s.failureClass(),
        s.code(),
        Redaction.MASK,
        s.fingerprint(),
        s.errorSequence(),
        null,
        List.of(),
        redaction.hidden(),
        s.replays(),
        s.firstSeenTime(),
        s.lastSeenTime(),
        s.handledGeneration(),
        history,
        s.conditions(),
        s.revisions());
  }

  /** A status of which nobody can say now whether it still holds. */
  static FailedRecordStatus unavailable(
      FailedRecordStatus before,
      FailedRecord resource,
      String reason,
      String message,
      Instant now) {
    Conditions conditions = new Conditions(resource, now);
    conditions.set(RESOLVED, "Unknown", reason, message);
    return with(
        before,
        before.replays(),
        resource.getMetadata().getGeneration(),
        before.handledGeneration(),
        before.history(),
        conditions.toList());
  }

  private static FailedRecordStatus with(
      FailedRecordStatus s,
      int replays,
      @Nullable Long observedGeneration,
      @Nullable Long handled,
      List<Attempt> history,
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
            s.errorSequence(),
            s.record(),
            s.cutFields(),
            s.maskedFields(),
            replays,
            s.firstSeenTime(),
            s.lastSeenTime(),
            handled,
            history,
            conditions,
            s.revisions())
        .showing(s.sourceRow())
        .madeOf(s.madeOf());
  }

  /** The first characters of a text, with a mark where it goes on. */
  static String cut(String text, int most) {
    return text.length() <= most ? text : text.substring(0, most - 1) + "…";
  }

  /** A resource's conditions in the making; those that are not set stay as they are. */
  private static final class Conditions {
    private final Map<String, Condition> before = new LinkedHashMap<>();
    private final Map<String, Condition> byType = new LinkedHashMap<>();
    private final @Nullable Long generation;
    private final Instant now;

    Conditions(FailedRecord resource, Instant now) {
      this.generation = resource.getMetadata().getGeneration();
      this.now = now;
      FailedRecordStatus status = resource.getStatus();
      if (status != null) {
        status.conditions().forEach(c -> before.put(c.type(), c));
      }
      byType.putAll(before);
    }

    void set(String type, String status, String reason, String message) {
      Condition earlier = before.get(type);
      String since =
          earlier != null && earlier.status().equals(status)
              ? earlier.lastTransitionTime()
              : now.toString();
      byType.put(
          type, new Condition(type, status, reason, cut(message, TEXT_LIMIT), generation, since));
    }

    /** Sets a condition to False if it ever was anything else. */
    void end(String type, String reason, String message) {
      if (byType.containsKey(type)) {
        set(type, "False", reason, message);
      }
    }

    void put(Condition condition) {
      byType.put(condition.type(), condition);
    }

    void remove(String type) {
      byType.remove(type);
    }

    List<Condition> toList() {
      return new ArrayList<>(byType.values());
    }
  }
}
