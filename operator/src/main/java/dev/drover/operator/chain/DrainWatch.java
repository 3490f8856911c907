package dev.drover.operator.chain;

import java.time.Duration;
import java.time.Instant;

/**
 * Whether a stage that is to be drained ever will be, as it seems: it tells of a stall, and none of
 * what it has left got less for a while. That holds until the stall is over. Immutable.
 *
 * @param stage the one that is watched
 * @param left messages that it had left
 * @param since since when it has had as many
 * @param stands whether it stood still for long enough
 */
record DrainWatch(String stage, long left, Instant since, boolean stands) {
  /** Longer than a database takes to be started again, or a lock is waited for. */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  static final DrainWatch NOTHING = new DrainWatch("", 0, Instant.EPOCH, false);

  /** The same after a look at a stage that tells of a stall. */
  DrainWatch next(Leftovers.Left seen, Instant now) {
    boolean same = stage.equals(seen.stage());
    if (same && stands) {
      return this;
    }
    boolean still = same && seen.messages() >= left;
    Instant from = still ? since : now;
    return new DrainWatch(seen.stage(), seen.messages(), from, !from.plus(PATIENCE).isAfter(now));
  }
}
