package dev.drover.wire.queues;

import io.nats.client.api.StreamInfo;
import java.time.Duration;

/** The bounds of the waiting room, where the records wait that lack a parent. Pure. */
public final class WaitingRoom {
  /** The most batches; a batch may be a single record, and each is tried by itself. */
  public static final int MOST_BATCHES = 20_000;

  /** The longest that a batch in the room rests between two tries. */
  public static final Duration LONGEST_PAUSE = Duration.ofSeconds(8);

  /** How often that pause is doubled at most for batches that found the room full. */
  public static final int MOST_DOUBLINGS = 5;

  /** The longest that a batch rests that found the room full. */
  public static final Duration LONGEST_REST = LONGEST_PAUSE.multipliedBy(1 << MOST_DOUBLINGS);

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

  private WaitingRoom() {}

  /**
   * Whether the room may refuse the next batch.
   *
   * @param maxPayload the most bytes that a message may have, which a single record may need
   */
  public static boolean isFull(StreamInfo room, long maxPayload) {
    return hasMostBatches(room)
        || QueueLayout.mayRefuse(
            room.getStreamState().getByteCount(),
            room.getConfiguration().getMaxBytes(),
            maxPayload);
  }

  /** Whether the room has as many batches as it may, whatever bytes are left. */
  public static boolean hasMostBatches(StreamInfo room) {
    long most = room.getConfiguration().getMaxMsgs();
    return most > 0 && room.getStreamState().getMsgCount() >= most;
  }

  /**
   * How long a batch rests until it is tried again: the same for all that were tried as often, so
   * that they are tried in the order in which they came.
   *
   * @param deliveries how often it was delivered, from 1
   */
  public static Duration pause(long deliveries) {
    return pause(deliveries, 0);
  }

  /**
   * The same for one that found the room full: never much longer than it has rested so far.
   *
   * @param deliveries how often it was delivered, from 1
   * @param more how often the longest pause is doubled
   */
  public static Duration pause(long deliveries, int more) {
    int doublings = (int) Math.clamp(deliveries - 1, 0, 10);
    Duration pause = FIRST_PAUSE.multipliedBy(1L << doublings);
    Duration longest = LONGEST_PAUSE.multipliedBy(1L << Math.clamp(more, 0, MOST_DOUBLINGS));
    return pause.compareTo(longest) > 0 ? longest : pause;
  }
}
