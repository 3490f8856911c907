package dev.drover.wire.batch;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Goes through what {@link RowWriter} wrote, row by row. Of each row it finds where the values are
 * and decodes none that nobody asks for: a stage pays only for what it touches. Hot. Not
 * thread-safe.
 *
 * <p>A value is {@code bytes()[start(i), end(i))}, the mark that tells a null of a nullable column
 * not included; a null has {@code start(i) < 0}.
 */
public final class RowReader {
  private static final VarHandle EIGHT_BYTES =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final ColumnType[] types;
  private final boolean[] nullable;
  private final byte[] bytes;
  private final int[] starts;
  private final int[] ends;
  private int at;
  private int rowStart;
  private int position;
  private int keyStart;
  private int keyEnd;

  /** A reader over a message's bytes, before the first row. */
  public RowReader(RecordSchema schema, byte[] bytes) {
    List<Column> columns = schema.columns();
    types = new ColumnType[columns.size()];
    nullable = new boolean[types.length];
    starts = new int[types.length];
    ends = new int[types.length];
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
    while (reader.advance()) {
      rows.add(reader.row());
    }
    return rows;
  }

  /**
   * Goes to the next row, the first time to the first.
   *
   * @return whether there is one
   * @throws IllegalArgumentException if the bytes are not a row of the schema
   */
  public boolean advance() {
    return at < bytes.length && advanceTo(at);
  }

  /**
   * Goes to the row that begins at an offset, as {@link #rowStart} gave it.
   *
   * @return true
   * @throws IllegalArgumentException if the bytes there are not a row of the schema
   */
  public boolean advanceTo(int offset) {
    at = offset;
    rowStart = offset;
    try {
      position = (int) readLong();
      keyEnd = length();
      keyStart = at;
      keyEnd += at;
      at = keyEnd;
      for (int i = 0; i < types.length; i++) {
        if (nullable[i] && readLong() == 0) {
          starts[i] = -1;
        } else {
          starts[i] = at;
          skip(types[i]);
        }
        ends[i] = at;
      }
      if (at > bytes.length) {
        throw new IndexOutOfBoundsException();
      }
      return true;
    } catch (IndexOutOfBoundsException e) {
      throw new IllegalArgumentException(
          "a batch that does not fit its schema ends within a row, at byte " + at, e);
    }
  }

  /** Where the current row begins. */
  public int rowStart() {
    return rowStart;
  }

  /** The current row's position in the batch as it was extracted. */
  public int position() {
    return position;
  }

  /** The current row's key. */
  public String key() {
    return new String(bytes, keyStart, keyEnd - keyStart, StandardCharsets.UTF_8);
  }

  /** Where the key's UTF-8 begins. */
  public int keyStart() {
    return keyStart;
  }

  /** Where the key's UTF-8 ends. */
  public int keyEnd() {
    return keyEnd;
  }

  /** All bytes of the message; not to be changed. */
  public byte[] bytes() {
    return bytes;
  }

  /** The current row as it came, encoded. */
  public byte[] encodedRow() {
    return Arrays.copyOfRange(bytes, rowStart, at);
  }

  /** Where a value's encoding begins; negative for a null. */
  public int start(int column) {
    return starts[column];
  }

  /** Where the encoding of a column, value or null, ends. */
  public int end(int column) {
    return ends[column];
  }

  /** Where the encoding of a column begins, the mark of a nullable one included. */
  public int fieldStart(int column) {
    return column == 0 ? keyEnd : ends[column - 1];
  }

  /** Where the text or the bytes of a value begin, behind their length; they end with the value. */
  public int contentStart(int column) {
    int start = starts[column];
    while (bytes[start] < 0) {
      start++;
    }
    return start + 1;
  }

  /** A value of a type of whole numbers: numbers, dates and times. */
  public long longValue(int column) {
    int start = starts[column];
    long n = 0;
    int shift = 0;
    byte b;
    do {
      b = bytes[start++];
      n |= (b & 0x7FL) << shift;
      shift += 7;
    } while (b < 0 && shift < 70);
    return (n >>> 1) ^ -(n & 1);
  }

  /** The bytes of a value of fixed size, up to eight from an offset, least significant first. */
  public long fixedValue(int column, int offset, int count) {
    int start = starts[column] + offset;
    if (count == 8) {
      return (long) EIGHT_BYTES.get(bytes, start);
    }
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (bytes[start + i] & 0xFFL) << (8 * i);
    }
    return value;
  }

  /** A value, of the class that {@link ColumnType} names. */
  public @Nullable Object value(int column) {
    int start = starts[column];
    if (start < 0) {
      return null;
    }
    return switch (types[column]) {
      case BOOLEAN -> bytes[start] != 0;
      case SMALLINT, INTEGER, DATE -> (int) longValue(column);
      case BIGINT, TIME, TIMESTAMP, TIMESTAMPTZ -> longValue(column);
      case REAL -> Float.intBitsToFloat((int) fixedValue(column, 0, 4));
      case DOUBLE -> Double.longBitsToDouble(fixedValue(column, 0, 8));
      case UUID ->
          new UUID(
              Long.reverseBytes(fixedValue(column, 0, 8)),
              Long.reverseBytes(fixedValue(column, 8, 8)));
      case BYTES -> Arrays.copyOfRange(bytes, contentStart(column), ends[column]);
      case DECIMAL, TEXT, JSON, ENUM, ARRAY, OTHER -> {
        int content = contentStart(column);
        yield new String(bytes, content, ends[column] - content, StandardCharsets.UTF_8);
      }
    };
  }

  /** The current row, decoded. */
  public Row row() {
    @Nullable Object[] values = new Object[types.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(i);
    }
    return new Row(position, key(), values);
  }

  private void skip(ColumnType type) {
    switch (type) {
      case BOOLEAN -> at += 1;
      case SMALLINT, INTEGER, DATE, BIGINT, TIME, TIMESTAMP, TIMESTAMPTZ -> {
        while (bytes[at++] < 0) {
          // The last byte of a number has no sign.
        }
      }
      case REAL -> at += 4;
      case DOUBLE -> at += 8;
      case UUID -> at += 16;
      case BYTES, DECIMAL, TEXT, JSON, ENUM, ARRAY, OTHER -> {
        int length = length();
        at += length;
      }
    }
  }

  private int length() {
    long length = readLong();
    if (length < 0 || length > bytes.length - at) {
      throw new IndexOutOfBoundsException();
    }
    return (int) length;
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
