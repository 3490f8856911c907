package dev.drover.worker.rules;

import dev.cel.common.types.CelType;
import dev.cel.common.types.NullableType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.values.CelByteString;
import dev.cel.common.values.NullValue;
import dev.drover.wire.schema.ColumnType;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How the values of a column look to CEL. Integers are int; real and double are double; dates and
 * timestamps, with and without zone, are timestamps (a local one is read as UTC); decimals are
 * {@link Decimal}; bytes are bytes; all else is its text, a uuid in its canonical form and a time
 * as {@code HH:MM:SS}, with six more digits if it has a fraction. {@code null} is CEL's null.
 */
final class CelForm {
  private static final long MICROS_PER_SECOND = 1_000_000;
  private static final long FIRST_SECOND = Instant.parse("0001-01-01T00:00:00Z").getEpochSecond();
  private static final long LAST_SECOND = Instant.parse("9999-12-31T23:59:59Z").getEpochSecond();

  private CelForm() {}

  /** The CEL type of a column's values that are not null. */
  static CelType typeOf(ColumnType type) {
    return switch (type) {
      case SMALLINT, INTEGER, BIGINT -> SimpleType.INT;
      case REAL, DOUBLE -> SimpleType.DOUBLE;
      case BOOLEAN -> SimpleType.BOOL;
      case BYTES -> SimpleType.BYTES;
      case DATE, TIMESTAMP, TIMESTAMPTZ -> SimpleType.TIMESTAMP;
      case DECIMAL -> Decimal.TYPE;
      case TEXT, JSON, ENUM, ARRAY, OTHER, UUID, TIME -> SimpleType.STRING;
    };
  }

  /**
   * The type of which null is a value too. CEL's checker takes null for a timestamp, a duration and
   * any opaque type as they are, and has no nullable form of them.
   */
  static CelType nullable(CelType type) {
    return switch (type.kind()) {
      case TIMESTAMP, DURATION, OPAQUE -> type;
      default -> NullableType.create(type);
    };
  }

  /**
   * A value of a column as CEL sees it.
   *
   * @param wire of the class that {@link ColumnType} fixes
   */
  static Object of(ColumnType type, @Nullable Object wire) {
    if (wire == null) {
      return NullValue.NULL_VALUE;
    }
    return switch (type) {
      case SMALLINT, INTEGER -> ((Integer) wire).longValue();
      case REAL -> ((Float) wire).doubleValue();
      case BIGINT, DOUBLE, BOOLEAN, TEXT, JSON, ENUM, ARRAY, OTHER -> wire;
      case BYTES -> CelByteString.of((byte[]) wire);
      case DECIMAL -> Decimal.parse((String) wire);
      case UUID -> ((UUID) wire).toString();
      case TIME -> time((Long) wire);
      case DATE -> date((Integer) wire);
      case TIMESTAMP, TIMESTAMPTZ -> timestamp(type, (Long) wire);
    };
  }

  private static Object date(Integer days) {
    long second = Math.multiplyExact((long) days, 86_400L);
    return representable(second)
        ? Instant.ofEpochSecond(second)
        : new BeyondTime(ColumnType.DATE, days);
  }

  private static Object timestamp(ColumnType type, Long micros) {
    long second = Math.floorDiv(micros, MICROS_PER_SECOND);
    return representable(second)
        ? Instant.ofEpochSecond(second, Math.floorMod(micros, MICROS_PER_SECOND) * 1000)
        : new BeyondTime(type, micros);
  }

  private static boolean representable(long second) {
    return second >= FIRST_SECOND && second <= LAST_SECOND;
  }

  private static String time(long micros) {
    long second = micros / MICROS_PER_SECOND;
    long fraction = micros % MICROS_PER_SECOND;
    StringBuilder text = new StringBuilder(15);
    digits(text, second / 3600, 2).append(':');
    digits(text, second / 60 % 60, 2).append(':');
    digits(text, second % 60, 2);
    return fraction == 0 ? text.toString() : digits(text.append('.'), fraction, 6).toString();
  }

  private static StringBuilder digits(StringBuilder text, long number, int width) {
    String digits = Long.toString(number);
    return text.repeat('0', width - digits.length()).append(digits);
  }
}
