package dev.drover.wire.batch;

import dev.drover.wire.schema.RecordSchema;
import java.util.Arrays;
import java.util.List;

/**
 * The rows of one message by their index, encoded as they came; a row is decoded when it is asked
 * for. Not changed once made; a {@link #reader} belongs to one thread.
 */
public final class BatchRows {
  private final RecordSchema schema;
  private final byte[] bytes;
  private final int[] starts;

  private BatchRows(RecordSchema schema, byte[] bytes, int[] starts) {
    this.schema = schema;
    this.bytes = bytes;
    this.starts = starts;
  }

  /**
   * The rows of a message.
   *
   * @throws IllegalArgumentException if the bytes are not rows of the schema
   */
  public static BatchRows of(RecordSchema schema, byte[] bytes) {
    int[] starts = new int[64];
    int rows = 0;
    RowReader reader = new RowReader(schema, bytes);
    while (reader.advance()) {
      if (rows == starts.length) {
        starts = Arrays.copyOf(starts, 2 * rows);
      }
      starts[rows++] = reader.rowStart();
    }
    return new BatchRows(schema, bytes, Arrays.copyOf(starts, rows));
  }

  /** These rows, encoded. */
  public static BatchRows of(RecordSchema schema, List<Row> rows) {
    RowWriter writer = new RowWriter(schema, 1024);
    rows.forEach(writer::append);
    return of(schema, writer.toByteArray());
  }

  /** The rows' schema. */
  public RecordSchema schema() {
    return schema;
  }

  /** How many there are. */
  public int size() {
    return starts.length;
  }

  /** A row, decoded. */
  public Row row(int index) {
    RowReader reader = reader();
    reader.advanceTo(starts[index]);
    return reader.row();
  }

  /** A new reader before the first row. */
  public RowReader reader() {
    return new RowReader(schema, bytes);
  }

  /** Where a row begins, for {@link RowReader#advanceTo}. */
  public int start(int index) {
    return starts[index];
  }
}
