package dev.drover.worker.rules;

import dev.cel.common.values.CelByteString;
import dev.cel.common.values.NullValue;
import dev.drover.wire.schema.ColumnType;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalTime;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How the result of an expression is kept in a column. Never wraps, cuts or guesses: what a
 * column's type cannot hold exactly is a {@link RuleFailure}. The one exception is real, which
 * rounds to its own precision as the database would.
 */
final class WireForm {
  private static final Pattern UUID_TEXT =
      Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");
  private static final long SECONDS_PER_DAY = 86_400;

  private WireForm() {}

  /**
   * A result as the value of a column.
   *
   * @param cel a value of the CEL type that {@link CelForm#typeOf} names for the column's type
   * @return of the class that {@link ColumnType} fixes
   * @throws RuleFailure if the column's type cannot hold it
   */
  static @Nullable Object of(ColumnType type, Object cel) {
    if (cel instanceof NullValue) {
      return null;
    }
    try {
      return kept(type, cel);
    } catch (ClassCastException e) {
      // By dyn(...) an expression can give another type than its own.
      throw new RuleFailure("a value of another type than the expression's");
    }
  }

  private static Object kept(ColumnType type, Object cel) {
    return switch (type) {
      case SMALLINT -> (int) within((Long) cel, Short.MIN_VALUE, Short.MAX_VALUE, "smallint");
      case INTEGER -> (int) within((Long) cel, Integer.MIN_VALUE, Integer.MAX_VALUE, "integer");
      case REAL -> real((Double) cel);
      case BIGINT -> (Long) cel;
      case DOUBLE -> (Double) cel;
      case BOOLEAN -> (Boolean) cel;
      case TEXT, JSON, ENUM, ARRAY, OTHER -> (String) cel;
      case BYTES -> ((CelByteString) cel).toByteArray();
      case DECIMAL -> ((Decimal) cel).text();
      case UUID -> uuid((String) cel);
      case TIME -> time((String) cel);
      case DATE -> cel instanceof BeyondTime beyond ? beyond(type, beyond) : date((Instant) cel);
      case TIMESTAMP, TIMESTAMPTZ ->
          cel instanceof BeyondTime beyond ? beyond(type, beyond) : micros((Instant) cel);
    };
  }

  private static long within(long number, long least, long greatest, String type) {
    if (number < least || number > greatest) {
      throw new RuleFailure("a number outside of the range of " + type);
    }
    return number;
  }

  private static Float real(double number) {
    float nearest = (float) number;
    if (Float.isInfinite(nearest) && !Double.isInfinite(number)) {
      throw new RuleFailure("a number outside of the range of real");
    }
    return nearest;
  }

  private static UUID uuid(String text) {
    if (!UUID_TEXT.matcher(text).matches()) {
      throw new RuleFailure("a text that is no uuid");
    }
    return UUID.fromString(text);
  }

  private static Long time(String text) {
    if (text.equals("24:00:00")) {
      return SECONDS_PER_DAY * 1_000_000;
    }
    try {
      long nanos = LocalTime.parse(text).toNanoOfDay();
      if (nanos % 1000 == 0) {
        return nanos / 1000;
      }
    } catch (DateTimeException e) {
      throw new RuleFailure("a text that is no time of day, HH:MM:SS");
    }
    throw new RuleFailure("a time of day finer than a microsecond");
  }

  private static Integer date(Instant instant) {
    if (instant.getNano() != 0 || Math.floorMod(instant.getEpochSecond(), SECONDS_PER_DAY) != 0) {
      throw new RuleFailure("a timestamp that is not midnight, for a date");
    }
    return (int) (instant.getEpochSecond() / SECONDS_PER_DAY);
  }

  private static Long micros(Instant instant) {
    if (instant.getNano() % 1000 != 0) {
      throw new RuleFailure("a timestamp finer than a microsecond");
    }
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), 1_000_000L), instant.getNano() / 1000);
  }

  private static Object beyond(ColumnType type, BeyondTime time) {
    if ((type == ColumnType.DATE) != (time.type() == ColumnType.DATE)) {
      throw new RuleFailure(BeyondTime.TEXT);
    }
    return time.wire();
  }
}
