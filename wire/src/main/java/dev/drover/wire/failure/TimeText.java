package dev.drover.wire.failure;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

/** Dates and times as ISO-8601 text, and {@code infinity} and {@code -infinity}, both ways. */
final class TimeText {
  private static final long DAY_MICROS = 86_400_000_000L;
  private static final String END_OF_DAY = "24:00";

  private TimeText() {}

  static String date(int days) {
    return switch (days) {
      case Integer.MAX_VALUE -> "infinity";
      case Integer.MIN_VALUE -> "-infinity";
      default -> LocalDate.ofEpochDay(days).toString();
    };
  }

  static int parseDate(String text) {
    return switch (text) {
      case "infinity" -> Integer.MAX_VALUE;
      case "-infinity" -> Integer.MIN_VALUE;
      default -> Math.toIntExact(LocalDate.parse(text).toEpochDay());
    };
  }

  static String time(long micros) {
    return micros == DAY_MICROS ? END_OF_DAY : LocalTime.ofNanoOfDay(micros * 1000).toString();
  }

  static long parseTime(String text) {
    return text.matches(END_OF_DAY + "(:00(\\.0+)?)?")
        ? DAY_MICROS
        : wholeMicros(LocalTime.parse(text).toNanoOfDay()) / 1000;
  }

  static String timestamp(long micros) {
    return infinite(micros) ? infinity(micros) : local(micros).toString();
  }

  static long parseTimestamp(String text) {
    return isInfinity(text)
        ? parseInfinity(text)
        : micros(LocalDateTime.parse(text.replace(' ', 'T')).toInstant(ZoneOffset.UTC));
  }

  static String instant(long micros) {
    return infinite(micros) ? infinity(micros) : local(micros).toInstant(ZoneOffset.UTC).toString();
  }

  static long parseInstant(String text) {
    return isInfinity(text)
        ? parseInfinity(text)
        : micros(OffsetDateTime.parse(text.replace(' ', 'T')).toInstant());
  }

  private static LocalDateTime local(long micros) {
    long seconds = Math.floorDiv(micros, 1_000_000L);
    int nanos = (int) Math.floorMod(micros, 1_000_000L) * 1000;
    return LocalDateTime.ofEpochSecond(seconds, nanos, ZoneOffset.UTC);
  }

  private static long micros(Instant instant) {
    wholeMicros(instant.getNano());
    return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
  }

  /** What no record can hold is not cut off. */
  private static long wholeMicros(long nanos) {
    if (nanos % 1000 != 0) {
      throw new IllegalArgumentException("more than 6 digits of a second");
    }
    return nanos;
  }

  private static boolean infinite(long micros) {
    return micros == Long.MAX_VALUE || micros == Long.MIN_VALUE;
  }

  private static String infinity(long micros) {
    return micros > 0 ? "infinity" : "-infinity";
  }

  private static boolean isInfinity(String text) {
    return text.equals("infinity") || text.equals("-infinity");
  }

  private static long parseInfinity(String text) {
    return text.startsWith("-") ? Long.MIN_VALUE : Long.MAX_VALUE;
  }
}
