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
import java.time.zone.ZoneRules;
import java.util.Comparator;
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
    ZoneRules rules = zone.getRules();
    ZoneOffsetTransition coming = rules.nextTransition(now);
    return Stream.of(
            times().nextExecution(now.atZone(zone)),
            skipped(coming).map(i -> i.atZone(zone)),
            again(coming, now),
            again(rules.previousTransition(now.plusNanos(1)), now))
        .flatMap(Optional::stream)
        .min(Comparator.comparing(ZonedDateTime::toInstant));
  }

  /** The first start after a moment in an hour that comes for the second time. */
  private Optional<ZonedDateTime> again(@Nullable ZoneOffsetTransition change, Instant now) {
    if (change == null || !change.isOverlap()) {
      return Optional.empty();
    }
    Instant from = change.getInstant().isAfter(now) ? change.getInstant().minusNanos(1) : now;
    return times()
        .nextExecution(from.atOffset(change.getOffsetAfter()).atZoneSimilarLocal(ZoneOffset.UTC))
        .filter(start -> start.toLocalDateTime().isBefore(change.getDateTimeBefore()))
        .map(
            start -> ZonedDateTime.ofLocal(start.toLocalDateTime(), zone, change.getOffsetAfter()));
  }

  /** The instant of a change of the clock if it skips a start, or one is just then. */
  private Optional<Instant> skipped(@Nullable ZoneOffsetTransition change) {
    if (change == null || !change.isGap() || everyHour()) {
      return Optional.empty();
    }
    // In the time that the clock would have shown; no hour is missing in UTC.
    ZonedDateTime before = change.getDateTimeBefore().minusSeconds(1).atZone(ZoneOffset.UTC);
    return times()
        .nextExecution(before)
        .filter(start -> !start.toLocalDateTime().isAfter(change.getDateTimeAfter()))
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
