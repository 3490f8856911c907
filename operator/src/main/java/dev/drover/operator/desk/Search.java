package dev.drover.operator.desk;

import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.JournalBlock;
import dev.drover.wire.replay.JournalEntry;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Looks among the messages of one cause, once, for those that follow records of one batch.
 * Thread-safe.
 */
final class Search {
  /** The most messages that are read at a time; a visit that comes after goes on from there. */
  static final int STRIDE = 500;

  private long next;
  private long @Nullable [] found;

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
