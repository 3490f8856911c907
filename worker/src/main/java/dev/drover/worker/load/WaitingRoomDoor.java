package dev.drover.worker.load;

import dev.drover.wire.queues.WaitingRoom;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.stage.StageContext;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Lets records that lack their parent into the waiting room, while it has room. Thread-safe. */
final class WaitingRoomDoor {
  private static final String STALL = "waiting room";

  private final StageContext context;
  private final Patience patience;

  /** When all that was refused has come again, here or elsewhere; null if nothing was. */
  private @Nullable Instant until;

  WaitingRoomDoor(StageContext context) {
    this.context = context;
    this.patience = new Patience(context.stalls());
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
      comesAgain(WaitingRoom.LONGEST_PAUSE);
      context.stalls().begin(STALL, "WaitingRoomFull", full(batches()));
    }
    return entered;
  }

  /** Says how long something rests that was refused. */
  synchronized void comesAgain(Duration pause) {
    Instant then = context.clock().instant().plus(pause.multipliedBy(2));
    Instant known = until;
    until = known == null || then.isAfter(known) ? then : known;
  }

  /** Whether it is by their number that no more batches are let in. */
  private boolean batches() throws InterruptedException {
    return patience.ask(
        "read how full the waiting room is",
        () ->
            WaitingRoom.hasMostBatches(
                context
                    .nats()
                    .jetStreamManagement()
                    .getStreamInfo(context.names().waitingStream())));
  }

  private String full(boolean batches) {
    return "the waiting room is full of records that lack a parent, and those of stage %s that come now are tried again from the queue. It goes on by itself when the parents come; %s"
        .formatted(
            context.stage(),
            batches
                ? "it has the %d batches that it may have, and more bytes would not change that"
                    .formatted(WaitingRoom.MOST_BATCHES)
                : "raise spec.queues.maxBytes to give it more room");
  }

  /** Takes the stall back when nothing was refused for a while. */
  synchronized void look() {
    Instant then = until;
    if (then != null && context.clock().instant().isAfter(then)) {
      reopen();
    }
  }

  private synchronized void reopen() {
    until = null;
    context.stalls().over(STALL);
  }
}
