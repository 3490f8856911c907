package dev.drover.worker.extract;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.stage.ErrorQueue;
import java.sql.SQLException;
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
  private @Nullable Carried carried;

  /** A row that was read but did not fit the batch before. */
  private record Carried(
      @Nullable Object[] values, String key, List<String> keyParts, @Nullable String unreadable) {}

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
   * @throws SQLException if the source fails
   */
  @Nullable CutBatch next() throws SQLException {
    CutBatch batch = next(limit, LINGER_NANOS);
    limit = Math.min(limit * 2, batchBytes);
    return batch;
  }

  /**
   * As many rows as one message may hold, however long that takes: for a range that is read once
   * more. Null when there are none.
   */
  @Nullable CutBatch fullMessage() throws SQLException {
    return next(maxRecordBytes, Long.MAX_VALUE);
  }

  /** Whether there are rows behind the last batch. */
  boolean more() throws SQLException {
    if (carried == null) {
      carried = read();
    }
    return carried != null;
  }

  private @Nullable CutBatch next(int most, long lingerNanos) throws SQLException {
    writer.reset();
    List<ErrorQueue.Failure> failures = new ArrayList<>();
    List<String> upTo = null;
    int records = 0;
    long started = nanoTime.getAsLong();
    while (writer.size() < most && nanoTime.getAsLong() - started <= lingerNanos) {
      Carried row = carried != null ? carried : read();
      carried = null;
      if (row == null) {
        break;
      }
      Row record = new Row(records, row.key(), row.values());
      String unreadable = row.unreadable();
      int bytes = 0;
      if (unreadable == null) {
        bytes = append(record, failures);
      } else {
        failures.add(failure(record, "Unreadable", "", unreadable));
      }
      if (bytes > 0 && writer.size() > most && writer.rows() > 1) {
        writer.removeLast(bytes);
        carried = row;
        break;
      }
      records++;
      upTo = row.keyParts();
    }
    if (upTo == null) {
      return null;
    }
    KeyRange range = new KeyRange(after, upTo);
    after = upTo;
    return new CutBatch(range, records, writer.toByteArray(), failures);
  }

  private @Nullable Carried read() throws SQLException {
    return rows.advance()
        ? new Carried(rows.values(), rows.key(), rows.keyParts(), rows.unreadable())
        : null;
  }

  /** Bytes that the record took, or 0 if it failed. */
  private int append(Row record, List<ErrorQueue.Failure> failures) {
    try {
      int bytes = writer.append(record);
      if (bytes <= maxRecordBytes) {
        return bytes;
      }
      writer.removeLast(bytes);
      failures.add(
          failure(
              record,
              "RecordTooLarge",
              "",
              "the record has "
                  + bytes
                  + " bytes, a message holds "
                  + maxRecordBytes
                  + ": raise NATS' max_payload, or leave the large column out"));
    } catch (RowWriter.NullInRequiredColumnException e) {
      failures.add(
          failure(
              record,
              "NullInRequiredColumn",
              e.column(),
              "column " + e.column() + " has no value though the table declared it not null"));
    }
    return 0;
  }

  private ErrorQueue.Failure failure(Row record, String code, String column, String message) {
    return new ErrorQueue.Failure(
        record.position(),
        // Without the values: they are what is too large, and there may be many.
        new Row(record.position(), record.key(), new Object[0]),
        new Verdict.Failed(
            FailureClass.Record, new Cause("extract", code, schema.table(), column), message),
        false);
  }
}
