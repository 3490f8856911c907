package dev.drover.operator.desk;

import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.JournalBlock;
import dev.drover.wire.replay.JournalEntry;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks among the messages of one cause, once, for those that follow records of one batch.
 * Thread-safe.
 */
final class Search {
  /** The most messages that are read at a time; a visit that comes after goes on from there. */
  static final int STRIDE = 500;

  /** Between two looks into the journal. */
  private static final Duration PACE = Duration.ofSeconds(10);

  private long next;
  private boolean atEnd;
  private long @Nullable [] found;
  private Set<String> taken = Set.of();
  private Instant looked = Instant.MIN;

  /** From a sequence of the error queue on. */
  Search(long from) {
    next = from;
  }

  /**
   * The message that follows a record; empty if it was not come upon yet.
   *
   * @param sequence the record, one of the batch
   * @param queue the first message of the cause from a sequence on
   */
  synchronized OptionalLong find(
      long sequence, JournalEntry batch, LongFunction<Optional<QueuedFailure>> queue) {
    for (int read = 0; known(sequence) == 0 && read < STRIDE; read++) {
      Optional<QueuedFailure> message = queue.apply(next);
      atEnd = message.isEmpty();
      if (message.isEmpty()) {
        break;
      }
      Long replayOf = message.get().detail().replayOf();
      if (replayOf != null && batch.has(replayOf)) {
        note(replayOf, message.get().sequence());
      }
      next = message.get().sequence() + 1;
    }
    long known = known(sequence);
    return known == 0 ? OptionalLong.empty() : OptionalLong.of(known);
  }

  /**
   * Those of the batch's records that were in the queue and that somebody has taken up, as it was
   * known when it was looked for last; none before all messages were looked through.
   */
  synchronized Set<String> taken(Instant now, Supplier<Set<String>> journal) {
    if (atEnd && looked.isBefore(now.minus(PACE))) {
      taken = journal.get();
      looked = now;
    }
    return taken;
  }

  private long known(long sequence) {
    return found == null ? 0 : found[JournalBlock.index(sequence)];
  }

  private void note(long sequence, long message) {
    if (found == null) {
      found = new long[JournalBlock.SIZE];
    }
    found[JournalBlock.index(sequence)] = message;
  }
}
