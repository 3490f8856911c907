package dev.drover.worker.extract;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.SplitCheckpoint.OpenBatch;
import dev.drover.wire.state.SplitCheckpoint.Take;
import dev.drover.wire.state.StateStore.LostClaimException;
import dev.drover.worker.database.SplitSource;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.ErrorQueue;
import dev.drover.worker.stage.StageContext;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one claimed split to its end: first the batches that a crash left open, then the rest, with
 * a few publications under way while the next batch is read. One that turns out much longer than
 * planned is cut while it is read, whoever else there may be to read what is cut off: the operator
 * makes workers by the number of splits, so it learns by the cut that there is work for more. Not
 * thread-safe.
 */
final class SplitReader {
  private static final Logger LOG = LoggerFactory.getLogger(SplitReader.class);

  /** Batches between their checkpoint and their acknowledgement, at most. */
  private static final int IN_FLIGHT = 3;

  /** A queue that is full for longer must not make the source keep a snapshot meanwhile. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final StageContext context;
  private final TablePlan table;
  private final SplitId split;
  private final SplitSource source;
  private final SplitProgress progress;
  private final TakenBatches taken;
  private final ErrorQueue errors;
  private final DecisionLog decisions;
  private final String schema;
  private final long planned;
  private final Overlength overlength;
  private final Deque<Publication> underWay = new ArrayDeque<>();

  private record Publication(OpenBatch batch, Future<Take> counted) {}

  SplitReader(
      StageContext context,
      TablePlan table,
      SplitId split,
      SplitSource source,
      SplitProgress progress,
      TakenBatches taken,
      ErrorQueue errors,
      DecisionLog decisions) {
    this.context = context;
    this.table = table;
    this.split = split;
    this.source = source;
    this.progress = progress;
    this.taken = taken;
    this.errors = errors;
    this.decisions = decisions;
    this.schema = table.schema().fingerprint();
    this.planned =
        Math.max(
            ((StageSpec.Extract) context.spec().stage(context.stage())).splitRecords(),
            table.recordsPerSplit());
    this.overlength = new Overlength(planned);
  }

  /**
   * Reads on until the end or until asked to stop, and leaves every batch that it opened published
   * and counted.
   *
   * @return whether the split is done
   */
  boolean read(BooleanSupplier stop)
      throws SystemFailure, InterruptedException, LostClaimException {
    ExecutorService publishers = Executors.newVirtualThreadPerTaskExecutor();
    try {
      progress.launchCutOff();
      recover(publishers);
      boolean end = readOn(publishers, stop);
      closeAll();
      progress.flush(end);
      return end;
    } catch (InterruptedException | LostClaimException e) {
      // Closing would wait for the publications, which a full queue may hold for ever.
      publishers.shutdownNow();
      if (e instanceof InterruptedException) {
        countPublished();
      }
      throw e;
    } finally {
      publishers.close();
    }
  }

  /** A range that has outgrown a message leaves its rest open, so there may be several rounds. */
  private void recover(ExecutorService publishers)
      throws SystemFailure, InterruptedException, LostClaimException {
    while (!progress.checkpoint().open().isEmpty()) {
      for (OpenBatch batch : progress.checkpoint().open()) {
        recover(publishers, batch);
      }
      progress.flush(false);
    }
  }

