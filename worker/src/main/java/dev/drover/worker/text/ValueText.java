package dev.drover.worker.text;

import dev.drover.wire.schema.ColumnType;
import java.math.BigDecimal;
import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Values as PostgreSQL's own text: {@link #append} writes what the server would print by a cast to
 * text in a session whose text forms are fixed (ISO dates, UTC, shortest exact floats, hex bytes),
 * and {@link #parse} reads it back. Values are of the class that {@link ColumnType} names for their
 * type, and never null here.
 */
public final class ValueText {
  private static final char[] HEX = "0123456789abcdef".toCharArray();
  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,6})?");

  /** Most digits that the server's numeric takes before and after the point. */
  private static final int DIGITS_BEFORE_POINT = 131_072;

  private static final int DIGITS_AFTER_POINT = 16_383;

  private ValueText() {}

  /** A value's text. */
  public static String render(ColumnType type, Object value) {
    return switch (type) {
      case TEXT, DECIMAL, JSON, ENUM, ARRAY, OTHER -> (String) value;
      case SMALLINT, INTEGER -> Integer.toString((Integer) value);
      case BIGINT -> Long.toString((Long) value);
      case BOOLEAN -> ((Boolean) value) ? "true" : "false";
      case UUID -> value.toString();
      default -> {
        StringBuilder out = new StringBuilder(32);
        append(out, type, value);
        yield out.toString();
      }
    };
  }

  /**
   * Appends a value's text, unescaped.
   *
   * @throws ClassCastException if the value is not of the type's class
   */
  public static void append(StringBuilder out, ColumnType type, Object value) {
    switch (type) {
      case TEXT, DECIMAL, JSON, ENUM, ARRAY, OTHER -> out.append((String) value);
      case SMALLINT, INTEGER -> out.append((int) (Integer) value);
      case BIGINT -> out.append((long) (Long) value);
      case BOOLEAN -> out.append((boolean) (Boolean) value);
      case REAL -> FloatText.append(out, (float) (Float) value);
      case DOUBLE -> FloatText.append(out, (double) (Double) value);
      case BYTES -> appendHex(out, (byte[]) value);
      case DATE -> DateTimeText.appendDate(out, (Integer) value);
      case TIME -> DateTimeText.appendTime(out, (Long) value);
      case TIMESTAMP -> DateTimeText.appendTimestamp(out, (Long) value, "");
      case TIMESTAMPTZ -> DateTimeText.appendTimestamp(out, (Long) value, "+00");
      case UUID -> out.append((UUID) value);
    }
  }

  /**
   * The value that a text stands for; the inverse of {@link #render}. Beyond the server's own form,
   * dates with times may be ISO-8601 ({@code T} between, {@code Z} for UTC). Nothing is guessed: no
   * rounding, no default zone.
   *
   * @throws UnreadableTextException if the text is no value of the type
   */
  public static Object parse(ColumnType type, String text) {
    return switch (type) {
      case TEXT, JSON, ENUM, ARRAY, OTHER -> withoutNul(type, text);
      case BOOLEAN -> parseBoolean(text);
      case SMALLINT -> (int) parseInteger(type, text, Short.MIN_VALUE, Short.MAX_VALUE);
      case INTEGER -> (int) parseInteger(type, text, Integer.MIN_VALUE, Integer.MAX_VALUE);
      case BIGINT -> parseInteger(type, text, Long.MIN_VALUE, Long.MAX_VALUE);
      case REAL -> FloatText.parseFloat(text);
      case DOUBLE -> FloatText.parseDouble(text);
      case DECIMAL -> parseDecimal(text);
      case BYTES -> parseHex(text);
      case DATE -> new DateTimeText(type, text).date();
      case TIME -> new DateTimeText(type, text).time();
      case TIMESTAMP -> new DateTimeText(type, text).timestamp();
      case TIMESTAMPTZ -> new DateTimeText(type, text).timestamp();
      case UUID -> parseUuid(text);
    };
  }

  private static void appendHex(StringBuilder out, byte[] bytes) {
    out.ensureCapacity(out.length() + 2 + 2 * bytes.length);
    out.append("\\x");
    for (byte b : bytes) {
      out.append(HEX[(b >> 4) & 15]).append(HEX[b & 15]);
    }
  }

  private static String withoutNul(ColumnType type, String text) {
    if (text.indexOf('\0') >= 0) {
      throw new UnreadableTextException(type, "text without the character NUL");
    }
    return text;
  }

  private static Boolean parseBoolean(String text) {
    return switch (text) {
      case "true", "t" -> true;
      case "false", "f" -> false;
      default -> throw new UnreadableTextException(ColumnType.BOOLEAN, "true or false");
    };
  }

  private static long parseInteger(ColumnType type, String text, long min, long max) {
    try {
      long value = Long.parseLong(text);
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // The message below says it better.
    }
    throw new UnreadableTextException(type, "a whole number from " + min + " to " + max);
  }

  private static String parseDecimal(String text) {
    switch (text) {
      case "NaN", "Infinity", "-Infinity" -> {
        return text;
      }
      default -> {}
    }
    if (text.length() <= 2 * DIGITS_BEFORE_POINT && DECIMAL.matcher(text).matches()) {
      BigDecimal value = new BigDecimal(text);
      if (value.scale() <= DIGITS_AFTER_POINT
          && (long) value.precision() - value.scale() <= DIGITS_BEFORE_POINT) {
        return (value.scale() < 0 ? value.setScale(0) : value).toPlainString();
      }
    }
    throw new UnreadableTextException(
        ColumnType.DECIMAL, "a decimal number, NaN, Infinity or -Infinity");
  }

  private static byte[] parseHex(String text) {
    try {
      if (text.startsWith("\\x")) {
        return HexFormat.of().parseHex(text, 2, text.length());
      }
    } catch (IllegalArgumentException e) {
      // The message below says it better.
    }
    throw new UnreadableTextException(ColumnType.BYTES, "\\x and pairs of hex digits");
  }

  private static UUID parseUuid(String text) {
    try {
      UUID uuid = UUID.fromString(text);
      // Groups that are too long are cut where they are read, and others are filled up.
      if (uuid.toString().equalsIgnoreCase(text)) {
        return uuid;
      }
    } catch (IllegalArgumentException e) {
      // The message below says it better.
    }
    throw new UnreadableTextException(ColumnType.UUID, "hex digits in the form 8-4-4-4-12");
  }
}
