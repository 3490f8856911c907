package dev.drover.worker.source;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Turns tuples of PostgreSQL's binary COPY format into rows: a 16-bit count of fields, then for
 * each its 32-bit length (−1 is null) and bytes, all big-endian. Dates count from 2000-01-01 there
 * and from 1970-01-01 here. This is the hot path of extraction: no boxing twice, no buffers
 * between.
 */
final class TupleDecoder {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final int DAYS_TO_2000 = 10_957;
  private static final long MICROS_TO_2000 = DAYS_TO_2000 * 86_400_000_000L;

  private final List<Column> columns;
  private final ColumnType[] types;
  private final boolean positioned;
  private long position = -1;

  /**
   * A decoder of a table's tuples.
   *
   * @param positioned whether the row's physical position comes before its columns
   */
  TupleDecoder(RecordSchema schema, boolean positioned) {
    this.columns = schema.columns();
    this.types = columns.stream().map(Column::type).toArray(ColumnType[]::new);
    this.positioned = positioned;
  }

  /** Whether values of a type are selected as text because they have no simple binary form. */
  static boolean isText(ColumnType type) {
    return switch (type) {
      case DECIMAL, JSON, ENUM, ARRAY, OTHER -> true;
      default -> false;
    };
  }

  /** Physical position of the last tuple: its block in the upper bits, its item in the lower 16. */
  long position() {
    return position;
  }

  /**
   * The values of the tuple that begins at an offset of a message and ends with it, or null if it
   * is the mark that ends the data.
   *
   * @throws SQLException if a value cannot be had exactly, or the table is no longer as planned
   */
  @Nullable Object @Nullable [] decode(byte[] message, int offset) throws SQLException {
    int fields = (short) SHORT.get(message, offset);
    if (fields < 0) {
      return null;
    }
    if (fields != types.length + (positioned ? 1 : 0)) {
      throw new SQLException("a tuple of " + fields + " fields was not asked for", "08P01");
    }
    int at = offset + 2;
    if (positioned) {
      at += 4;
      position =
          ((int) INT.get(message, at) & 0xFFFF_FFFFL) << 16
              | ((short) SHORT.get(message, at + 4) & 0xFFFF);
      at += 6;
    }
    @Nullable Object[] values = new @Nullable Object[types.length];
    for (int i = 0; i < types.length; i++) {
      int length = (int) INT.get(message, at);
      at += 4;
      if (length >= 0) {
        values[i] = value(i, message, at, length);
        at += length;
      }
    }
    return values;
  }

  private Object value(int column, byte[] message, int at, int length) throws SQLException {
    switch (types[column]) {
      case TEXT, DECIMAL, JSON, ENUM, ARRAY, OTHER -> {
        return text(column, message, at, length);
      }
      case BIGINT -> {
        require(column, length, 8);
        return (long) LONG.get(message, at);
      }
      case INTEGER -> {
        require(column, length, 4);
        return (int) INT.get(message, at);
      }
      case SMALLINT -> {
        require(column, length, 2);
        return (int) (short) SHORT.get(message, at);
      }
      case BOOLEAN -> {
        require(column, length, 1);
        return message[at] != 0;
      }
      case DOUBLE -> {
        require(column, length, 8);
        return Double.longBitsToDouble((long) LONG.get(message, at));
      }
      case REAL -> {
        require(column, length, 4);
        return Float.intBitsToFloat((int) INT.get(message, at));
      }
      case TIMESTAMP, TIMESTAMPTZ -> {
        require(column, length, 8);
        return timestamp(column, (long) LONG.get(message, at));
      }
      case DATE -> {
        require(column, length, 4);
        int day = (int) INT.get(message, at);
        boolean infinite = day == Integer.MAX_VALUE || day == Integer.MIN_VALUE;
        return infinite ? day : day + DAYS_TO_2000;
      }
      case TIME -> {
        require(column, length, 8);
        return (long) LONG.get(message, at);
      }
      case UUID -> {
        require(column, length, 16);
        return new UUID((long) LONG.get(message, at), (long) LONG.get(message, at + 8));
      }
      case BYTES -> {
        return Arrays.copyOfRange(message, at, at + length);
      }
    }
    throw new IllegalStateException("no such type: " + types[column]);
  }

  /** The server's last years, from 294247 on, are beyond microseconds since 1970 in 64 bits. */
  private Long timestamp(int column, long since2000) throws SQLException {
    if (since2000 == Long.MAX_VALUE || since2000 == Long.MIN_VALUE) {
      return since2000;
    }
    if (since2000 >= Long.MAX_VALUE - MICROS_TO_2000) {
      throw new SQLException(
          "column %s: a timestamp after the year 294246 cannot be carried"
              .formatted(columns.get(column).name()),
          "22008");
    }
    return since2000 + MICROS_TO_2000;
  }

  private String text(int column, byte[] message, int at, int length) throws SQLException {
    String text = new String(message, at, length, StandardCharsets.UTF_8);
    if (text.indexOf('\uFFFD') >= 0 && !isExact(text, message, at, length)) {
      throw new SQLException(
          "column %s: a text is not valid UTF-8; the source's encoding does not say what it means"
              .formatted(columns.get(column).name()),
          "22021");
    }
    return text;
  }

  private static boolean isExact(String text, byte[] message, int at, int length) {
    byte[] again = text.getBytes(StandardCharsets.UTF_8);
    return Arrays.equals(again, 0, again.length, message, at, at + length);
  }

  private void require(int column, int length, int expected) throws SQLException {
    if (length != expected) {
      throw new SQLException(
          "column %s is no longer of type %s: plan again"
              .formatted(columns.get(column).name(), columns.get(column).nativeType()),
          "42804");
    }
  }
}
