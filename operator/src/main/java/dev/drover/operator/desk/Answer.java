package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.Attempt;
import java.time.Duration;
import java.util.Optional;

/**
 * What a user is told about a failed record, and when to look again.
 *
 * @param state where the record is
 * @param reason CamelCase reason of the condition; the state that {@code kubectl get} shows
 * @param outcome for people
 * @param again when more may be known; empty when nothing more will happen by itself that the desk
 *     does not see
 */
record Answer(RecordState state, String reason, String outcome, Optional<Duration> again) {
  static final String REFUSED = "Refused";
  static final String WAIVED = "Waived";
  static final String FAILED_AGAIN = "FailedAgain";
  static final String LOST = "Lost";

  private static final Duration SOON = Duration.ofSeconds(1);
  private static final Duration LATER = Duration.ofSeconds(5);

  static Answer open() {
    return new Answer(
        RecordState.Open,
        "Open",
        "set spec.action to Replay, with a correction if one is needed, or to Waive, with a reason",
        Optional.empty());
  }

  static Answer refused(String why) {
    return new Answer(RecordState.Refused, REFUSED, why, Optional.empty());
  }

  /**
   * Nothing was sent, since the source's row does not come through.
   *
   * @param code CamelCase, such as SourceRowGone
   */
  static Answer refusedFor(String code, String why) {
    return new Answer(RecordState.Refused, code, why, Optional.empty());
  }

  /** The row is to be read at the source. */
  static Answer reading(String outcome) {
    return new Answer(RecordState.Open, "Reading", outcome, Optional.of(SOON));
  }

  static Answer replaying(String outcome) {
    return new Answer(RecordState.Replaying, "Sent", outcome, Optional.of(SOON));
  }

  static Answer waiting() {
    return new Answer(
        RecordState.Replaying,
        "Waiting",
        "waits at the stage for a record that it points to and that has not arrived",
        Optional.of(LATER));
  }

  static Answer failedAgain(String message) {
    return new Answer(
        RecordState.Open, FAILED_AGAIN, "failed again: " + message, Optional.of(SOON));
  }

  static Answer resolved(String outcome) {
    return new Answer(RecordState.Resolved, "Replayed", outcome, Optional.empty());
  }

  static Answer waived() {
    return new Answer(RecordState.Waived, WAIVED, "given up, as asked", Optional.empty());
  }

  /** It was to be sent, and is counted as given up. */
  static Answer gone() {
    return new Answer(
        RecordState.Resolved,
        "MessageGone",
        "its message was deleted by hand before it was sent: it is counted as given up; its row may still be at the source",
        Optional.empty());
  }

  /** Nobody asked for what became of it, and it is counted as failed still. */
  static Answer lost() {
    return new Answer(
        RecordState.Lost,
        LOST,
        "the record is no longer in the error queue, though nobody sent it or gave it up: the queue was purged or made anew, or the message was deleted by hand. It cannot be replayed; waived, it counts as given up. Its row may still be at the source",
        Optional.empty());
  }

  /** What failed again was taken up before its new message was seen. */
  static Answer takenUp() {
    return new Answer(
        RecordState.Resolved,
        "MessageGone",
        "failed again, and was sent again or given up since, not through this resource; if it is open still, another resource shows it",
        Optional.empty());
  }

  /**
   * The answer that still holds when nothing new is asked: what became of the last request, as long
   * as the request stands.
   */
  static Answer last(FailedRecordStatus status, Action action) {
    if (status.history().isEmpty()) {
      return open();
    }
    Attempt last = status.history().getLast();
    String message = last.message() == null ? "" : last.message();
    return switch (last.result()) {
      case FAILED_AGAIN -> new Answer(RecordState.Open, FAILED_AGAIN, message, Optional.empty());
      case "Sent", "Waiting", "Replayed", WAIVED -> open();
      default -> action == Action.None ? open() : refusedFor(last.result(), message);
    };
  }
}
