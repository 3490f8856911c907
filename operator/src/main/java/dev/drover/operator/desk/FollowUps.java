package dev.drover.operator.desk;

import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import java.util.Optional;

/** Finds the new message of a record that was sent again and failed again. */
final class FollowUps {
  /** The stage publishes it right after it decides, so few of the same cause come before it. */
  private static final int MOST_READ = 2000;

  private final ErrorQueue errors;
  private final ChainNames names;

  FollowUps(ErrorQueue errors, ChainNames names) {
    this.errors = errors;
    this.names = names;
  }

  /**
   * The message that follows another; empty if it is not there yet.
   *
   * @param sequence the message that was sent again
   * @param again what the stage decided about that
   */
  Optional<QueuedFailure> find(long sequence, String stage, Fate.FailedAgain again) {
    Cause cause = again.cause();
    return cause == null
        ? Optional.empty()
        : find(sequence, again.decision(), names.errorSubject(stage, cause.fingerprint(stage)));
  }

  private Optional<QueuedFailure> find(long sequence, Decision decision, String subject) {
    long from = Math.max(decision.errorsAfter(), sequence) + 1;
    for (int read = 0; read < MOST_READ; read++) {
      Optional<QueuedFailure> next = errors.from(from, subject);
      if (next.isEmpty()) {
        return Optional.empty();
      }
      Long replayOf = next.get().detail().replayOf();
      if (replayOf != null && replayOf == sequence) {
        return next;
      }
      from = next.get().sequence() + 1;
    }
    return Optional.empty();
  }
}