  private void recover(ExecutorService publishers, OpenBatch batch)
      throws SystemFailure, InterruptedException, LostClaimException {
    Take known = taken.find(id(batch), batch);
    if (known != null) {
      progress.close(batch, known);
      return;
    }
    KeyRange range = batch.range();
    CutBatch again;
    boolean whole;
    try (SplitSource.Rows rows = source.read(table, range)) {
      givesRows();
      BatchCutter cutter = cutter(rows, range.after());
      CutBatch full = cutter.fullMessage();
      again = full == null ? new CutBatch(range, 0, new byte[0], List.of(), 0) : full;
      whole = !cutter.more();
    }
    Set<String> elsewhere = new HashSet<>();
    for (long ordinal : batch.restOf()) {
      elsewhere.addAll(errors.setAside(BatchId.extracted(split, ordinal)));
    }
    again = again.without(table.schema(), elsewhere);
    if (batch.mayHaveSetAside()) {
      again = again.after(table.schema(), errors.setAside(id(batch)));
    }
    CutBatch cut = again;
    Take take =
        new Take(
            batch.latest().number() + 1,
            again.records(),
            again.failed(),
            whole ? null : again.range().upTo());
    OpenBatch retaken = progress.retake(batch, take);
    underWay.add(
        new Publication(
            retaken,
            publishers.submit(
                (Callable<Take>)
                    () -> {
                      Take published = publish(retaken, cut);
                      // Another worker may have published an older take that was consumed before
                      // this one: then that is the one that counts.
                      Take decided = taken.decided(id(retaken), retaken);
                      return decided == null ? published : decided;
                    })));
    closeOldest();
  }

  private void givesRows() {
    context.stalls().over(ExtractWorker.DATABASE);
    context.stalls().over(ExtractWorker.stallOf(table.table()));
  }

  /** How reading on came to its end. */
  private enum Ended {
    AtTheEnd,
    ByRequest,
    /** The split's end was cut off, so what is read must be asked for anew. */
    ByACut
  }

  private boolean readOn(ExecutorService publishers, BooleanSupplier stop)
      throws SystemFailure, InterruptedException, LostClaimException {
    while (true) {
      switch (readRest(publishers, stop)) {
        case AtTheEnd -> {
          return true;
        }
        case ByRequest -> {
          return false;
        }
        case ByACut -> {}
      }
    }
  }

  private Ended readRest(ExecutorService publishers, BooleanSupplier stop)
      throws SystemFailure, InterruptedException, LostClaimException {
    if (context.mustWait()) {
      source.pause();
      context.awaitTurn(stop);
    }
    if (stop.getAsBoolean()) {
      return Ended.ByRequest;
    }
    KeyRange whole = progress.checkpoint().range();
    List<String> readUpTo = progress.checkpoint().readUpTo();
    KeyRange rest = new KeyRange(readUpTo == null ? whole.after() : readUpTo, whole.upTo());
    try (SplitSource.Rows rows = source.read(table, rest)) {
      givesRows();
      BatchCutter cutter = cutter(rows, rest.after());
      for (CutBatch cut = next(cutter); cut != null; cut = next(cutter)) {
        CutBatch batch = cut;
        while (underWay.size() >= IN_FLIGHT) {
          if (!oldestWithin(PATIENCE)) {
            rows.release();
          }
          closeOldest();
        }
        OpenBatch open = progress.open(batch.range(), new Take(1, batch.records(), batch.failed()));
        underWay.add(
            new Publication(open, publishers.submit((Callable<Take>) () -> publish(open, batch))));
        context.pace().took(batch.records());
        if (stop.getAsBoolean()) {
          return Ended.ByRequest;
        }
        if (overlength.at(progress.checkpoint().recordsRead()) && cutOff(rows)) {
          return Ended.ByACut;
        }
        if (context.mustWait()) {
          // The source keeps no snapshot while nothing may be read, and what was read counts: it
          // may take long.
          rows.release();
          closeAll();
          progress.flush(false);
          context.awaitTurn(stop);
          if (stop.getAsBoolean()) {
            return Ended.ByRequest;
          }
        }
      }
    }
    return Ended.AtTheEnd;
  }

  private @Nullable CutBatch next(BatchCutter cutter) throws SystemFailure {
    long started = System.nanoTime();
    CutBatch cut = cutter.next();
    if (cut != null) {
      context.metrics().worked(System.nanoTime() - started);
    }
    return cut;
  }

