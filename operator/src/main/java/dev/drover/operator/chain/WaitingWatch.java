package dev.drover.operator.chain;

import dev.drover.operator.chain.Backlog.Trials;
import dev.drover.wire.queues.WaitingRoom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Watches a load stage that can do nothing but try again what waits, for a whole round over it that
 * brings nothing. Immutable.
 *
 * @param decisions decisions of the stage when the round began
 * @param trials what was delivered of its consumers when the round began
 * @param since when it began
 */
record WaitingWatch(long decisions, List<Trials> trials, Instant since) {
  /** Nothing rests longer than half of it, so that what is tried at all was tried in between. */
  private static final Duration LONG_ENOUGH = WaitingRoom.LONGEST_PAUSE.multipliedBy(2);

  static WaitingWatch start(Standing s, Instant now) {
    return new WaitingWatch(s.decisions(), s.backlog().trials(), now);
  }

  /** What this becomes by what is seen now: a round begins anew with every decision. */
  WaitingWatch next(Standing s, Instant now) {
    return inVain(s) && s.decisions() == decisions ? this : start(s, now);
  }

  /**
   * Whether the round is over and brought nothing: each message was tried twice, for the first try
   * may have begun before the last decision.
   */
  boolean over(Standing s, Instant now) {
    return inVain(s)
        && s.decisions() == decisions
        && !now.isBefore(since.plus(LONG_ENOUGH))
        && triedTwice(s.backlog().trials());
  }

  private boolean triedTwice(List<Trials> now) {
    return now.size() == trials.size()
        && IntStream.range(0, now.size()).allMatch(i -> triedTwice(trials.get(i), now.get(i)));
  }

  private static boolean triedTwice(Trials then, Trials now) {
    return now.left() == 0 && now.deliveries() - then.deliveries() >= 2 * now.taken();
  }

  /** Whether what waits is tried in vain for as long as nobody gives it up. */
  static boolean inVain(Standing s) {
    return onlyWaits(s) || blocked(s);
  }

  /** Whether nothing is left for the stage but what waits. */
  private static boolean onlyWaits(Standing s) {
    return s.upstreamDone()
        && s.decided() == s.promised()
        && s.backlog().retries() == 0
        && s.backlog().queued() == 0
        && s.backlog().waiting() > 0;
  }

  /**
   * Whether what waits keeps out what it waits for: the waiting room is full, all that is queued
   * was delivered and would have to wait too, and nothing more can come behind it.
   */
  private static boolean blocked(Standing s) {
    return s.backlog().roomFull()
        && (s.backlog().inputFull() || s.upstreamDone())
        && s.backlog().trials().stream().allMatch(t -> t.left() == 0);
  }
}
