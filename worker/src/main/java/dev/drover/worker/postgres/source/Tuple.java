package dev.drover.worker.postgres.source;

import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.text.ValueText;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * One tuple of PostgreSQL's binary COPY format, found by fields: a 16-bit count of fields, then for
 * each its 32-bit length (−1 is null) and bytes, all big-endian. Dates count from 2000-01-01 there
 * and from 1970-01-01 on the wire. This is the hot path of extraction: a value goes from the
 * server's bytes to the wire's without an object between. Reusable; not thread-safe.
 */
final class Tuple {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final long NOT_ASCII = 0x8080_8080_8080_8080L;
  private static final int DAYS_TO_2000 = 10_957;
  private static final long MICROS_TO_2000 = DAYS_TO_2000 * 86_400_000_000L;

  private final List<Column> columns;
  private final ColumnType[] types;
  private final boolean positioned;
  private final boolean weighed;
  private final int[] starts;
  private final int[] lengths;
  private byte[] message = {};
  private long position = -1;
  private boolean large;

  /**
   * A place for tuples of a table.
   *
   * @param positioned whether the row's physical position comes before its columns
   * @param weighed whether it is told behind that if the row is too large, and comes without what
   *     makes it so
   */
  Tuple(RecordSchema schema, boolean positioned, boolean weighed) {
    this.weighed = weighed;
    this.columns = schema.columns();
    this.types = columns.stream().map(Column::type).toArray(ColumnType[]::new);
    this.positioned = positioned;
    this.starts = new int[types.length];
    this.lengths = new int[types.length];
  }

  /** Whether values of a type are selected as text because they have no simple binary form. */
  static boolean isText(ColumnType type) {
    return switch (type) {
      case DECIMAL, JSON, ENUM, ARRAY, OTHER -> true;
      default -> false;
    };
  }

  /** Physical position of the tuple: its block in the upper bits, its item in the lower 16. */
  long position() {
    return position;
  }

  /** Whether the row is too large to be had; then it has its key only. */
  boolean isLarge() {
    return large;
  }

  /**
   * Takes the tuple that begins at an offset of a message and ends with it.
   *
   * @param source the message; not to be changed while the tuple is in use
   * @return false if there is none but the mark that ends the data
   * @throws SQLException if a value cannot be had exactly, or the table is no longer as planned
   */
  boolean take(byte[] source, int offset) throws SQLException {
    int fields = (short) SHORT.get(source, offset);
    if (fields < 0) {
      return false;
    }
    if (fields != types.length + (positioned ? 1 : 0) + (weighed ? 1 : 0)) {
      throw new SQLException("a tuple of " + fields + " fields was not asked for", "08P01");
    }
    message = source;
    int at = offset + 2;
    if (positioned) {
      at += 4;
      position =
          ((int) INT.get(source, at) & 0xFFFF_FFFFL) << 16
              | ((short) SHORT.get(source, at + 4) & 0xFFFF);
      at += 6;
    }
    if (weighed) {
      large = source[at + 4] != 0;
      at += 5;
    }
    for (int i = 0; i < types.length; i++) {
      int length = (int) INT.get(source, at);
      at += 4;
      starts[i] = at;
      lengths[i] = length;
      if (length >= 0) {
        check(i);
        at += length;
      }
    }
    return true;
  }

  /** That the value can be carried exactly. */
  private void check(int column) throws SQLException {
    switch (types[column]) {
      case TEXT, DECIMAL, JSON, ENUM, ARRAY, OTHER -> requireText(column);
      case BIGINT, DOUBLE, TIME -> require(column, 8);
      case INTEGER, REAL, DATE -> require(column, 4);
      case SMALLINT -> require(column, 2);
      case BOOLEAN -> require(column, 1);
      case UUID -> require(column, 16);
      case TIMESTAMP, TIMESTAMPTZ -> {
        require(column, 8);
        requireTimestamp(column);
      }
      case BYTES -> {
        // Any bytes are bytes.
      }
    }
  }

  /**
   * Writes all values, in the order of the columns.
   *
   * @throws RowWriter.NullInRequiredColumnException if a column that is declared not null has none
   */
  void appendTo(RowWriter row) {
    for (int i = 0; i < types.length; i++) {
      if (lengths[i] < 0) {
        row.nothing();
      } else {
        append(i, row);
      }
    }
  }

