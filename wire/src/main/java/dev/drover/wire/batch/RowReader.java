package dev.drover.wire.batch;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Decodes what {@link RowWriter} wrote. Not thread-safe. */
public final class RowReader {
  private final ColumnType[] types;
  private final boolean[] nullable;
  private final byte[] bytes;
  private int at;

  /** A reader over a message's bytes. */
  public RowReader(RecordSchema schema, byte[] bytes) {
    List<Column> columns = schema.columns();
    types = new ColumnType[columns.size()];
    nullable = new boolean[columns.size()];
    for (int i = 0; i < types.length; i++) {
      types[i] = columns.get(i).type();
      nullable[i] = columns.get(i).nullable();
    }
    this.bytes = bytes;
  }

  /**
   * All rows of a message.
   *
   * @throws IllegalArgumentException if the bytes are not rows of the schema
   */
  public static List<Row> readAll(RecordSchema schema, byte[] bytes) {
    RowReader reader = new RowReader(schema, bytes);
    List<Row> rows = new ArrayList<>();
    while (reader.hasNext()) {
      rows.add(reader.next());
    }
    return rows;
  }

  /** Whether there is another row. */
  public boolean hasNext() {
    return at < bytes.length;
  }

  /**
   * The next row.
   *
   * @throws IllegalArgumentException if the bytes are not a row of the schema
   */
  public Row next() {
    try {
      int position = (int) readLong();
      String key = readString();
      @Nullable Object[] values = new Object[types.length];
      for (int i = 0; i < types.length; i++) {
        values[i] = nullable[i] && readLong() == 0 ? null : read(types[i]);
      }
      return new Row(position, key, values);
    } catch (IndexOutOfBoundsException e) {
      throw new IllegalArgumentException(
          "a batch that does not fit its schema ends within a row, at byte " + at, e);
    }
  }

  private Object read(ColumnType type) {
    return switch (type) {
      case BOOLEAN -> bytes[at++] != 0;
      case SMALLINT, INTEGER, DATE -> (int) readLong();
      case BIGINT, TIME, TIMESTAMP, TIMESTAMPTZ -> readLong();
      case REAL -> Float.intBitsToFloat((int) readFixed(4));
      case DOUBLE -> Double.longBitsToDouble(readFixed(8));
      case UUID -> new UUID(Long.reverseBytes(readFixed(8)), Long.reverseBytes(readFixed(8)));
      case BYTES -> {
        int length = length();
        at += length;
        yield Arrays.copyOfRange(bytes, at - length, at);
      }
      case DECIMAL, TEXT, JSON, ENUM, ARRAY, OTHER -> readString();
    };
  }

  private String readString() {
    int length = length();
    at += length;
    return new String(bytes, at - length, length, StandardCharsets.UTF_8);
  }

  private int length() {
    long length = readLong();
    if (length < 0 || length > bytes.length - at) {
      throw new IndexOutOfBoundsException();
    }
    return (int) length;
  }

  private long readFixed(int count) {
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (bytes[at++] & 0xFFL) << (8 * i);
    }
    return value;
  }

  private long readLong() {
    long n = 0;
    int shift = 0;
    byte b;
    do {
      b = bytes[at++];
      n |= (b & 0x7FL) << shift;
      shift += 7;
    } while (b < 0 && shift < 70);
    return (n >>> 1) ^ -(n & 1);
  }
}
