package dev.drover.operator.desk;

import dev.drover.operator.chain.ChainRef;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.JournalEntry;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;

/** Finds the new messages of records that were sent again and failed again. */
final class FollowUps {
  /** A message comes right behind its decision; one that lacks for longer may have left already. */
  private static final Duration COMES_WITHIN = Duration.ofSeconds(5);

  private final ErrorQueue errors;
  private final Journal journal;
  private final ChainRef ref;
  private final Searches searches;

  FollowUps(ErrorQueue errors, Journal journal, ChainRef ref, Searches searches) {
    this.errors = errors;
    this.journal = journal;
    this.ref = ref;
    this.searches = searches;
  }

  /** What was found of a message. */
  sealed interface Found {
    /** It is there. */
    record There(QueuedFailure failure) implements Found {}

    /** It was there: others sent the record again, or gave it up, before it was seen here. */
    record Gone() implements Found {}

    /** It has not come, or others are before it that were not all looked through. */
    record NotYet() implements Found {}
  }

  /**
   * The message that follows another.
   *
   * @param sequence the message that was sent again
   * @param entry with which others it was sent
   * @param again what the stage decided about that
   */
  Found find(long sequence, JournalEntry entry, Fate.FailedAgain again, Instant now) {
    Cause cause = again.cause();
    if (cause == null) {
      return new Found.NotYet();
    }
    String subject = ref.names().errorSubject(entry.stage(), cause.fingerprint(entry.stage()));
    // Its messages come after the decision, and after those that were sent again for it.
    long from = Math.max(again.decision().errorsAfter(), entry.sequences().getLast()) + 1;
    Search search = searches.of(new Searches.Key(ref, again.decision().batch(), subject), from);
    OptionalLong found = search.find(sequence, entry, next -> errors.from(next, subject));
    if (found.isPresent()) {
      return errors.at(found.getAsLong()).<Found>map(Found.There::new).orElseGet(Found.Gone::new);
    }
    BatchId batch = new BatchId(again.decision().batch());
    boolean late = Instant.parse(again.decision().decidedAt()).plus(COMES_WITHIN).isBefore(now);
    return late
            && search
                .taken(now, () -> journal.taken(entry.stage(), batch, from, errors.last()))
                .contains(Integer.toString(again.index()))
        ? new Found.Gone()
        : new Found.NotYet();
  }
}
