package dev.drover.worker.redrive;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.ErrorScan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What became of a Redrive's batches, read from their decisions. A batch whose records are all
 * decided leaves the error queue, at once or a little later: who comes after a crash finds it in
 * the journal and takes out what is left. Counts may be asked by any thread, the rest is for one.
 */
final class Outcomes {
  /** More than are under way at a time, and what a scan is ahead of them. */
  private static final int WINDOW = 1 << 18;

  private final DecisionLog decisions;
  private final ErrorRemoval removal;
  private DecidedPrefixes prefixes = new DecidedPrefixes(WINDOW);
  private final RenewedStore renewed;
  private final Map<BatchId, Sent> open = new HashMap<>();
  private final Set<BatchId> known = new HashSet<>();
  private Counts counts = Counts.ZERO;
  private long sent;

  /** A batch that is not decided to its end: its current try, if some of its records wait. */
  private record Sent(JournalEntry entry, BatchId current, int attempt) {
    Sent next() {
      return new Sent(entry, entry.batch().waiting(attempt + 1), attempt + 1);
    }
  }

  Outcomes(DecisionLog decisions, ErrorRemoval removal, RenewedStore renewed) {
    this.renewed = renewed;
    this.decisions = decisions;
    this.removal = removal;
  }

  /** Follows a batch that the journal has; one that is followed already is left as it is. */
  synchronized void follow(JournalEntry entry) {
    if (known.add(entry.batch())) {
      sent += entry.sequences().size();
      open.put(entry.batch(), new Sent(entry, entry.batch(), 0));
    }
  }

  /** Whether a batch is followed, or was to its end. */
  synchronized boolean knows(JournalEntry entry) {
    return known.contains(entry.batch());
  }

  /** Records in the journal for this Redrive. */
  synchronized long sent() {
    return sent;
  }

  /** What was decided so far; of records that wait, what was decided about them last. */
  synchronized Counts counts() {
    return counts;
  }

  /** Batches of which nothing is decided. */
  synchronized long undecided() {
    return open.values().stream().filter(s -> s.attempt() == 0).count();
  }

  /** Whether every record has come to its end. */
  synchronized boolean allSettled() {
    return open.isEmpty();
  }

  /**
   * Another scan of the error queue begins, and none goes on.
   *
   * @param first the sequence that it begins with
   * @return what is to be told of its messages
   */
  ErrorScan.Witness scanBegins(long first) throws InterruptedException {
    takeOutTheRest();
    prefixes = new DecidedPrefixes(WINDOW);
    // What is before a scan is not known to be decided.
    return first > 1 ? ErrorScan.Witness.NONE : prefixes::seen;
  }

  /** Takes out of the error queue what is decided and waits for earlier records. */
  void takeOutTheRest() throws InterruptedException {
    removal.remove(prefixes.last());
  }

  /** Looks once what was decided since, and takes that out of the error queue. */
  void look() throws InterruptedException {
    for (Sent batch : batches()) {
      @Nullable Sent at = batch;
      while (at != null) {
        Optional<Decision> decision = decisions.find(at.entry().stage(), at.current());
        if (decision.isEmpty()) {
          break;
        }
        at = settle(at, decision.get().counts());
      }
    }
    removal.remove(prefixes.due(System.nanoTime()));
  }

  /** Records whose messages were deleted before the batch was sent, see {@link Remains}. */
  private static long lacking(Sent at, Counts decided) {
    return at.attempt() > 0 ? 0 : at.entry().sequences().size() - decided.in();
  }

  private synchronized List<Sent> batches() {
    return new ArrayList<>(open.values());
  }

  /** Counts a decision; returns what is to be looked for next, if some wait. */
  private @Nullable Sent settle(Sent at, Counts decided) throws InterruptedException {
    boolean waits = decided.waiting() > 0;
    if (!waits) {
      prefixes.decided(at.entry().sequences());
      renewed.forget(at.entry());
    }
    synchronized (this) {
      counts =
          counts.plus(
              new Counts(
                  0,
                  decided.passed(),
                  decided.filtered(),
                  decided.failed(),
                  decided.waiting() - (at.attempt() > 0 ? decided.in() : 0),
                  decided.waived() + lacking(at, decided)));
      if (waits) {
        open.put(at.entry().batch(), at.next());
        return at.next();
      }
      open.remove(at.entry().batch());
      return null;
    }
  }
}
