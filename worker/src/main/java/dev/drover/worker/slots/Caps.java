package dev.drover.worker.slots;

import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;

/** The caps of a migration's connections as they are now. Thread-safe. */
final class Caps {
  private final StateStore state;

  Caps(StateStore state) {
    this.state = state;
  }

  int of(ConnectionSpec connection) throws IOException, JetStreamApiException {
    KeyValueEntry entry = state.bucket().get(ConnectionCap.key(connection.name()));
    return entry == null || entry.getValue() == null
        ? connection.maxConnections()
        : WireJson.parse(entry.getValue(), ConnectionCap.class).maxConnections();
  }
}
