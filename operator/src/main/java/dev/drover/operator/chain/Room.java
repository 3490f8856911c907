package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.queues.WaitingRoom;

/** The waiting room of a chain, one for all its loads. */
final class Room {
  private final NatsLink link;
  private final ChainNames names;

  Room(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** Whether it may refuse the next batch. */
  boolean full() {
    return link.call(
        "read how full the waiting room is",
        nats ->
            WaitingRoom.isFull(
                nats.jetStreamManagement().getStreamInfo(names.waitingStream()),
                link.maxPayload()));
  }
}
