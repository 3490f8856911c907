package dev.drover.wire.schema;

import java.math.BigDecimal;
import java.util.Optional;

/**
 * The limits that a column's type sets to its values beyond their form: digits and lengths. What a
 * source gave is within them; what people write need not be. Pure.
 */
public final class Limits {
  private static final int MICRO_DIGITS = 6;

  private Limits() {}

  /**
   * What a value breaks, for people, such as {@code has more than 2 digits after the point}; empty
   * if it breaks nothing. Domains and types without a limit are not looked into.
   *
   * @param value in the form that {@link ColumnType} has
   */
  public static Optional<String> broken(Column column, Object value) {
    NativeType type = NativeType.of(column.nativeType());
    if (type.array() || type.modifiers().isEmpty()) {
      return Optional.empty();
    }
    return switch (type.base()) {
      case "numeric" -> number((String) value, type);
      case "character varying", "character" -> text((String) value, type);
      case "time without time zone", "timestamp without time zone", "timestamp with time zone" ->
          time((Long) value, type);
      default -> Optional.empty();
    };
  }

  private static Optional<String> number(String value, NativeType type) {
    BigDecimal number;
    try {
      number = new BigDecimal(value).stripTrailingZeros();
    } catch (NumberFormatException e) {
      return Optional.empty(); // NaN and the infinities
    }
    int whole = type.modifiers().getFirst() - type.scale();
    if (number.scale() > type.scale()) {
      return Optional.of("has more than %d digits after the point".formatted(type.scale()));
    }
    return number.signum() != 0 && (long) number.precision() - number.scale() > whole
        ? Optional.of("has more than %d digits before the point".formatted(whole))
        : Optional.empty();
  }

  private static Optional<String> text(String value, NativeType type) {
    String counted = type.base().equals("character") ? value.stripTrailing() : value;
    int most = type.modifiers().getFirst();
    return counted.codePointCount(0, counted.length()) > most
        ? Optional.of("is longer than %d characters".formatted(most))
        : Optional.empty();
  }

  private static Optional<String> time(long micros, NativeType type) {
    boolean finite = micros != Long.MAX_VALUE && micros != Long.MIN_VALUE;
    long unit = (long) Math.pow(10, Math.max(0, MICRO_DIGITS - type.scale()));
    return finite && micros % unit != 0
        ? Optional.of("has more than %d digits of a second".formatted(type.scale()))
        : Optional.empty();
  }
}
