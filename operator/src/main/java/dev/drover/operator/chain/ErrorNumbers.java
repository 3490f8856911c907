package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.replay.JournalBlock;
import dev.drover.wire.state.StateStore;
import io.nats.client.api.KeyValueEntry;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Has no number of a failed record given twice, also if the error queue is lost and made anew: the
 * journal, decisions and FailedRecords tell of records by their numbers alone. How far numbers may
 * have been given is kept in the state bucket, well ahead of the queue, so that it is written
 * seldom. Confined to one thread at a time.
 */
final class ErrorNumbers {
  /** More than are set aside between two visits; a whole number of the journal's blocks. */
  static final long AHEAD = 128L * JournalBlock.SIZE;

  private final NatsLink link;
  private final ChainNames names;
  private @Nullable Long kept;

  ErrorNumbers(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** The queue has given numbers up to this one. */
  void saw(long last) {
    if (last == 0) {
      return;
    }
    long known = kept == null ? kept() : kept;
    kept = known;
    if (last + AHEAD / 2 > known) {
      long next = (JournalBlock.of(last) + 1) * JournalBlock.SIZE + AHEAD;
      link.run(
          "note how far failed records are numbered",
          nats ->
              StateStore.open(nats, names)
                  .bucket()
                  .put(StateStore.ERROR_NUMBERS, Long.toString(next)));
      kept = next;
    }
  }

  /** The first number of a queue that is made now: beyond all that may have been given before. */
  long first() {
    long claimed =
        link
            .totals("read which failed records the journal has", names.journalStream(), all())
            .keySet()
            .stream()
            .mapToLong(subject -> Long.parseLong(subject.substring(subject.lastIndexOf('.') + 1)))
            .map(block -> (block + 1) * JournalBlock.SIZE)
            .max()
            .orElse(1);
    return Math.max(claimed, kept());
  }

  private String all() {
    return names.all("journal");
  }

  private long kept() {
    return link.call(
        "read how far failed records are numbered",
        nats -> {
          KeyValueEntry entry = StateStore.open(nats, names).bucket().get(StateStore.ERROR_NUMBERS);
          return entry == null || entry.getValue() == null
              ? 1L
              : Long.parseLong(new String(entry.getValue(), StandardCharsets.US_ASCII));
        });
  }
}
