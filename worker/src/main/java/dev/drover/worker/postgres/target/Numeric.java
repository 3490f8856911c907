package dev.drover.worker.postgres.target;

/**
 * Decimals in the binary form of PostgreSQL's numeric: the number of digits to the base 10,000, the
 * weight of the first, the sign, how many decimal digits stand behind the point, then the digits,
 * 16 bits each. The form is that of numeric_recv in the server's source.
 */
final class Numeric {
  private static final int NEGATIVE = 0x4000;
  private static final int NAN = 0xC000;
  private static final int INFINITY = 0xD000;
  private static final int MINUS_INFINITY = 0xF000;

  /** No sign that the server knows: it refuses the value, as it would refuse the text. */
  private static final int INVALID = 0x1000;

  private static final int GROUP = 4;

  private Numeric() {}

  /** Appends length and value of a decimal in plain notation, as the wire has it. Hot. */
  static void append(byte[] text, int from, int to, CopyBuffer out) {
    int at = from;
    boolean negative = at < to && text[at] == '-';
    if (negative || (at < to && text[at] == '+')) {
      at++;
    }
    int point = to;
    for (int i = at; i < to; i++) {
      int c = text[i];
      if (c == '.' && point == to) {
        point = i;
      } else if (c < '0' || c > '9') {
        special(text, from, to, out);
        return;
      }
    }
    int scale = Math.max(0, to - point - 1);
    if (point - at + scale == 0) {
      special(text, from, to, out);
      return;
    }
    while (at < point && text[at] == '0') {
      at++;
    }
    number(text, at, point, scale, negative, out);
  }

  /** Digits of which the first, if there is one before the point, is not zero. */
  private static void number(
      byte[] text, int first, int point, int scale, boolean negative, CopyBuffer out) {
    int whole = point - first;
    int wholeGroups = (whole + GROUP - 1) / GROUP;
    int groups = wholeGroups + (scale + GROUP - 1) / GROUP;
    int lengthAt = out.length();
    out.int4(0);
    out.int8(0);
    int weight = wholeGroups - 1;
    int written = 0;
    int significant = 0;
    for (int group = 0; group < groups; group++) {
      int digit = digit(text, point, scale, whole, group - wholeGroups);
      if (written == 0 && digit == 0) {
        weight--;
        continue;
      }
      out.int2(digit);
      written++;
      if (digit != 0) {
        significant = written;
      }
    }
    out.truncate(lengthAt + 12 + 2 * significant);
    out.int4At(lengthAt, 8 + 2 * significant);
    out.int2At(lengthAt + 4, significant);
    out.int2At(lengthAt + 6, significant == 0 ? 0 : weight);
    out.int2At(lengthAt + 8, negative && significant > 0 ? NEGATIVE : 0);
    out.int2At(lengthAt + 10, scale);
  }

  /**
   * The digit to the base 10,000 of a group: groups are counted from the point, those before it
   * negative.
   */
  private static int digit(byte[] text, int point, int scale, int whole, int group) {
    int digit = 0;
    int start = group * GROUP;
    for (int i = start; i < start + GROUP; i++) {
      int decimal = 0;
      if (i < 0 && i + whole >= 0) {
        decimal = text[point + i] - '0';
      } else if (i >= 0 && i < scale) {
        decimal = text[point + 1 + i] - '0';
      }
      digit = digit * 10 + decimal;
    }
    return digit;
  }

  private static void special(byte[] text, int from, int to, CopyBuffer out) {
    String name = new String(text, from, to - from, java.nio.charset.StandardCharsets.US_ASCII);
    out.int4(8);
    out.int2(0);
    out.int2(0);
    out.int2(
        switch (name) {
          case "NaN" -> NAN;
          case "Infinity" -> INFINITY;
          case "-Infinity" -> MINUS_INFINITY;
          default -> INVALID;
        });
    out.int2(0);
  }
}
