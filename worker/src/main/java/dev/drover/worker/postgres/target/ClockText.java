package dev.drover.worker.postgres.target;

import dev.drover.wire.schema.ColumnType;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a text says of dates and times, as far as it takes to see what a column would drop of it.
 * PostgreSQL's input functions read many forms, and pass over what their type does not hold: the
 * time in a date, the zone in a timestamp, the date in a time. Texts that they refuse may be read
 * either way here. Pure.
 */
final class ClockText {
  private static final Pattern TIME =
      Pattern.compile("(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d*))?)?");
  private static final Pattern COMPACT =
      Pattern.compile(
          "(?:\\d{8}|\\d{4}-\\d{2}-\\d{2})[t ]\\s*t?(\\d{2})(\\d{2})(?:(\\d{2})(?:[.,](\\d*))?)?(?!\\d)");
  private static final Pattern FRACTION = Pattern.compile("\\d[.,](\\d+)");
  private static final Pattern WORD = Pattern.compile("\\p{Alpha}+");
  private static final Pattern PLUS_ZONE = Pattern.compile("\\d\\+\\d[\\d:]*\\s*$");
  private static final Pattern NO_OFFSET = Pattern.compile("[+-]0[0:]*");

  /** Each of these is another date tomorrow. */
  private static final Set<String> MOVING = Set.of("now", "today", "tomorrow", "yesterday");

  private static final Set<String> UTC = Set.of("z", "utc", "gmt", "zulu");
  private static final Set<String> NO_ZONE =
      Set.of("am", "pm", "bc", "ad", "t", "at", "etc", "epoch", "infinity");

  private static final Set<String> DATE_WORDS =
      Set.of(
          "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sun",
          "mon", "tue", "wed", "thu", "fri", "sat");

  private final String text;
  private final Matcher time;
  private final boolean timed;
  private final String before;
  private final String after;

  private ClockText(String text) {
    this.text = text;
    Matcher compact = COMPACT.matcher(text);
    boolean compacted = compact.find();
    this.time = compacted ? compact : TIME.matcher(text);
    this.timed = compacted || time.find();
    this.before = timed ? text.substring(0, compacted ? time.start(1) : time.start()) : text;
    this.after = timed ? text.substring(time.end()) : "";
  }

  /**
   * Whether a column would drop a part of what a text says, or round it.
   *
   * @param to a date, time or timestamp
   * @param digits how many digits of a second it keeps
   */
  static boolean isChanged(String text, ColumnType to, int digits) {
    ClockText clock = new ClockText(text.strip().toLowerCase(Locale.ROOT));
    return clock.isMoving()
        || switch (to) {
          case DATE -> clock.timed && !clock.isMidnight();
          case TIME -> clock.isFinerThan(digits) || clock.hasZone() || clock.hasDate();
          case TIMESTAMP -> clock.isFinerThan(digits) || clock.hasZone();
          case TIMESTAMPTZ -> clock.isFinerThan(digits);
          default -> false;
        };
  }

  /** The same of a column that keeps a time and its zone. */
  static boolean isTimeChanged(String text, int digits) {
    ClockText clock = new ClockText(text.strip().toLowerCase(Locale.ROOT));
    return clock.isMoving() || clock.isFinerThan(digits) || clock.hasDate();
  }

  /** Whether some fraction in a text, such as of an interval's seconds, has more digits. */
  static boolean isFiner(String text, int digits) {
    return FRACTION
        .matcher(text)
        .results()
        .map(fraction -> fraction.group(1))
        .anyMatch(f -> f.length() > digits && !isZero(f.substring(digits)));
  }

  private boolean isMoving() {
    return WORD.matcher(text).results().anyMatch(word -> MOVING.contains(word.group()));
  }

  private boolean isMidnight() {
    int hour = Integer.parseInt(time.group(1));
    boolean first = hour == 0 || hour == 12 && after.strip().startsWith("am");
    return first && isZero(time.group(2)) && isZero(time.group(3)) && isZero(time.group(4));
  }

  private static boolean isZero(String digits) {
    return digits == null || digits.chars().allMatch(c -> c == '0');
  }

  private boolean isFinerThan(int digits) {
    String fraction = timed ? time.group(4) : null;
    if (fraction == null) {
      return !timed && isFiner(text, digits);
    }
    return fraction.length() > digits && !isZero(fraction.substring(digits));
  }

  private boolean hasDate() {
    return timed && before.chars().anyMatch(Character::isLetterOrDigit);
  }

  private boolean hasZone() {
    if (!timed) {
      Matcher plus = PLUS_ZONE.matcher(text);
      boolean offset =
          plus.find() && !NO_OFFSET.matcher(plus.group().substring(1).strip()).matches();
      return offset || text.chars().anyMatch(Character::isDigit) && hasZoneName(text);
    }
    return hasZoneName(before) || hasZoneName(after) || hasOffset();
  }

  private static boolean hasZoneName(String part) {
    return WORD.matcher(part)
        .results()
        .map(word -> word.group())
        .anyMatch(
            word ->
                !UTC.contains(word)
                    && !NO_ZONE.contains(word)
                    && !DATE_WORDS.contains(word.substring(0, Math.min(3, word.length()))));
  }

  private boolean hasOffset() {
    String offset = after.strip();
    return !offset.isEmpty()
        && (offset.charAt(0) == '+' || offset.charAt(0) == '-')
        && !NO_OFFSET.matcher(offset.split("\\s", 2)[0]).matches();
  }
}
