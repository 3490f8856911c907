package dev.drover.worker.text;

import dev.drover.wire.schema.ColumnType;

/**
 * Dates and times as text: written by static methods, read by an instance, which is a cursor over
 * one text. The calendar is proleptic Gregorian; years before 1 are written with {@code BC}.
 */
final class DateTimeText {
  private static final long SECOND = 1_000_000L;
  private static final long DAY = 86_400 * SECOND;
  private static final int[] DAYS_IN_MONTH = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

  private final ColumnType type;
  private final String text;
  private int at;

  DateTimeText(ColumnType type, String text) {
    this.type = type;
    this.text = text;
  }

  static void appendDate(StringBuilder out, int day) {
    if (day == Integer.MAX_VALUE || day == Integer.MIN_VALUE) {
      out.append(day > 0 ? "infinity" : "-infinity");
    } else {
      out.append(appendDay(out, day) ? " BC" : "");
    }
  }

  static void appendTime(StringBuilder out, long micros) {
    int second = (int) (micros / SECOND);
    appendTwo(out, second / 3600);
    appendTwo(out.append(':'), second / 60 % 60);
    appendTwo(out.append(':'), second % 60);
    int fraction = (int) (micros % SECOND);
    if (fraction != 0) {
      out.append('.');
      for (int unit = 100_000; fraction > 0; unit /= 10) {
        out.append((char) ('0' + fraction / unit));
        fraction %= unit;
      }
    }
  }

  static void appendTimestamp(StringBuilder out, long micros, String zone) {
    if (micros == Long.MAX_VALUE || micros == Long.MIN_VALUE) {
      out.append(micros > 0 ? "infinity" : "-infinity");
      return;
    }
    boolean bc = appendDay(out, Math.floorDiv(micros, DAY));
    appendTime(out.append(' '), Math.floorMod(micros, DAY));
    out.append(zone).append(bc ? " BC" : "");
  }

  /**
   * Appends year, month and day, and says whether the year is before Christ. The algorithm counts
   * in eras of 400 years beginning on 1 March (H. Hinnant, "chrono-compatible low-level date
   * algorithms").
   */
  private static boolean appendDay(StringBuilder out, long day) {
    long shifted = day + 719_468;
    long era = Math.floorDiv(shifted, 146_097L);
    int dayOfEra = (int) (shifted - era * 146_097);
    int yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
    int dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    int marchMonth = (5 * dayOfYear + 2) / 153;
    int month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
    long year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
    boolean bc = year <= 0;
    int shown = (int) (bc ? 1 - year : year);
    if (shown < 10_000) {
      appendTwo(out, shown / 100);
      appendTwo(out, shown % 100);
    } else {
      out.append(shown);
    }
    appendTwo(out.append('-'), month);
    appendTwo(out.append('-'), dayOfYear - (153 * marchMonth + 2) / 5 + 1);
    return bc;
  }

  private static void appendTwo(StringBuilder out, int value) {
    out.append((char) ('0' + value / 10)).append((char) ('0' + value % 10));
  }

  Integer date() {
    if (text.equals("infinity")) {
      return Integer.MAX_VALUE;
    }
    if (text.equals("-infinity")) {
      return Integer.MIN_VALUE;
    }
    int[] ymd = yearMonthDay();
    long day = day(era(ymd[0]), ymd[1], ymd[2]);
    if (day <= Integer.MIN_VALUE || day >= Integer.MAX_VALUE) {
      throw new UnreadableTextException(type, "a year up to 5874897");
    }
    return (int) day;
  }

  Long time() {
    long micros = timeOfDay();
    if (at != text.length()) {
      throw unreadable();
    }
    return micros;
  }

