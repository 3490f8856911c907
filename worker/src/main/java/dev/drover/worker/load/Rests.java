package dev.drover.worker.load;

import dev.drover.wire.queues.WaitingRoom;
import java.time.Duration;

/**
 * How long batches rest that the waiting room has no place for. The server delivers what comes
 * again before what is new, and the parents may be in that. So while most of what comes from the
 * queue came before and there is new behind it, they rest longer, twice as long each time; as soon
 * as nothing is behind, no longer than those in the room. Thread-safe.
 */
final class Rests {
  /** Deliveries that are looked at together. */
  private static final int SAMPLE = 16;

  private int seen;
  private int again;
  private int doublings;

  /**
   * Takes note of a delivery from the queue.
   *
   * @param deliveries how often that message was delivered, this time included
   * @param behind messages of the queue that were never delivered
   */
  synchronized void came(long deliveries, long behind) {
    seen++;
    again += deliveries > 1 ? 1 : 0;
    if (behind == 0) {
      doublings = 0;
    }
    if (seen == SAMPLE) {
      if (behind > 0) {
        int change = 2 * again > SAMPLE ? 1 : -1;
        doublings = Math.clamp(doublings + change, 0, WaitingRoom.MOST_DOUBLINGS);
      }
      seen = 0;
      again = 0;
    }
  }

  /** How long a batch rests that was delivered so often. */
  synchronized Duration next(long deliveries) {
    return WaitingRoom.pause(deliveries, doublings);
  }
}
