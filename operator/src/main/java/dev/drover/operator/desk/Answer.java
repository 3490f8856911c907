package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import java.time.Duration;
import java.util.Optional;

/**
 * What a user is told about a failed record, and when to look again.
 *
 * @param state where the record is
 * @param reason CamelCase reason of the condition
 * @param outcome for people
 * @param again when more may be known; empty when nothing more will happen by itself
 */
record Answer(RecordState state, String reason, String outcome, Optional<Duration> again) {
  private static final Duration SOON = Duration.ofSeconds(1);
  private static final Duration LATER = Duration.ofSeconds(5);

  /** How often an open record is looked after: it may have left the queue by itself. */
  private static final Duration RARELY = Duration.ofSeconds(60);

  static Answer open() {
    return new Answer(
        RecordState.Open,
        "Open",
        "set spec.action to Replay, with a correction if one is needed, or to Waive",
        Optional.of(RARELY));
  }

  static Answer refused(String why) {
    return new Answer(RecordState.Refused, "Refused", why, Optional.of(RARELY));
  }

  static Answer replaying(String outcome) {
    return new Answer(RecordState.Replaying, "Replaying", outcome, Optional.of(SOON));
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
        RecordState.Open, "FailedAgain", "failed again: " + message, Optional.of(SOON));
  }

  static Answer resolved(String outcome) {
    return new Answer(RecordState.Resolved, "Replayed", outcome, Optional.empty());
  }

  static Answer waived() {
    return new Answer(RecordState.Waived, "Waived", "given up, as asked", Optional.empty());
  }

  static Answer gone() {
    return new Answer(
        RecordState.Resolved,
        "MessageGone",
        "the record is no longer in the error queue; it was not removed through this resource",
        Optional.empty());
  }

  /**
   * The answer that still holds when nothing new is asked: what became of the last request, as long
   * as the request stands.
   */
  static Answer last(FailedRecordStatus status, Action action) {
    String outcome = status.outcome();
    if (outcome == null) {
      return open();
    }
    return switch (RecordState.of(status)) {
      case Refused -> action == Action.None ? open() : refused(outcome);
      case Open ->
          status.replays() == 0
              ? open()
              : new Answer(RecordState.Open, "FailedAgain", outcome, Optional.of(RARELY));
      case Replaying, Resolved, Waived -> open();
    };
  }
}
