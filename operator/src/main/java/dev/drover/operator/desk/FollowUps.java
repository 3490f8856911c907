package dev.drover.operator.desk;

import dev.drover.operator.chain.ChainRef;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.JournalEntry;
import java.util.Optional;
import java.util.OptionalLong;

/** Finds the new messages of records that were sent again and failed again. */
final class FollowUps {
  private final ErrorQueue errors;
  private final ChainRef ref;
  private final Searches searches;

  FollowUps(ErrorQueue errors, ChainRef ref, Searches searches) {
    this.errors = errors;
    this.ref = ref;
    this.searches = searches;
  }

  /**
   * The message that follows another; empty if it was not found yet: it is not there, or others are
   * before it that were not all looked through.
   *
   * @param sequence the message that was sent again
   * @param entry with which others it was sent
   * @param again what the stage decided about that
   */
  Optional<QueuedFailure> find(long sequence, JournalEntry entry, Fate.FailedAgain again) {
    Cause cause = again.cause();
    if (cause == null) {
      return Optional.empty();
    }
    String subject = ref.names().errorSubject(entry.stage(), cause.fingerprint(entry.stage()));
    // Its messages come after the decision, and after those that were sent again for it.
    long from = Math.max(again.decision().errorsAfter(), entry.sequences().getLast()) + 1;
    OptionalLong found =
        searches
            .of(new Searches.Key(ref, again.decision().batch(), subject), from)
            .find(sequence, entry, next -> errors.from(next, subject));
    return found.isPresent() ? errors.at(found.getAsLong()) : Optional.empty();
  }
}
