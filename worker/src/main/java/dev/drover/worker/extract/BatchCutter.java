package dev.drover.worker.extract;

import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.SplitSource;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.stage.ErrorQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Cuts rows into batches of about a size. The first batches are small and closed early, so that the
 * stages behind start at once; then they grow. Not thread-safe.
 */
final class BatchCutter {
  private static final int FIRST_BYTES = 32 * 1024;
  private static final long LINGER_NANOS = Duration.ofMillis(200).toNanos();

  private final RecordSchema schema;
  private final SplitSource.Rows rows;
  private final int batchBytes;
  private final int maxRecordBytes;
  private final LongSupplier nanoTime;
  private final RowWriter writer;

  private int limit;
  private @Nullable List<String> after;

  /** Whether the source's current row is still to be taken: it did not fit the batch before. */
  private boolean pending;

  /**
   * Cuts what a source reads.
   *
   * @param after the key before the first row; null at the start of the table
   * @param batchBytes about the most bytes of a batch of several rows
   * @param maxRecordBytes the most bytes of a record
   */
  BatchCutter(
      RecordSchema schema,
      SplitSource.Rows rows,
      @Nullable List<String> after,
      int batchBytes,
      int maxRecordBytes,
      LongSupplier nanoTime) {
    this.schema = schema;
    this.rows = rows;
    this.after = after;
    this.batchBytes = batchBytes;
    this.maxRecordBytes = maxRecordBytes;
    this.nanoTime = nanoTime;
    this.limit = Math.min(FIRST_BYTES, batchBytes);
    this.writer = new RowWriter(schema, limit + 1024);
  }

  /**
   * The next batch, or null when the rows are at their end.
   *
   * @throws SystemFailure if the source fails
   */
  @Nullable CutBatch next() throws SystemFailure {
    CutBatch batch = next(limit, LINGER_NANOS);
    limit = Math.min(limit * 2, batchBytes);
    return batch;
  }

  /**
   * As many rows as one message may hold, however long that takes: for a range that is read once
   * more. Null when there are none.
   */
  @Nullable CutBatch fullMessage() throws SystemFailure {
    return next(maxRecordBytes, Long.MAX_VALUE);
  }

  /** Whether there are rows behind the last batch. */
  boolean more() throws SystemFailure {
    return pending = pending || rows.advance();
  }

  /** A first row is waited for however long it takes: null says that there is none, ever. */
  private @Nullable CutBatch next(int most, long lingerNanos) throws SystemFailure {
    writer.reset();
    List<ErrorQueue.Failure> failures = new ArrayList<>();
    int records = 0;
    long started = nanoTime.getAsLong();
    while (writer.size() < most
        && (records == 0 || nanoTime.getAsLong() - started <= lingerNanos)
        && more()) {
      pending = false;
      SplitSource.Unreadable unreadable = rows.unreadable();
      int bytes = 0;
      if (unreadable == null) {
        bytes = append(records, failures);
      } else {
        failures.add(failure(records, unreadable.code(), "", unreadable.message()));
      }
      if (bytes > 0 && writer.size() > most && writer.rows() > 1) {
        writer.removeLast(bytes);
        pending = true;
        break;
      }
      records++;
    }
    if (records == 0) {
      return null;
    }
    List<String> upTo = pending ? rows.keyPartsBefore() : rows.keyParts();
    KeyRange range = new KeyRange(after, upTo);
    after = upTo;
    return new CutBatch(range, records, writer.toByteArray(), failures, 0);
  }

  /** Bytes that the record took, or 0 if it failed. */
  private int append(int position, List<ErrorQueue.Failure> failures) {
    try {
      int bytes = rows.appendTo(writer, position);
      if (bytes <= maxRecordBytes) {
        return bytes;
      }
      writer.removeLast(bytes);
      SplitSource.Unreadable tooLarge =
          SplitSource.Unreadable.tooLarge(Integer.toString(bytes), maxRecordBytes);
      failures.add(failure(position, tooLarge.code(), "", tooLarge.message()));
    } catch (RowWriter.NullInRequiredColumnException e) {
      failures.add(
          failure(
              position,
              "NullInRequiredColumn",
              e.column(),
              "column " + e.column() + " has no value though the table declared it not null"));
    }
    return 0;
  }

  private ErrorQueue.Failure failure(int position, String code, String column, String message) {
    return new ErrorQueue.Failure(
        position,
        rows.key(),
        // Without the values: they are what is too large, and there may be many.
        new byte[0],
        new Verdict.Failed(
            FailureClass.Record, new Cause("extract", code, schema.table(), column), message));
  }
}
