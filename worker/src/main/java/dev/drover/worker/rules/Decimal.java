package dev.drover.worker.rules;

import dev.cel.common.types.OpaqueType;
import dev.cel.common.values.OpaqueValue;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/**
 * The CEL type {@code decimal}: an exact number, or one of {@code NaN}, {@code Infinity} and {@code
 * -Infinity}, which can be carried, printed and tested for equality but not calculated with.
 * Immutable.
 *
 * <p>Equal by value, not by scale: {@code 1.5} is {@code 1.50}. Sums, differences and products are
 * exact. A quotient has 34 significant digits, or as many as the dividend if that has more, rounded
 * half to even; an exact quotient that fits is exact. A remainder has the sign of the dividend.
 * Nothing passes through floating point.
 *
 * <p>Every operation throws {@link RuleFailure} for operands that are no numbers, for division by
 * zero, and for results outside of what PostgreSQL's {@code numeric} holds (131072 digits before
 * the point, 16383 after it).
 */
final class Decimal extends OpaqueValue {
  /** The type's name in expressions and messages. */
  static final OpaqueType TYPE = OpaqueType.create("decimal");

  private static final int MAX_INTEGER_DIGITS = 131072;
  private static final int MAX_SCALE = 16383;

  private final @Nullable BigDecimal number;
  private final String special;

  private Decimal(@Nullable BigDecimal number, String special) {
    this.number = number;
    this.special = special;
  }

  static Decimal of(long value) {
    return new Decimal(BigDecimal.valueOf(value), "");
  }

  /**
   * Reads a number in plain or exponent notation, or one of the three specials.
   *
   * @throws RuleFailure if the text is none
   */
  static Decimal parse(String text) {
    switch (text) {
      case "NaN", "Infinity", "-Infinity" -> {
        return new Decimal(null, text);
      }
      default -> {
        try {
          return bounded(new BigDecimal(text));
        } catch (NumberFormatException e) {
          throw new RuleFailure("decimal(...) of a text that is no decimal number");
        }
      }
    }
  }

  Decimal plus(Decimal other) {
    return bounded(number().add(other.number()));
  }

  Decimal minus(Decimal other) {
    return bounded(number().subtract(other.number()));
  }

  Decimal times(Decimal other) {
    return bounded(number().multiply(other.number()));
  }

  Decimal dividedBy(Decimal other) {
    BigDecimal dividend = number();
    int digits = Math.max(MathContext.DECIMAL128.getPrecision(), dividend.precision());
    return bounded(
        dividend.divide(other.divisor(), new MathContext(digits, RoundingMode.HALF_EVEN)));
  }

  Decimal remainder(Decimal other) {
    return bounded(number().remainder(other.divisor()));
  }

  Decimal negated() {
    return new Decimal(number().negate(), "");
  }

  int compareTo(Decimal other) {
    return number().compareTo(other.number());
  }

  /** This number as a 64-bit integer; fails if it has a fraction or is out of range. */
  long toLongExact() {
    try {
      return number().longValueExact();
    } catch (ArithmeticException e) {
      throw new RuleFailure(
          "int(...) of a decimal that has a fraction or is outside of the range of an int");
    }
  }

  /** The nearest double; fails if there is no finite one. */
  double toDouble() {
    double nearest = number().doubleValue();
    if (Double.isInfinite(nearest)) {
      throw new RuleFailure("double(...) of a decimal outside of the range of a double");
    }
    return nearest;
  }

  /** Plain notation with its scale, as it travels on the wire. */
  String text() {
    return number == null ? special : number.toPlainString();
  }

  private BigDecimal number() {
    if (number == null) {
      throw new RuleFailure("calculation with a decimal that is NaN or infinite");
    }
    return number;
  }

  private BigDecimal divisor() {
    if (number().signum() == 0) {
      throw new RuleFailure("division by zero");
    }
    return number();
  }

  // A few characters such as 1e999999999 must not become gigabytes when printed.
  private static Decimal bounded(BigDecimal number) {
    if (number.scale() > MAX_SCALE
        || (long) number.precision() - number.scale() > MAX_INTEGER_DIGITS) {
      throw new RuleFailure("a decimal with more digits than numeric holds");
    }
    return new Decimal(number, "");
  }

  @Override
  public Decimal value() {
    return this;
  }

  @Override
  public OpaqueType celType() {
    return TYPE;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (!(other instanceof Decimal that) || !special.equals(that.special)) {
      return false;
    }
    return number == null || that.number == null || number.compareTo(that.number) == 0;
  }

  @Override
  public int hashCode() {
    return number == null ? special.hashCode() : number.stripTrailingZeros().hashCode();
  }

  @Override
  public String toString() {
    return text();
  }
}
