package dev.drover.worker.load;

import dev.drover.wire.queues.WaitingRoom;
import dev.drover.worker.stage.StageContext;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Lets records that lack their parent into the waiting room, while it has room. Thread-safe. */
final class WaitingRoomDoor {
  private static final String STALL = "waiting room";

  /** What was refused has come again by then, or is with another worker. */
  private static final Duration FORGET = WaitingRoom.LONGEST_PAUSE.multipliedBy(2);

  private final StageContext context;
  private volatile @Nullable Instant refused;

  WaitingRoomDoor(StageContext context) {
    this.context = context;
  }

  /** Puts a batch of records that wait into the room; false if that is full. */
  boolean enter(HeldBatch waiting) throws InterruptedException {
    boolean entered =
        context
            .publisher()
            .publishIfRoom(
                context.names().waitingSubject(context.stage()),
                waiting.headers().toHeaders(),
                waiting.rows().bytes(),
                context.stage() + "/" + waiting.headers().id());
    if (entered) {
      reopen();
    } else {
      refused = context.clock().instant();
      context.stalls().begin(STALL, "WaitingRoomFull", full());
    }
    return entered;
  }

  private String full() {
    return "the waiting room of stage %s is full of records that lack a parent, and those that come now are tried again from the queue. It goes on by itself when the parents come; raise spec.queues.maxBytes to give it more room"
        .formatted(context.stage());
  }

  /** Takes the stall back when nothing was refused for a while. */
  void look() {
    Instant last = refused;
    if (last != null && context.clock().instant().isAfter(last.plus(FORGET))) {
      reopen();
    }
  }

  private void reopen() {
    refused = null;
    context.stalls().over(STALL);
  }
}
