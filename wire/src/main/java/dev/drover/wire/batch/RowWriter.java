package dev.drover.wire.batch;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
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
  private final ColumnType[] types;
  private final boolean[] nullable;
  private final String[] names;
  private byte[] buffer;
  private int size;
  private int rows;

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
    int start = size;
    writeLong(row.position());
    writeString(row.key());
    @Nullable Object[] values = row.values();
    for (int i = 0; i < types.length; i++) {
      Object value = values[i];
      if (value == null) {
        if (!nullable[i]) {
          size = start;
          throw new NullInRequiredColumnException(names[i]);
        }
        writeLong(0);
        continue;
      }
      if (nullable[i]) {
        writeLong(1);
      }
      write(types[i], value);
    }
    rows++;
    return size - start;
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
      case BYTES -> writeBytes((byte[]) value);
      case DECIMAL, TEXT, JSON, ENUM, ARRAY, OTHER -> writeString((String) value);
    }
  }

  private void writeUuid(UUID uuid) {
    writeFixed(Long.reverseBytes(uuid.getMostSignificantBits()), 8);
    writeFixed(Long.reverseBytes(uuid.getLeastSignificantBits()), 8);
  }

  private void writeBytes(byte[] bytes) {
    writeLong(bytes.length);
    ensure(bytes.length);
    System.arraycopy(bytes, 0, buffer, size, bytes.length);
    size += bytes.length;
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
        writeBytes(text.getBytes(StandardCharsets.UTF_8));
        return;
      }
      buffer[at++] = (byte) c;
    }
    size = at;
  }

  private void writeByte(int value) {
    ensure(1);
    buffer[size++] = (byte) value;
  }

  /** The low bytes of a value, least significant first, as Avro has its floats. */
  private void writeFixed(long value, int bytes) {
    ensure(bytes);
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
