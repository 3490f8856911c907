package dev.drover.worker.stage;

import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.schema.RecordSchema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Encoded rows that can be cut into messages. Where the cuts are belongs to a batch's decision, so
 * that a later attempt makes the same messages. Not thread-safe.
 */
public final class CutRows {
  private final RowWriter writer;
  private int[] ends = new int[64];
  private int rows;

  /** Rows of a schema. */
  public CutRows(RecordSchema schema, int capacity) {
    writer = new RowWriter(schema, capacity);
  }

  /**
   * Adds a row, unless it alone is more than a message may hold.
   *
   * @param row writes it, and returns the bytes it took
   * @return those bytes; more than {@code most} means that it was not added
   * @throws RowWriter.NullInRequiredColumnException if a required value is missing; nothing is
   *     added
   */
  public int add(ToIntFunction<RowWriter> row, int most) {
    int bytes = row.applyAsInt(writer);
    if (bytes > most) {
      writer.removeLast(bytes);
      return bytes;
    }
    if (rows == ends.length) {
      ends = Arrays.copyOf(ends, 2 * rows);
    }
    ends[rows++] = writer.size();
    return bytes;
  }

  /** How many rows go into each message if none may have more than so many bytes. */
  public List<Integer> parts(int most) {
    List<Integer> parts = new ArrayList<>();
    int start = 0;
    int first = 0;
    for (int i = 0; i < rows; i++) {
      if (i > first && ends[i] - start > most) {
        parts.add(i - first);
        start = ends[i - 1];
        first = i;
      }
    }
    if (rows > first) {
      parts.add(rows - first);
    }
    return parts;
  }

  /**
   * The messages' bodies.
   *
   * @param parts rows in each, all rows in sum
   * @throws BatchStuckException if the rows are not that many
   */
  public List<byte[]> cut(List<Integer> parts) {
    if (parts.stream().mapToInt(Integer::intValue).sum() != rows) {
      throw new BatchStuckException(
          "a decision promised messages of %s rows, but there are %d: it was made by another version, whose rules give something else; run that version until what it decided has passed"
              .formatted(parts, rows));
    }
    List<byte[]> bodies = new ArrayList<>();
    int from = 0;
    int row = 0;
    for (int part : parts) {
      row += part;
      int to = ends[row - 1];
      bodies.add(writer.copyOf(from, to));
      from = to;
    }
    return bodies;
  }
}
