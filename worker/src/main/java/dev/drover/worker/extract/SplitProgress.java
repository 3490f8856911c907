package dev.drover.worker.extract;

import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.SplitCheckpoint.OpenBatch;
import dev.drover.wire.state.SplitCheckpoint.Take;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.StateStore.LostClaimException;
import dev.drover.wire.state.StateStore.Versioned;
import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.NatsFailure;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.jetstream.Stalls;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The checkpoint of a split that this worker has claimed, written by compare-and-set only. Used by
 * one thread at a time; each method throws {@link LostClaimException} when another worker has
 * claimed the split, after which nothing may be written or published for it.
 */
final class SplitProgress {
  private final StateStore state;
  private final Stalls stalls;
  private final Patience patience;
  private final String stage;
  private final SplitId split;
  private final List<OpenBatch> closing = new ArrayList<>();
  private final List<Take> closed = new ArrayList<>();
  private Versioned<SplitCheckpoint> current;

  SplitProgress(
      StateStore state,
      Stalls stalls,
      String stage,
      SplitId split,
      Versioned<SplitCheckpoint> claimed) {
    this.state = state;
    this.stalls = stalls;
    this.patience = new Patience(stalls);
    this.stage = stage;
    this.split = split;
    this.current = claimed;
  }

  /** The checkpoint as written last. */
  SplitCheckpoint checkpoint() {
    return current.value();
  }

  /** Gives the next batch its ordinal and its range, for good, before it is published. */
  OpenBatch open(KeyRange range, Take first) throws InterruptedException, LostClaimException {
    OpenBatch batch = new OpenBatch(checkpoint().nextOrdinal(), range, List.of(first));
    write(
        c -> {
          List<OpenBatch> open = new ArrayList<>(c.open());
          open.add(batch);
          return with(c, c.nextOrdinal() + 1, range.upTo(), open, false);
        });
    return batch;
  }

  /** Notes that an open batch's range was read once more. */
  OpenBatch retake(OpenBatch batch, Take again) throws InterruptedException, LostClaimException {
    OpenBatch retaken = batch.with(again);
    write(
        c ->
            with(
                c,
                c.nextOrdinal(),
                c.readUpTo(),
                c.open().stream().map(b -> b.ordinal() == batch.ordinal() ? retaken : b).toList(),
                false));
    return retaken;
  }

  /**
   * A batch is in the queue, or was: its records count, with the next write. What its take does not
   * cover of its range becomes an open batch of its own by the same write.
   */
  void close(OpenBatch batch, Take counted) {
    closing.add(batch);
    closed.add(counted);
  }

  /** Writes what was closed since; with {@code done}, also that the split is read to its end. */
  void flush(boolean done) throws InterruptedException, LostClaimException {
    write(c -> with(c, c.nextOrdinal(), c.readUpTo(), c.open(), done));
  }

  /**
   * Cuts pieces off the end of what is not read yet: one write lowers the end and names them as
   * splits of their own.
   *
   * @param pieces adjacent ranges up to the split's end, in order
   */
  void cutOff(List<KeyRange> pieces) throws InterruptedException, LostClaimException {
    write(c -> with(c, c.nextOrdinal(), c.readUpTo(), c.open(), false).without(pieces));
    launchCutOff();
  }

  /**
   * Makes the checkpoints of the splits that the last cut named, unless they are there, by which
   * the operator sees that they may be read. Before anything else is written, since the next write
   * forgets their ranges.
   */
  void launchCutOff() throws InterruptedException {
    SplitCheckpoint c = checkpoint();
    int first = c.cuts() - c.cutOff().size();
    for (int i = 0; i < c.cutOff().size(); i++) {
      SplitId piece = split.cutOff(first + i);
      SplitCheckpoint unclaimed = SplitCheckpoint.unclaimed(c.cutOff().get(i));
      patience.ask(
          "write the checkpoint of split " + piece,
          () -> state.createUnlessThere(stage, piece, unclaimed));
    }
  }

  private SplitCheckpoint with(
      SplitCheckpoint c,
      long nextOrdinal,
      @org.jspecify.annotations.Nullable List<String> readUpTo,
      List<OpenBatch> open,
      boolean done) {
    long records = 0;
    long failed = 0;
    long batches = 0;
    List<OpenBatch> left = new ArrayList<>(open);
    for (int i = 0; i < closed.size(); i++) {
      OpenBatch batch = closing.get(i);
      Take take = closed.get(i);
      records += take.records();
      failed += take.failed();
      batches += take.hasMessage() ? 1 : 0;
      left.removeIf(b -> b.ordinal() == batch.ordinal());
      if (take.upTo() != null) {
        KeyRange rest = new KeyRange(take.upTo(), batch.range().upTo());
        left.add(batch.rest(nextOrdinal++, rest));
      }
    }
    return new SplitCheckpoint(
        c.epoch(),
        c.owner(),
        c.range(),
        nextOrdinal,
        readUpTo,
        left,
        done,
        c.records() + records,
        c.failed() + failed,
        c.batches() + batches,
        c.cuts(),
        List.of());
  }

  private void write(UnaryOperator<SplitCheckpoint> change)
      throws InterruptedException, LostClaimException {
    SplitCheckpoint next = change.apply(current.value());
    current = persist(next);
    closing.clear();
    closed.clear();
  }

  /**
   * A write whose answer was lost may have been made: when the next attempt finds this very
   * checkpoint in place, it was.
   */
  private Versioned<SplitCheckpoint> persist(SplitCheckpoint next)
      throws InterruptedException, LostClaimException {
    Backoff backoff = new Backoff(Duration.ofMillis(50), Duration.ofSeconds(2), stalls.leaving());
    String source = "checkpoint of " + split;
    boolean doubtful = false;
    while (true) {
      try {
        Versioned<SplitCheckpoint> written = writeOnce(next, doubtful);
        stalls.over(source);
        return written;
      } catch (IOException | JetStreamApiException | IllegalStateException e) {
        doubtful = true;
        stalls.begin(source, NatsFailure.of("write the " + source, e));
        stalls.pause(source, backoff);
      }
    }
  }

  private Versioned<SplitCheckpoint> writeOnce(SplitCheckpoint next, boolean doubtful)
      throws IOException, JetStreamApiException, LostClaimException {
    try {
      return state.update(stage, split, current, next);
    } catch (LostClaimException e) {
      if (doubtful) {
        Versioned<SplitCheckpoint> there = state.checkpoint(stage, split).orElseThrow(() -> e);
        if (there.value().equals(next)) {
          return there;
        }
      }
      throw e;
    }
  }
}
