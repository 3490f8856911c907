package dev.drover.wire.batch;

import dev.drover.wire.schema.RecordSchema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one message, encoded as they came: who wants all reads them one after the other, and
 * one is found by its index and decoded. Not thread-safe.
 */
public final class BatchRows {
  private final RecordSchema schema;
  private final byte[] bytes;
  private final int size;

  /** Where each row begins; found when one is asked for. */
  private int @Nullable [] starts;

  private BatchRows(RecordSchema schema, byte[] bytes, int size) {
    this.schema = schema;
    this.bytes = bytes;
    this.size = size;
  }

  /**
   * The rows of a message.
   *
   * @param size how many there are, as the message's headers say
   */
  public static BatchRows of(RecordSchema schema, byte[] bytes, int size) {
    return new BatchRows(schema, bytes, size);
  }

  /** These rows, encoded. */
  public static BatchRows of(RecordSchema schema, List<Row> rows) {
    RowWriter writer = new RowWriter(schema, 1024);
    rows.forEach(writer::append);
    return of(schema, writer.toByteArray(), rows.size());
  }

  /** The rows' schema. */
  public RecordSchema schema() {
    return schema;
  }

  /** The rows, encoded; not to be changed. */
  public byte[] bytes() {
    return bytes;
  }

  /** How many there are. */
  public int size() {
    return size;
  }

  /**
   * A row, decoded.
   *
   * @throws IllegalArgumentException if the bytes are not that many rows of the schema
   */
  public Row row(int index) {
    return at(index).row();
  }

  /**
   * A reader at a row.
   *
   * @throws IllegalArgumentException if the bytes are not that many rows of the schema
   */
  public RowReader at(int index) {
    if (starts == null) {
      starts = findStarts();
    }
    RowReader reader = reader();
    reader.advanceTo(starts[index]);
    return reader;
  }

  /** A new reader before the first row. */
  public RowReader reader() {
    return new RowReader(schema, bytes);
  }

  /**
   * Has a reader of these rows go to the next one.
   *
   * @throws IllegalArgumentException if there is none, or the bytes are no row of the schema
   */
  public void requireNext(RowReader reader) {
    if (!reader.advance()) {
      throw new IllegalArgumentException("a batch has fewer rows than the " + size + " promised");
    }
  }

  /**
   * Has a reader of these rows be at their end.
   *
   * @throws IllegalArgumentException if there are more
   */
  public void requireEnd(RowReader reader) {
    if (reader.advance()) {
      throw new IllegalArgumentException("a batch has more rows than the " + size + " promised");
    }
  }

  private int[] findStarts() {
    int[] found = new int[size];
    RowReader reader = reader();
    for (int row = 0; row < size; row++) {
      requireNext(reader);
      found[row] = reader.rowStart();
    }
    requireEnd(reader);
    return found;
  }
}