  /** With an offset from UTC if the type is an instant, without one if it isn't. */
  Long timestamp() {
    if (text.equals("infinity")) {
      return Long.MAX_VALUE;
    }
    if (text.equals("-infinity")) {
      return Long.MIN_VALUE;
    }
    int[] ymd = yearMonthDay();
    if (!accept(' ') && !accept('T')) {
      throw unreadable();
    }
    long time = timeOfDay();
    long offset = type == ColumnType.TIMESTAMPTZ ? offset() : 0;
    long day = day(era(ymd[0]), ymd[1], ymd[2]);
    try {
      long micros = Math.addExact(Math.multiplyExact(day, DAY), time - offset);
      if (micros != Long.MAX_VALUE && micros != Long.MIN_VALUE) {
        return micros;
      }
    } catch (ArithmeticException e) {
      // The message below says it better.
    }
    throw new UnreadableTextException(type, "a year up to 294246");
  }

  private int[] yearMonthDay() {
    int year = digits(4, 7);
    expect('-');
    int month = digits(2, 2);
    expect('-');
    int day = digits(2, 2);
    if (year == 0 || month < 1 || month > 12 || day < 1 || day > DAYS_IN_MONTH[month - 1]) {
      throw unreadable();
    }
    return new int[] {year, month, day};
  }

  /** The astronomical year (1 BC is 0), reading {@code BC} if it stands at the end of the text. */
  private int era(int year) {
    if (at == text.length()) {
      return year;
    }
    if (text.startsWith(" BC", at) && at + 3 == text.length()) {
      return 1 - year;
    }
    throw unreadable();
  }

  private long day(int year, int month, int day) {
    boolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month == 2 && day == 29 && !leap) {
      throw unreadable();
    }
    int marchYear = month <= 2 ? year - 1 : year;
    long era = Math.floorDiv(marchYear, 400);
    long yearOfEra = marchYear - era * 400;
    long dayOfYear = (153L * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468;
  }

  private long timeOfDay() {
    long hour = digits(2, 2);
    expect(':');
    long minute = digits(2, 2);
    long second = accept(':') ? digits(2, 2) : 0;
    long fraction = 0;
    if (accept('.')) {
      int start = at;
      fraction = digits(1, 6);
      for (int given = at - start; given < 6; given++) {
        fraction *= 10;
      }
    }
    long micros = ((hour * 60 + minute) * 60 + second) * SECOND + fraction;
    if (minute > 59 || second > 59 || micros > DAY) {
      throw unreadable();
    }
    return micros;
  }

  private long offset() {
    if (accept('Z')) {
      return 0;
    }
    int sign = accept('-') ? -1 : 1;
    if (sign > 0) {
      expect('+');
    }
    long seconds = digits(2, 2) * 3600L;
    if (accept(':')) {
      seconds += digits(2, 2) * 60L;
      seconds += accept(':') ? digits(2, 2) : 0;
    } else if (at < text.length() && text.charAt(at) != ' ') {
      seconds += digits(2, 2) * 60L;
    }
    return sign * seconds * SECOND;
  }

  private int digits(int least, int most) {
    int start = at;
    int value = 0;
    while (at < text.length() && at - start < most) {
      char c = text.charAt(at);
      if (c < '0' || c > '9') {
        break;
      }
      value = value * 10 + (c - '0');
      at++;
    }
    if (at - start < least) {
      throw unreadable();
    }
    return value;
  }

  private boolean accept(char c) {
    boolean there = at < text.length() && text.charAt(at) == c;
    at += there ? 1 : 0;
    return there;
  }

  private void expect(char c) {
    if (!accept(c)) {
      throw unreadable();
    }
  }

  private UnreadableTextException unreadable() {
    return new UnreadableTextException(
        type,
        switch (type) {
          case DATE -> "YYYY-MM-DD, with ' BC' after it before year 1, or infinity";
          case TIME -> "HH:MM:SS with up to six decimals";
          case TIMESTAMPTZ -> "YYYY-MM-DD HH:MM:SS+00 with an offset or Z, or infinity";
          default -> "YYYY-MM-DD HH:MM:SS without an offset, or infinity";
        });
  }
}
