package dev.drover.wire.batch;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.io.ByteArrayOutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Encodes rows of one schema one after the other in Avro's binary encoding, see {@link
 * dev.drover.wire.schema.AvroSchema}. Written by hand over a growing array because it is the hot
 * path of every stage. Not thread-safe; reusable after {@link #reset}.
 */
public final class RowWriter {
  private static final VarHandle EIGHT_BYTES =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final ColumnType[] types;
  private final boolean[] nullable;
  private final String[] names;
  private byte[] buffer;
  private int size;
  private int rows;
  private int rowStart;
  private int column;

  /** A writer of rows of a schema, with room for {@code capacity} bytes at first. */
  public RowWriter(RecordSchema schema, int capacity) {
    int n = schema.columns().size();
    types = new ColumnType[n];
    nullable = new boolean[n];
    names = new String[n];
    for (int i = 0; i < n; i++) {
      Column column = schema.columns().get(i);
      types[i] = column.type();
      nullable[i] = column.nullable();
      names[i] = column.name();
    }
    buffer = new byte[Math.max(capacity, 64)];
  }

  /**
   * Appends a row and returns the bytes it took.
   *
   * @throws NullInRequiredColumnException if a column that is declared not null has no value; the
   *     writer is then as before the call
   */
  public int append(Row row) {
    begin(row.position(), row.key());
    @Nullable Object[] values = row.values();
    for (int i = 0; i < types.length; i++) {
      value(values[i]);
    }
    return end();
  }

  /** Begins a row, which {@link #end} ends after a value for each column. */
  public void begin(int position, String key) {
    start(position);
    writeString(key);
  }

  /** Begins a row whose key is there in UTF-8. */
  public void begin(int position, byte[] key, int from, int to) {
    start(position);
    writeBytes(key, from, to);
  }

  private void start(int position) {
    rowStart = size;
    column = 0;
    writeLong(position);
  }

  /**
   * The next column's value, of the class that {@link ColumnType} names.
   *
   * @throws NullInRequiredColumnException as {@link #append}
   */
  public void value(@Nullable Object value) {
    if (value == null) {
      nothing();
    } else {
      mark();
      write(types[column++], value);
    }
  }

  /**
   * A null in the next column.
   *
   * @throws NullInRequiredColumnException as {@link #append}
   */
  public void nothing() {
    if (!nullable[column]) {
      size = rowStart;
      throw new NullInRequiredColumnException(names[column]);
    }
    ensure(1);
    buffer[size++] = 0;
    column++;
  }

  /**
   * The next column's value as a reader of rows has it, not decoded. The types must be the same;
   * whether null may be need not.
   *
   * @throws NullInRequiredColumnException as {@link #append}
   */
  public void copy(RowReader from, int fromColumn) {
    int start = from.start(fromColumn);
    if (start < 0) {
      nothing();
      return;
    }
    mark();
    int length = from.end(fromColumn) - start;
    ensure(length);
    System.arraycopy(from.bytes(), start, buffer, size, length);
    size += length;
    column++;
  }

  /**
   * The next columns' values and nulls as a reader has them side by side, not decoded. Each must
   * have the same type, and be nullable or not, in both schemas.
   */
  public void copy(RowReader from, int fromColumn, int count) {
    int start = from.fieldStart(fromColumn);
    int length = from.end(fromColumn + count - 1) - start;
    ensure(length);
    System.arraycopy(from.bytes(), start, buffer, size, length);
    size += length;
    column += count;
  }

  /** A whole number, date or time in the next column. */
  public void longValue(long value) {
    mark();
    writeLong(value);
    column++;
  }

  /** A value of fixed size in the next column, up to eight bytes, least significant first. */
  public void fixedValue(long value, int count) {
    mark();
    writeFixed(value, count);
    column++;
  }

  /** A value of sixteen bytes in the next column, such as they are. */
  public void sixteenBytes(byte[] source, int from) {
    mark();
    ensure(16);
    System.arraycopy(source, from, buffer, size, 16);
    size += 16;
    column++;
  }

  /** Text in UTF-8, or bytes, in the next column. */
  public void bytesValue(byte[] source, int from, int to) {
    mark();
    writeBytes(source, from, to);
    column++;
  }

  /** Ends a row and returns the bytes it took. */
  public int end() {
    rows++;
    return size - rowStart;
  }

  private void mark() {
    if (nullable[column]) {
      ensure(1);
      buffer[size++] = 2;
    }
  }

  /** Takes back the last {@code bytes}, one row. */
  public void removeLast(int bytes) {
    size -= bytes;
    rows--;
  }

  /** Bytes written so far. */
  public int size() {
    return size;
  }

  /** Rows written so far. */
  public int rows() {
    return rows;
  }

  /** A copy of what was written. */
  public byte[] toByteArray() {
    return Arrays.copyOf(buffer, size);
  }

  /** A copy of a part of what was written. */
  public byte[] copyOf(int from, int to) {
    return Arrays.copyOfRange(buffer, from, to);
  }

  /** Starts anew, keeping the buffer. */
  public void reset() {
    size = 0;
    rows = 0;
  }

  private void write(ColumnType type, Object value) {
    switch (type) {
      case BOOLEAN -> writeByte((Boolean) value ? 1 : 0);
      case SMALLINT, INTEGER, DATE -> writeLong((Integer) value);
      case BIGINT, TIME, TIMESTAMP, TIMESTAMPTZ -> writeLong((Long) value);
      case REAL -> writeFixed(Float.floatToRawIntBits((Float) value), 4);
      case DOUBLE -> writeFixed(Double.doubleToRawLongBits((Double) value), 8);
      case UUID -> writeUuid((UUID) value);
      case BYTES -> writeBytes((byte[]) value, 0, ((byte[]) value).length);
      case DECIMAL, TEXT, JSON, ENUM, ARRAY, OTHER -> writeString((String) value);
    }
  }

  private void writeUuid(UUID uuid) {
    writeFixed(Long.reverseBytes(uuid.getMostSignificantBits()), 8);
    writeFixed(Long.reverseBytes(uuid.getLeastSignificantBits()), 8);
  }

  private void writeBytes(byte[] source, int from, int to) {
    writeLong(to - from);
    ensure(to - from);
    System.arraycopy(source, from, buffer, size, to - from);
    size += to - from;
  }

  /** Short ASCII strings, the common case, are copied without an array in between. */
  private void writeString(String text) {
    int length = text.length();
    ensure(length + 10);
    int mark = size;
    writeLong(length);
    int at = size;
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        size = mark;
        byte[] utf8 = utf8(text);
        writeBytes(utf8, 0, utf8.length);
        return;
      }
      buffer[at++] = (byte) c;
    }
    size = at;
  }

  /**
   * Half a surrogate pair, which has no UTF-8, is written in the form that it would have: a target
   * refuses that, while Java's own question mark would arrive as something that nobody wrote.
   */
  private static byte[] utf8(String text) {
    if (StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length() * 2);
    text.codePoints()
        .forEach(
            point -> {
              if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
                bytes.write(0xe0 | point >> 12);
                bytes.write(0x80 | point >> 6 & 63);
                bytes.write(0x80 | point & 63);
              } else {
                bytes.writeBytes(Character.toString(point).getBytes(StandardCharsets.UTF_8));
              }
            });
    return bytes.toByteArray();
  }

  private void writeByte(int value) {
    ensure(1);
    buffer[size++] = (byte) value;
  }

  /** The low bytes of a value, least significant first, as Avro has its floats. */
  private void writeFixed(long value, int bytes) {
    ensure(8);
    if (bytes == 8) {
      EIGHT_BYTES.set(buffer, size, value);
      size += 8;
      return;
    }
    for (int i = 0; i < bytes; i++) {
      buffer[size++] = (byte) (value >>> (8 * i));
    }
  }

  /** Zig-zag variable-length, as Avro has its ints and longs. */
  private void writeLong(long value) {
    ensure(10);
    long n = (value << 1) ^ (value >> 63);
    while ((n & ~0x7FL) != 0) {
      buffer[size++] = (byte) ((n & 0x7F) | 0x80);
      n >>>= 7;
    }
    buffer[size++] = (byte) n;
  }

  private void ensure(int more) {
    if (buffer.length - size < more) {
      buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, size + more));
    }
  }

  /** A row lacks a value in a column that is declared not null. */
  public static final class NullInRequiredColumnException extends RuntimeException {
    private final String column;

    NullInRequiredColumnException(String column) {
      super("column " + column + " is declared not null but has no value");
      this.column = column;
    }

    /** The column. */
    public String column() {
      return column;
    }
  }
}
