package dev.drover.worker.text;

import dev.drover.wire.schema.ColumnType;
import java.util.regex.Pattern;

/**
 * Floating-point numbers in the server's layout: the fewest digits that give the same number back,
 * plain between 1e-4 and 1e15 (1e6 for four bytes), else {@code d.ddde±xx}. In rare ties, and for
 * the smallest numbers, the server and Java choose other digits; both texts mean the same number.
 */
final class FloatText {
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
  private static final Pattern ZERO = Pattern.compile("[+-]?[0.]+([eE].*)?");

  private FloatText() {}

  static void append(StringBuilder out, double value) {
    long whole = (long) value;
    if (whole == value && whole != 0 && Math.abs(whole) < 1_000_000_000_000_000L) {
      out.append(whole);
    } else {
      layOut(out, Double.toString(value), 15);
    }
  }

  static void append(StringBuilder out, float value) {
    int whole = (int) value;
    if (whole == value && whole != 0 && Math.abs(whole) < 1_000_000) {
      out.append(whole);
    } else {
      layOut(out, Float.toString(value), 6);
    }
  }

  static Double parseDouble(String text) {
    return switch (text) {
      case "NaN" -> Double.NaN;
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default -> {
        requireNumber(ColumnType.DOUBLE, text);
        double value = Double.parseDouble(text);
        requireRange(ColumnType.DOUBLE, text, Double.isInfinite(value), value == 0);
        yield value;
      }
    };
  }

  static Float parseFloat(String text) {
    return switch (text) {
      case "NaN" -> Float.NaN;
      case "Infinity" -> Float.POSITIVE_INFINITY;
      case "-Infinity" -> Float.NEGATIVE_INFINITY;
      default -> {
        requireNumber(ColumnType.REAL, text);
        float value = Float.parseFloat(text);
        requireRange(ColumnType.REAL, text, Float.isInfinite(value), value == 0);
        yield value;
      }
    };
  }

  /** Lays Java's shortest digits out as the server does. */
  private static void layOut(StringBuilder out, String java, int plainBelowExponent) {
    int at = 0;
    if (java.charAt(0) == '-') {
      out.append('-');
      at = 1;
    }
    if (!Character.isDigit(java.charAt(at))) {
      out.append(java, at, java.length());
      return;
    }
    int e = java.indexOf('E', at);
    int end = e < 0 ? java.length() : e;
    int point = java.indexOf('.', at);
    String digits = java.substring(at, point) + java.substring(point + 1, end);
    int exponent = point - at - 1 + (e < 0 ? 0 : Integer.parseInt(java, e + 1, java.length(), 10));
    int first = 0;
    while (first < digits.length() && digits.charAt(first) == '0') {
      first++;
    }
    if (first == digits.length()) {
      out.append('0');
      return;
    }
    int last = digits.length();
    while (digits.charAt(last - 1) == '0') {
      last--;
    }
    String significant = digits.substring(first, last);
    exponent -= first;
    if (exponent >= -4 && exponent < plainBelowExponent) {
      appendPlain(out, significant, exponent);
    } else {
      appendScientific(out, significant, exponent);
    }
  }

  private static void appendPlain(StringBuilder out, String digits, int exponent) {
    if (exponent < 0) {
      out.append("0.").repeat('0', -exponent - 1).append(digits);
    } else if (digits.length() <= exponent + 1) {
      out.append(digits).repeat('0', exponent + 1 - digits.length());
    } else {
      out.append(digits, 0, exponent + 1).append('.').append(digits, exponent + 1, digits.length());
    }
  }

  private static void appendScientific(StringBuilder out, String digits, int exponent) {
    out.append(digits.charAt(0));
    if (digits.length() > 1) {
      out.append('.').append(digits, 1, digits.length());
    }
    int size = Math.abs(exponent);
    out.append(exponent < 0 ? "e-" : "e+").append(size < 10 ? "0" : "").append(size);
  }

  private static void requireNumber(ColumnType type, String text) {
    if (!NUMBER.matcher(text).matches()) {
      throw new UnreadableTextException(type, "a number, NaN, Infinity or -Infinity");
    }
  }

  private static void requireRange(ColumnType type, String text, boolean infinite, boolean zero) {
    if (infinite || (zero && !ZERO.matcher(text).matches())) {
      throw new UnreadableTextException(type, "a number within the type's range");
    }
  }
}
