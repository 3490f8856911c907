package dev.drover.operator.schedule;

import com.cronutils.model.Cron;
import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.parser.CronParser;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.api.v1alpha1.Stage.Window;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** When a stage may run, and how fast, by its windows. Pure. */
public final class Windows {
  private static final CronParser PARSER =
      new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));

  /**
   * What is wrong with a window.
   *
   * @param field start or timeZone
   * @param message what to write instead
   */
  public record Problem(String field, String message) {}

  private Windows() {}

  /** What is wrong with a window; empty if it will open some day. */
  public static Optional<Problem> problem(Window window, Instant now) {
    ZoneId zone;
    try {
      zone = zone(window);
    } catch (DateTimeException e) {
      return Optional.of(
          new Problem(
              "timeZone",
              "there is no time zone "
                  + window.timeZone()
                  + "; write one of the IANA database, such as Europe/Berlin or UTC"));
    }
    try {
      return new Openings(cron(window), zone).next(now).isPresent()
          ? Optional.empty()
          : Optional.of(
              new Problem(
                  "start", "\"" + window.start() + "\" never comes: the window would never open"));
    } catch (IllegalArgumentException e) {
      return Optional.of(
          new Problem(
              "start",
              "\""
                  + window.start()
                  + "\" is no cron expression of five fields (minute, hour, day of month, month,"
                  + " day of week): "
                  + e.getMessage()));
    }
  }

  /** Whether a stage may run: always, unless it has windows to run in and none is open. */
  public static boolean mayRun(Stage.Scale scale, Instant now) {
    List<Window> toRun =
        scale.windows().stream().filter(w -> w.maxRecordsPerSecond() == null).toList();
    return toRun.isEmpty() || toRun.stream().anyMatch(w -> open(w, now));
  }

  /** When the next window to run in opens; empty if that is not known. */
  public static Optional<ZonedDateTime> nextRun(Stage.Scale scale, Instant now) {
    return scale.windows().stream()
        .filter(w -> w.maxRecordsPerSecond() == null)
        .flatMap(w -> openings(w).next(now).stream())
        .min(Comparator.comparing(ZonedDateTime::toInstant));
  }

  /** The most records a second of a stage now; 0 for no limit. */
  public static long recordsPerSecond(Stage.Scale scale, Instant now) {
    long least = Long.MAX_VALUE;
    @Nullable Long always = scale.maxRecordsPerSecond();
    if (always != null) {
      least = always;
    }
    for (Window window : scale.windows()) {
      Long slower = window.maxRecordsPerSecond();
      if (slower != null && slower < least && open(window, now)) {
        least = slower;
      }
    }
    return least == Long.MAX_VALUE ? 0 : least;
  }

  private static boolean open(Window window, Instant now) {
    return openings(window)
        .last(now)
        .filter(opened -> opened.plus(Duration.ofMinutes(window.durationMinutes())).isAfter(now))
        .isPresent();
  }

  private static Openings openings(Window window) {
    return new Openings(cron(window), zone(window));
  }

  private static Cron cron(Window window) {
    if (window.start().contains("|")) { // parsed as several, which nobody can look ahead in
      throw new IllegalArgumentException("it has several expressions: give each its own window");
    }
    return PARSER.parse(window.start()).validate();
  }

  private static ZoneId zone(Window window) {
    return ZoneId.of(Objects.requireNonNull(window.timeZone()));
  }
}
