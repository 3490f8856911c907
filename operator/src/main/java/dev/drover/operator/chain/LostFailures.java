package dev.drover.operator.chain;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Notices a stage whose failed records are nowhere: counted by its decisions, and not in the error
 * queue. A message leaves that only after a decision that counts its record otherwise, and comes
 * before its batch is acknowledged, so that fewer messages than failed records are lost ones as
 * long as nobody works on a batch. Since the numbers are read one after the other, this must hold
 * for a while with nothing decided. What is certain stays so until the messages are there again.
 * Immutable.
 *
 * @param stage the stage that looks so; null if none does
 * @param failed how many failed records it counted when nobody worked on a batch last
 * @param queued how many messages the error queue had of it then
 * @param decisions decisions of the stage then
 * @param since since when
 * @param certain whether that was long enough
 */
record LostFailures(
    @Nullable String stage,
    long failed,
    long queued,
    long decisions,
    Instant since,
    boolean certain) {
  private static final Duration LONG_ENOUGH = Duration.ofSeconds(10);

  static final LostFailures NONE = new LostFailures(null, 0, 0, 0, Instant.EPOCH, false);

  /**
   * What this becomes by what is seen now.
   *
   * @param standings read after the queues and before the error queue
   * @param queued messages in the error queue, by stage
   */
  LostFailures next(Collection<Standing> standings, Map<String, Long> queued, Instant now) {
    if (certain) {
      Optional<Standing> mine =
          standings.stream().filter(s -> s.stage().name().equals(stage)).findFirst();
      if (mine.isPresent() && mine.get().backlog().inFlight() > 0) {
        return this;
      }
      if (mine.isPresent() && looksLost(mine.get(), queued)) {
        return of(mine.get(), queued, since, true);
      }
    }
    Optional<Standing> lost = standings.stream().filter(s -> looksLost(s, queued)).findFirst();
    if (lost.isEmpty()) {
      return NONE;
    }
    LostFailures seen = of(lost.get(), queued, now, false);
    return seen.looksAs(this) ? of(lost.get(), queued, since, isLongEnough(now)) : seen;
  }

  private boolean looksAs(LostFailures before) {
    return stage != null
        && stage.equals(before.stage)
        && failed == before.failed
        && queued == before.queued
        && decisions == before.decisions;
  }

  private boolean isLongEnough(Instant now) {
    return !now.isBefore(since.plus(LONG_ENOUGH));
  }

  private static LostFailures of(
      Standing s, Map<String, Long> queued, Instant since, boolean certain) {
    return new LostFailures(
        s.stage().name(),
        s.counts().failed(),
        queued.getOrDefault(s.stage().name(), 0L),
        s.decisions(),
        since,
        certain);
  }

  private static boolean looksLost(Standing s, Map<String, Long> queued) {
    return s.backlog().inFlight() == 0
        && s.counts().failed() > queued.getOrDefault(s.stage().name(), 0L);
  }
}