  private void append(int column, RowWriter row) {
    int start = starts[column];
    switch (types[column]) {
      case TEXT, DECIMAL, JSON, ENUM, ARRAY, OTHER, BYTES ->
          row.bytesValue(message, start, start + lengths[column]);
      case DOUBLE -> row.fixedValue((long) LONG.get(message, start), 8);
      case REAL -> row.fixedValue((int) INT.get(message, start), 4);
      case BOOLEAN -> row.fixedValue(message[start] == 0 ? 0 : 1, 1);
      case UUID -> row.sixteenBytes(message, start);
      case SMALLINT, INTEGER, BIGINT, DATE, TIME, TIMESTAMP, TIMESTAMPTZ ->
          row.longValue(number(column));
    }
  }

  /** A value's text as {@link ValueText} has it. */
  String text(int column) {
    int start = starts[column];
    return switch (types[column]) {
      case TEXT, DECIMAL, JSON, ENUM, ARRAY, OTHER ->
          new String(message, start, lengths[column], StandardCharsets.UTF_8);
      case SMALLINT, INTEGER, BIGINT -> Long.toString(number(column));
      default -> ValueText.render(types[column], value(column));
    };
  }

  /** Where a text's bytes are, if the value is one: {@link #start} and {@link #end}. */
  boolean hasTextBytes(int column) {
    return types[column] == ColumnType.TEXT || isText(types[column]);
  }

  byte[] message() {
    return message;
  }

  int start(int column) {
    return starts[column];
  }

  int end(int column) {
    return starts[column] + lengths[column];
  }

  private Object value(int column) {
    int start = starts[column];
    return switch (types[column]) {
      case BOOLEAN -> message[start] != 0;
      case DOUBLE -> Double.longBitsToDouble((long) LONG.get(message, start));
      case REAL -> Float.intBitsToFloat((int) INT.get(message, start));
      case UUID -> new UUID((long) LONG.get(message, start), (long) LONG.get(message, start + 8));
      case BYTES -> Arrays.copyOfRange(message, start, start + lengths[column]);
      case SMALLINT, INTEGER, DATE -> (int) number(column);
      case BIGINT, TIME, TIMESTAMP, TIMESTAMPTZ -> number(column);
      case TEXT, DECIMAL, JSON, ENUM, ARRAY, OTHER -> text(column);
    };
  }

  private long number(int column) {
    int start = starts[column];
    return switch (types[column]) {
      case SMALLINT -> (short) SHORT.get(message, start);
      case INTEGER -> (int) INT.get(message, start);
      case DATE -> {
        int day = (int) INT.get(message, start);
        boolean infinite = day == Integer.MAX_VALUE || day == Integer.MIN_VALUE;
        yield infinite ? day : day + DAYS_TO_2000;
      }
      case TIMESTAMP, TIMESTAMPTZ -> {
        long micros = (long) LONG.get(message, start);
        boolean infinite = micros == Long.MAX_VALUE || micros == Long.MIN_VALUE;
        yield infinite ? micros : micros + MICROS_TO_2000;
      }
      default -> (long) LONG.get(message, start);
    };
  }

  /** The server's last years, from 294247 on, are beyond microseconds since 1970 in 64 bits. */
  private void requireTimestamp(int column) throws SQLException {
    long since2000 = (long) LONG.get(message, starts[column]);
    if (since2000 != Long.MAX_VALUE && since2000 >= Long.MAX_VALUE - MICROS_TO_2000) {
      throw new SQLException(
          "column %s: a timestamp after the year 294246 cannot be carried"
              .formatted(columns.get(column).name()),
          "22008");
    }
  }

  private void requireText(int column) throws SQLException {
    int start = starts[column];
    int length = lengths[column];
    if (isAscii(start, start + length)) {
      return;
    }
    String text = new String(message, start, length, StandardCharsets.UTF_8);
    if (text.indexOf('\uFFFD') >= 0 && !isExact(text, start, length)) {
      throw new SQLException(
          "column %s: a text is not valid UTF-8; the source's encoding does not say what it means"
              .formatted(columns.get(column).name()),
          "22021");
    }
  }

  private boolean isAscii(int from, int to) {
    int at = from;
    for (; at + 8 <= to; at += 8) {
      if (((long) LONG.get(message, at) & NOT_ASCII) != 0) {
        return false;
      }
    }
    for (; at < to; at++) {
      if (message[at] < 0) {
        return false;
      }
    }
    return true;
  }

  private boolean isExact(String text, int start, int length) {
    byte[] again = text.getBytes(StandardCharsets.UTF_8);
    return Arrays.equals(again, 0, again.length, message, start, start + length);
  }

  private void require(int column, int expected) throws SQLException {
    if (lengths[column] != expected) {
      throw new SQLException(
          "column %s is no longer of type %s: plan again"
              .formatted(columns.get(column).name(), columns.get(column).nativeType()),
          "42804");
    }
  }
}
