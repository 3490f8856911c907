package dev.drover.operator.chain;

import java.time.Duration;
import java.time.Instant;

/**
 * Watches a load stage that has nothing left but records that wait, for a whole round over them
 * that brings nothing. Immutable.
 *
 * @param decisions decisions of the stage when the round began
 * @param deliveries deliveries of its waiting room when the round began
 * @param since when it began
 */
record WaitingWatch(long decisions, long deliveries, Instant since) {
  private static final Duration LONG_ENOUGH = Duration.ofSeconds(10);

  static WaitingWatch start(Standing s, Instant now) {
    return new WaitingWatch(s.decisions(), s.backlog().waitingDeliveries(), now);
  }

  /** What this becomes by what is seen now: a round begins anew with every decision. */
  WaitingWatch next(Standing s, Instant now) {
    return onlyWaits(s) && s.decisions() == decisions ? this : start(s, now);
  }

  /**
   * Whether the round is over and brought nothing: each message was tried twice, for the first try
   * may have begun before the last decision.
   */
  boolean over(Standing s, Instant now) {
    return onlyWaits(s)
        && s.decisions() == decisions
        && !now.isBefore(since.plus(LONG_ENOUGH))
        && s.backlog().waitingDeliveries() - deliveries >= 2 * s.backlog().waiting();
  }

  /** Whether nothing is left for the stage but what waits. */
  static boolean onlyWaits(Standing s) {
    return s.upstreamDone()
        && s.decided() == s.promised()
        && s.backlog().retries() == 0
        && s.backlog().queued() == 0
        && s.backlog().waiting() > 0;
  }
}
