package dev.drover.worker.stage;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.schema.RecordSchema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Encoded rows that can be cut into messages. Where the cuts are belongs to a batch's decision, so
 * that a later attempt makes the same messages. Not thread-safe.
 */
public final class CutRows {
  private final RowWriter writer;
  private final List<Integer> ends = new ArrayList<>();

  /** Rows of a schema. */
  public CutRows(RecordSchema schema, int capacity) {
    writer = new RowWriter(schema, capacity);
  }

  /**
   * Adds a row, unless it alone is more than a message may hold.
   *
   * @return the bytes it has; more than {@code most} means that it was not added
   * @throws RowWriter.NullInRequiredColumnException if a required value is missing; nothing is
   *     added
   */
  public int add(Row row, int most) {
    int bytes = writer.append(row);
    if (bytes > most) {
      writer.removeLast(bytes);
    } else {
      ends.add(writer.size());
    }
    return bytes;
  }

  /** How many rows go into each message if none may have more than so many bytes. */
  public List<Integer> parts(int most) {
    List<Integer> parts = new ArrayList<>();
    int start = 0;
    int rows = 0;
    for (int i = 0; i < ends.size(); i++) {
      if (rows > 0 && ends.get(i) - start > most) {
        parts.add(rows);
        start = ends.get(i - 1);
        rows = 0;
      }
      rows++;
    }
    if (rows > 0) {
      parts.add(rows);
    }
    return parts;
  }

  /**
   * The messages' bodies.
   *
   * @param parts rows in each, all rows in sum
   * @throws IllegalArgumentException if the rows are not that many
   */
  public List<byte[]> cut(List<Integer> parts) {
    if (parts.stream().mapToInt(Integer::intValue).sum() != ends.size()) {
      throw new IllegalArgumentException(
          "a decision promised messages of " + parts + " rows, but there are " + ends.size());
    }
    byte[] all = writer.toByteArray();
    List<byte[]> bodies = new ArrayList<>();
    int from = 0;
    int row = 0;
    for (int rows : parts) {
      row += rows;
      int to = ends.get(row - 1);
      bodies.add(Arrays.copyOfRange(all, from, to));
      from = to;
    }
    return bodies;
  }
}
