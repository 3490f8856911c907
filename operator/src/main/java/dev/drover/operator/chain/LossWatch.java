package dev.drover.operator.chain;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Notices a stage whose batches are nowhere: promised, not decided, and not in its queue. Since the
 * three numbers are read one after the other, this must hold for a while with nothing decided.
 * Immutable.
 *
 * @param stage the stage that looks so; null if none does
 * @param decided what it had decided
 * @param since since when
 */
record LossWatch(@Nullable String stage, long decided, Instant since) {
  private static final Duration LONG_ENOUGH = Duration.ofSeconds(10);

  static final LossWatch NOTHING = new LossWatch(null, 0, Instant.EPOCH);

  /**
   * What this becomes by what is seen now.
   *
   * @param closed stages whose queues take nothing: what they promised may wait to be published
   */
  LossWatch next(Collection<Standing> standings, Set<String> closed, Instant now) {
    Optional<Standing> lost =
        standings.stream()
            .filter(LossWatch::looksLost)
            .filter(s -> !closed.contains(String.valueOf(s.stage().from())))
            .findFirst();
    if (lost.isEmpty()) {
      return NOTHING;
    }
    LossWatch seen = new LossWatch(lost.get().stage().name(), lost.get().decided(), now);
    return seen.stage != null && seen.stage.equals(stage) && seen.decided == decided ? this : seen;
  }

  /** The stage whose batches are lost, if that is certain. */
  @Nullable Standing certain(Collection<Standing> standings, Instant now) {
    return stage == null || now.isBefore(since.plus(LONG_ENOUGH))
        ? null
        : standings.stream().filter(s -> s.stage().name().equals(stage)).findFirst().orElse(null);
  }

  private static boolean looksLost(Standing s) {
    return s.stage().from() != null
        && s.upstreamIdle()
        && s.decided() < s.promised()
        && s.backlog().messages() == 0;
  }
}
