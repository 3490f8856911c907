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
  /** Nothing in the room rests longer than half of it, so that all was tried in between. */
  private static final Duration LONG_ENOUGH = WaitingRoom.LONGEST_PAUSE.multipliedBy(2);

  /** The same for what the room has no place for. */
  private static final Duration LONG_ENOUGH_OUTSIDE = WaitingRoom.LONGEST_REST.multipliedBy(2);

  static WaitingWatch start(Standing s, Instant now) {
    return new WaitingWatch(s.decisions(), s.backlog().trials(), now);
  }

  /** What this becomes by what is seen now: a round begins anew with every decision. */
  WaitingWatch next(Standing s, Instant now) {
    return inVain(s) && s.decisions() == decisions ? this : start(s, now);
  }

  /**
   * Whether the round is over and brought nothing: each message was tried twice, for the first try
   * may have begun before the last decision. Messages that were never delivered make no difference
   * where in all that time none of them was: those that come again leave no room for them.
   */
  boolean over(Standing s, Instant now) {
    List<Trials> tried = s.backlog().trials();
    boolean allInRoom = onlyWaits(s) && s.backlog().queued() == 0 && allDelivered(s);
    Duration longEnough = allInRoom ? LONG_ENOUGH : LONG_ENOUGH_OUTSIDE;
    return inVain(s)
        && s.decisions() == decisions
        && !now.isBefore(since.plus(longEnough))
        && triedTwice(tried);
  }

  private boolean triedTwice(List<Trials> now) {
    return now.size() == trials.size()
        && IntStream.range(0, now.size()).allMatch(i -> triedTwice(trials.get(i), now.get(i)));
  }

  private static boolean triedTwice(Trials then, Trials now) {
    boolean noneNew = now.left() == 0 || (now.taken() > 0 && now.reached() == then.reached());
    return noneNew && now.deliveries() - then.deliveries() >= 2 * now.taken();
  }

  /** Whether what waits is tried in vain for as long as nobody gives it up. */
  static boolean inVain(Standing s) {
    return onlyWaits(s) || blocked(s);
  }

  /**
   * Whether a round of giving up that was begun goes on: to its end where nothing else is left;
   * else a room that was full lets somebody in with the first decision, and what others wait for
   * may come behind.
   */
  boolean goesOn(Standing s) {
    return onlyWaits(s)
        || (blocked(s) && (s.decisions() == decisions || (s.upstreamDone() && allDelivered(s))));
  }

  private static boolean allDelivered(Standing s) {
    return s.backlog().trials().stream().allMatch(t -> t.left() == 0);
  }

  /**
   * Whether nothing is left for the stage but what waits, in the room or in the queue, which keeps
   * what the room has no place for.
   */
  private static boolean onlyWaits(Standing s) {
    return s.upstreamDone()
        && s.decided() == s.promised()
        && s.backlog().retries() == 0
        && s.backlog().queued() + s.backlog().waiting() > 0;
  }

  /**
   * Whether what waits may keep out what it waits for: the waiting room is full, and nothing more
   * can come to the queue.
   */
  private static boolean blocked(Standing s) {
    return s.backlog().roomFull() && (s.backlog().inputFull() || s.upstreamDone());
  }
}
