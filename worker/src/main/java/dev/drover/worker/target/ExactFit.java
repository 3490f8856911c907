package dev.drover.worker.target;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the values that a column would take and silently change: a database rounds a number to its
 * column's scale, a time to its precision, and cuts spaces that are too many. Pure.
 */
final class ExactFit {
  private static final Pattern NUMERIC = Pattern.compile("numeric\\(\\d+,(-?\\d+)\\)");
  private static final Pattern VARCHAR = Pattern.compile("character varying\\((\\d+)\\)");
  private static final Pattern TIMED =
      Pattern.compile("time(?:stamp)?\\(([0-6])\\) with(?:out)? time zone");
  private static final long MICROS_OF_DAY = 86_400_000_000L;

  private ExactFit() {}

  /**
   * Which values of a field a column would change; empty if it changes none, which is usual.
   *
   * <p>Of the digits of a binary fraction those count that it is printed with: 0.1 stays 0.1.
   */
  static Optional<Predicate<Object>> changed(Column field, TargetColumn column) {
    if (field.nativeType().equals(column.nativeType())) {
      return Optional.empty();
    }
    return switch (field.type()) {
      case DECIMAL, REAL, DOUBLE, SMALLINT, INTEGER, BIGINT -> number(field, column);
      case TEXT -> text(field, column);
      case TIMESTAMP, TIMESTAMPTZ -> instant(column);
      case TIME -> precision(column).map(ExactFit::finerThan);
      default -> Optional.empty();
    };
  }

  private static Optional<Predicate<Object>> number(Column field, TargetColumn column) {
    return switch (column.type()) {
      case DECIMAL -> decimal(field, column);
      case DOUBLE ->
          field.type() == ColumnType.DECIMAL || field.type() == ColumnType.BIGINT
              ? Optional.of(v -> !same(v.toString(), Double.toString(asDouble(v))))
              : Optional.empty();
      case REAL ->
          field.type() == ColumnType.SMALLINT
              ? Optional.empty()
              : Optional.of(v -> !same(v.toString(), Float.toString((float) asDouble(v))));
      default -> Optional.empty();
    };
  }

  private static Optional<Predicate<Object>> decimal(Column field, TargetColumn column) {
    Optional<Integer> scale = group(NUMERIC, column.nativeType());
    int brought =
        switch (field.type()) {
          case SMALLINT, INTEGER, BIGINT -> 0;
          default -> group(NUMERIC, field.nativeType()).orElse(Integer.MAX_VALUE);
        };
    return scale
        .filter(most -> brought > most)
        .map(most -> value -> hasMoreDigits(value.toString(), most));
  }

  private static Optional<Predicate<Object>> text(Column field, TargetColumn column) {
    if (column.type() == ColumnType.DECIMAL) {
      return group(NUMERIC, column.nativeType())
          .map(most -> value -> hasMoreDigits(((String) value).strip(), most));
    }
    // A fixed-length string's padding is not part of its value.
    return field.nativeType().startsWith("character(")
        ? Optional.empty()
        : group(VARCHAR, column.nativeType())
            .map(most -> value -> hasSpacesBehind((String) value, most));
  }

  private static Optional<Predicate<Object>> instant(TargetColumn column) {
    return switch (column.type()) {
      case DATE ->
          Optional.of(value -> isFinite((Long) value) && (Long) value % MICROS_OF_DAY != 0);
      case TIMESTAMP, TIMESTAMPTZ -> precision(column).map(ExactFit::finerThan);
      default -> Optional.empty();
    };
  }

  private static Optional<Integer> precision(TargetColumn column) {
    return group(TIMED, column.nativeType()).filter(digits -> digits < 6);
  }

  private static Predicate<Object> finerThan(int digits) {
    long unit = (long) Math.pow(10, 6 - digits);
    return value -> isFinite((Long) value) && (Long) value % unit != 0;
  }

  private static boolean isFinite(long micros) {
    return micros != Long.MAX_VALUE && micros != Long.MIN_VALUE;
  }

  /** Anything else that is too long the server refuses by itself. */
  private static boolean hasSpacesBehind(String text, int most) {
    return text.length() > most
        && text.codePointCount(0, text.length()) > most
        && text.substring(text.offsetByCodePoints(0, most)).chars().allMatch(c -> c == ' ');
  }

  /** What is no number is the server's to refuse. */
  private static boolean hasMoreDigits(String number, int scale) {
    int dot = number.indexOf('.');
    boolean plain = scale >= 0 && number.indexOf('e') < 0 && number.indexOf('E') < 0;
    if (plain && (dot < 0 || number.length() - dot - 1 <= scale)) {
      return false;
    }
    try {
      return new BigDecimal(number).stripTrailingZeros().scale() > scale;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static double asDouble(Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    try {
      return Double.parseDouble(value.toString());
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  private static boolean same(String printed, String kept) {
    try {
      return new BigDecimal(printed).compareTo(new BigDecimal(kept)) == 0;
    } catch (NumberFormatException e) {
      // NaN and infinities stay what they are; a number that becomes infinite the server refuses.
      return true;
    }
  }

  private static Optional<Integer> group(Pattern pattern, String type) {
    Matcher matcher = pattern.matcher(type);
    return matcher.matches() ? Optional.of(Integer.valueOf(matcher.group(1))) : Optional.empty();
  }
}
