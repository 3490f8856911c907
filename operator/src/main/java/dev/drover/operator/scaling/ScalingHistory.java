package dev.drover.operator.scaling;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What scaling remembers of a migration between two decisions. Losing it takes nobody away who may
 * have work, but costs hesitation: until each worker has done three batches, a few seconds where
 * they are fast, nobody is missed by it, and more are added only as far as the most that a worker
 * may do calls for. Immutable.
 *
 * <p>Time is counted in seconds that scaling has seen pass, a few at most between two decisions: so
 * neither a clock that is set nor an operator that was away makes a timer run out or a rate absurd.
 *
 * @param last when the last decision was made; null before the first
 * @param seconds how long scaling has watched
 * @param stages what is remembered of each stage
 */
public record ScalingHistory(
    @Nullable Instant last, double seconds, Map<String, StageHistory> stages) {
  /** Of a migration that is seen for the first time. */
  public static final ScalingHistory NONE = new ScalingHistory(null, 0, Map.of());

  /** Decisions are seconds apart; rates over a longer gap would mix two worlds. */
  private static final Duration LONGEST_GAP = Duration.ofSeconds(30);

  public ScalingHistory {
    stages = Map.copyOf(stages);
  }

  /** Whether the time since the last decision can be believed. */
  boolean continuous(Instant now) {
    return last != null
        && !now.isBefore(last)
        && Duration.between(last, now).compareTo(LONGEST_GAP) <= 0;
  }

  /** The seconds at a decision. */
  double at(Instant now) {
    return last != null && continuous(now)
        ? seconds + Duration.between(last, now).toNanos() / 1e9
        : seconds;
  }
}
