package dev.drover.worker.redrive;

import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RenewedRows;
import io.nats.client.JetStreamApiException;
import io.nats.client.NUID;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Keeps what was made from the source's rows until it is decided, see {@link RenewedRows}.
 * Thread-safe.
 */
final class RenewedStore {
  private final RedriveContext context;

  RenewedStore(RedriveContext context) {
    this.context = context;
  }

  /** Keeps rows; returns their key. */
  String keep(RenewedRows rows) throws InterruptedException {
    String key = RenewedRows.key(context.uid(), NUID.nextGlobal());
    byte[] value = rows.toBytes();
    context
        .patience()
        .ask("keep rows of the source", () -> context.state().bucket().put(key, value));
    return key;
  }

  /** The rows of an entry; empty once they are decided. */
  Optional<RenewedRows> of(String key) throws InterruptedException {
    return context
        .patience()
        .<Optional<RenewedRows>>ask(
            "read rows of the source",
            () -> {
              KeyValueEntry entry = context.state().bucket().get(key);
              return entry == null || entry.getValue() == null
                  ? Optional.empty()
                  : Optional.of(RenewedRows.parse(entry.getValue()));
            });
  }

  /** Forgets the rows of an entry that is decided; one that has none is fine. */
  void forget(JournalEntry entry) throws InterruptedException {
    String key = entry.renewed();
    if (key != null) {
      forget(key);
    }
  }

  /** Forgets rows that nobody will ask for. */
  void forget(String key) throws InterruptedException {
    context
        .patience()
        .ask(
            "remove rows of the source",
            () -> {
              context.state().bucket().delete(key);
              return true;
            });
  }

  /** Forgets all that was kept for this Redrive, which has ended. */
  void forgetAll() throws InterruptedException {
    for (String key :
        context
            .patience()
            .ask("list what is kept of the source", () -> keys(RenewedRows.keys(context.uid())))) {
      forget(key);
    }
  }

  private List<String> keys(String pattern) throws IOException, JetStreamApiException {
    try {
      return context.state().bucket().keys(pattern);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
