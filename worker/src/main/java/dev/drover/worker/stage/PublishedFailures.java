package dev.drover.worker.stage;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalBlock;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.worker.jetstream.Patience;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Tells which records of a batch ever came to the error queue: those that are there, and those that
 * left it, which the journal has named since before they did. The ids by which the server drops
 * second copies tell less: it forgets them with time, and those of removed messages when it starts
 * again. Thread-safe.
 */
final class PublishedFailures {
  private final StageContext context;
  private final Patience patience;
  private final Journal journal;

  PublishedFailures(StageContext context) {
    this.context = context;
    this.patience = new Patience(context.stalls());
    this.journal = new Journal(context.nats(), context.names());
  }

  /**
   * What was found.
   *
   * @param records by what they are told apart by in their batch ({@link QueuedFailure#record})
   * @param after a sequence of the queue after which those of them come that are there still
   */
  record Found(Set<String> records, long after) {}

  /**
   * Those of some records of a batch that ever came to the queue. Goes through what has come since,
   * until it has seen all of them.
   *
   * @param subjects of their messages
   * @param records by what they are told apart by in the batch
   * @param after a sequence of the queue after which they came
   */
  Found find(BatchId batch, Collection<String> subjects, Set<String> records, long after)
      throws InterruptedException {
    return look(batch, List.copyOf(subjects), after, found -> found.containsAll(records));
  }

  /** All records of a batch that ever came to the queue. */
  Set<String> all(BatchId batch) throws InterruptedException {
    List<String> subjects = List.of(context.names().errorSubject(context.stage(), "*"));
    return look(batch, subjects, 0, found -> false).records();
  }

  /** The queue before the journal: what leaves the one in between is in the other by then. */
  private Found look(
      BatchId batch, List<String> subjects, long after, Predicate<Set<String>> enough)
      throws InterruptedException {
    long last = last();
    Set<String> records = new HashSet<>();
    long first = last + 1;
    try (ErrorScan scan = scan(subjects, after + 1, last)) {
      List<QueuedFailure> some = scan.next();
      while (!some.isEmpty()) {
        for (QueuedFailure failure : some) {
          if (failure.detail().batch().equals(batch.text())) {
            records.add(failure.record());
            first = Math.min(first, failure.sequence());
          }
        }
        some = enough.test(records) ? List.of() : scan.next();
      }
    }
    for (long block = JournalBlock.of(after + 1);
        block <= JournalBlock.of(last) && !enough.test(records);
        block++) {
      records.addAll(left(batch, block));
    }
    return new Found(records, first - 1);
  }

  private Set<String> left(BatchId batch, long block) throws InterruptedException {
    List<JournalEntry> entries = patience.ask("read the journal", () -> journal.entries(block));
    Set<String> left = new HashSet<>();
    entries.stream()
        .filter(entry -> entry.stage().equals(context.stage()))
        .forEach(entry -> left.addAll(entry.setAsideFrom(batch)));
    return left;
  }

  private ErrorScan scan(List<String> subjects, long first, long last) {
    return new ErrorScan(
        context.nats(), context.names(), patience, subjects, first, last, ErrorScan.Witness.NONE);
  }

  private long last() throws InterruptedException {
    return patience.ask(
        "read the state of the error queue",
        () ->
            context
                .nats()
                .jetStreamManagement()
                .getStreamInfo(context.names().errorsStream())
                .getStreamState()
                .getLastSequence());
  }
}
