package dev.drover.worker.redrive;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import io.nats.client.Connection;
import java.io.IOException;
import java.time.Clock;

/**
 * What a Redrive's worker works with.
 *
 * @param uid the Redrive's
 * @param patience asks until NATS answers
 * @param maxRecordBytes the most bytes that a record may have to be sent
 * @param batchBytes about how many bytes a batch may have
 */
public record RedriveContext(
    String uid,
    Connection nats,
    ChainNames names,
    StateStore state,
    Journal journal,
    Publisher publisher,
    Patience patience,
    Clock clock,
    int maxRecordBytes,
    int batchBytes) {
  /** Room that a message's headers may take beside its records. */
  private static final int RESERVE = 64 * 1024;

  private static final int BATCH = 512 * 1024;

  /** Over a connection of its own. */
  public static RedriveContext of(
      String uid, Connection nats, ChainNames names, StateStore state, Stalls stalls, Clock clock)
      throws IOException {
    int most = Math.toIntExact(nats.getMaxPayload() - RESERVE);
    return new RedriveContext(
        uid,
        nats,
        names,
        state,
        new Journal(nats, names),
        new Publisher(nats.jetStream(), stalls),
        new Patience(stalls),
        clock,
        most,
        Math.min(BATCH, most));
  }
}
