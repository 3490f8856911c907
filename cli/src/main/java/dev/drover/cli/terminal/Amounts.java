package dev.drover.cli.terminal;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Numbers and times for people. */
public final class Amounts {
  /** Shown where there is nothing to show. */
  public static final String NONE = "-";

  private Amounts() {}

  /** A count with its thousands apart: 1,234,567. */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** A count with its noun: 1 record, 2 records. */
  public static String count(long count, String noun) {
    return count(count) + " " + noun + (count == 1 ? "" : "s");
  }

  /** Records a second; {@link #NONE} if it is not known. */
  public static String rate(@Nullable Double perSecond) {
    return perSecond == null ? NONE : count(Math.round(perSecond)) + "/s";
  }

  /** How long ago something was, as kubectl shows ages: 5m, 3h, 12d. */
  public static String age(@Nullable String instant, Instant now) {
    if (instant == null) {
      return NONE;
    }
    try {
      return duration(Duration.between(Instant.parse(instant), now));
    } catch (DateTimeParseException e) {
      return Printable.line(instant);
    }
  }

  /** A duration in its largest unit; the next one, too, while the first is small. */
  public static String duration(Duration duration) {
    long seconds = Math.max(0, duration.toSeconds());
    if (seconds < 120) {
      return seconds + "s";
    }
    long minutes = seconds / 60;
    if (minutes < 10) {
      return minutes + "m" + (seconds % 60 == 0 ? "" : seconds % 60 + "s");
    }
    if (minutes < 180) {
      return minutes + "m";
    }
    long hours = minutes / 60;
    return hours < 48 ? hours + "h" : hours / 24 + "d";
  }
}
