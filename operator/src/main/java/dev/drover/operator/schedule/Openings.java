package dev.drover.operator.schedule;

import com.cronutils.model.Cron;
import com.cronutils.model.field.CronFieldName;
import com.cronutils.model.time.ExecutionTime;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * When a cron expression opens in a time zone. A start within the hour that a clock put forward
 * skips is the instant after it, as Vixie's cron has it: an hour that is named is meant to come
 * each day. Where every hour is meant ({@code *}), the one that is not there is left out. Starts in
 * an hour that comes twice come twice. Immutable.
 */
record Openings(Cron cron, ZoneId zone) {

  /** The last that is not after a moment. */
  Optional<Instant> last(Instant now) {
    // Cron looks for openings before a moment, and in whole seconds: those up to now are before the
    // second after the one that now is in.
    ZonedDateTime next = now.truncatedTo(ChronoUnit.SECONDS).plusSeconds(1).atZone(zone);
    return Stream.concat(
            times().lastExecution(next).map(ZonedDateTime::toInstant).stream(),
            skipped(zone.getRules().previousTransition(next.toInstant())).stream())
        .max(Instant::compareTo);
  }

  /** The first after a moment. */
  Optional<ZonedDateTime> next(Instant now) {
    return Stream.concat(
            times().nextExecution(now.atZone(zone)).stream(),
            skipped(zone.getRules().nextTransition(now)).map(i -> i.atZone(zone)).stream())
        .min(ZonedDateTime::compareTo);
  }

  /** The instant of a change of the clock if it skips a start. */
  private Optional<Instant> skipped(@Nullable ZoneOffsetTransition change) {
    if (change == null || !change.isGap() || everyHour()) {
      return Optional.empty();
    }
    // In the time that the clock would have shown; no hour is missing in UTC.
    ZonedDateTime before = change.getDateTimeBefore().minusSeconds(1).atZone(ZoneOffset.UTC);
    return times()
        .nextExecution(before)
        .filter(start -> start.toLocalDateTime().isBefore(change.getDateTimeAfter()))
        .map(start -> change.getInstant());
  }

  private boolean everyHour() {
    return Objects.requireNonNull(cron.retrieveFieldsAsMap().get(CronFieldName.HOUR))
        .getExpression()
        .asString()
        .startsWith("*");
  }

  private ExecutionTime times() {
    return ExecutionTime.forCron(cron);
  }
}