  /** Whether there was something to cut off: then the rows are at hand no longer. */
  private boolean cutOff(SplitSource.Rows rows)
      throws SystemFailure, InterruptedException, LostClaimException {
    rows.release();
    SplitCheckpoint c = progress.checkpoint();
    List<KeyRange> pieces =
        source.tail(
            table,
            c.range(),
            Objects.requireNonNull(c.readUpTo(), "nothing was read"),
            c.recordsRead(),
            planned);
    if (pieces.isEmpty()) {
      return false;
    }
    progress.cutOff(pieces);
    LOG.info(
        "split {} of {} is longer than planned: after {} records {} splits are cut off its end",
        split,
        table.table(),
        c.recordsRead(),
        pieces.size());
    return true;
  }

  private BatchCutter cutter(SplitSource.Rows rows, @Nullable List<String> after) {
    return new BatchCutter(
        table.schema(),
        rows,
        after,
        context.batchBytes(),
        context.maxRecordBytes(),
        System::nanoTime);
  }

  /** The take that counts: this one, unless another was in the queue already. */
  private Take publish(OpenBatch batch, CutBatch cut) throws InterruptedException {
    Take take = batch.latest();
    BatchId id = id(batch);
    BatchHeaders headers =
        new BatchHeaders(
            id,
            take.number(),
            cut.rows(),
            schema,
            BatchHeaders.readBy(context.stage(), context.revision()),
            Origin.queue,
            List.of());
    String now = context.clock().instant().toString();
    errors.publish(headers, table.schema(), context.revision(), now, cut.failures());
    if (context.budget().inForce()) {
      // Before the batch, by which the take would be known: else a crash in between loses it.
      decisions.tell(context.stage(), read(id, take, cut, now));
    }
    if (take.hasMessage()) {
      long started = System.nanoTime();
      boolean first =
          context
              .publisher()
              .publishFirst(
                  context.names().queueSubject(context.stage(), id.text()),
                  headers.toHeaders(),
                  cut.body());
      context.metrics().published(cut.body().length, System.nanoTime() - started);
      if (!first) {
        Take there = taken.find(id, batch);
        take = there == null ? take : there;
      }
    }
    context.metrics().decided(counts(take));
    return take;
  }

  /** What a take adds to what the error budget counts. */
  private Decision read(BatchId id, Take take, CutBatch cut, String now) {
    List<IndexedVerdict> failures =
        cut.failures().stream().map(f -> new IndexedVerdict(f.index(), f.verdict())).toList();
    return new Decision(
        id.text(),
        take.number(),
        Origin.source,
        context.revision(),
        "",
        counts(take),
        List.of(),
        Decision.groups(failures),
        0,
        now);
  }

  private static Counts counts(Take take) {
    return new Counts(take.records(), take.records() - take.failed(), 0, take.failed(), 0, 0);
  }

  /** Whether the oldest publication comes to its end within a time. */
  private boolean oldestWithin(Duration patience) throws InterruptedException {
    try {
      underWay.element().counted().get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      return true; // closing it tells
    }
  }

  private void closeAll() throws InterruptedException {
    while (!underWay.isEmpty()) {
      closeOldest();
    }
  }

  private void closeOldest() throws InterruptedException {
    if (!oldestWithin(PATIENCE)) {
      source.pause(); // the rows are released, or read to their end
    }
    Publication oldest = underWay.remove();
    try {
      progress.close(oldest.batch(), oldest.counted().get());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof InterruptedException leaving) {
        throw leaving;
      }
      throw new IllegalStateException(
          "publishing batch " + id(oldest.batch()) + " failed", e.getCause());
    }
  }

  /**
   * Whoever leaves counts what is in the queue: it may be long until somebody goes on. The rest
   * stays open.
   */
  private void countPublished() throws InterruptedException, LostClaimException {
    for (Publication publication : underWay) {
      if (publication.counted().state() == Future.State.SUCCESS) {
        progress.close(publication.batch(), publication.counted().resultNow());
      }
    }
    progress.flush(false);
  }

  private BatchId id(OpenBatch batch) {
    return BatchId.extracted(split, batch.ordinal());
  }
}
