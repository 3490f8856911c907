package dev.drover.worker.slots;

import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.state.CapAdvisory;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The caps of a migration's connections as they are now, and how hard they are. Thread-safe. */
final class Caps {
  private static final Logger LOG = LoggerFactory.getLogger(Caps.class);

  private final StateStore state;
  private final Map<String, Boolean> told = new ConcurrentHashMap<>();

  Caps(StateStore state) {
    this.state = state;
  }

  /** What was told last; what the chain's spec says where nothing, or nothing legible, was. */
  int of(ConnectionSpec connection) throws IOException, JetStreamApiException {
    KeyValueEntry entry = state.bucket().get(ConnectionCap.key(connection.name()));
    if (entry == null || entry.getValue() == null) {
      return connection.maxConnections();
    }
    try {
      int cap = WireJson.parse(entry.getValue(), ConnectionCap.class).maxConnections();
      return cap < 1 ? connection.maxConnections() : cap;
    } catch (IllegalArgumentException e) {
      LOG.debug("the cap of connection {} cannot be read", connection.name(), e);
      return connection.maxConnections();
    }
  }

  /**
   * Tells the operator whether a connection's sessions can be listed, if he does not know: asked
   * for with every session, and written when it changes.
   */
  void advise(ConnectionSpec connection, boolean listed) {
    if (Boolean.valueOf(listed).equals(told.get(connection.name()))) {
      return;
    }
    if (!listed) {
      LOG.warn(
          "connection {}: a session is not listed as such by the server it leads to, behind a proxy"
              + " or with several hosts. Whether the session of a silent worker is gone is then not"
              + " known, only how long it may last: a CONNECTION LIMIT of the role is the safer cap",
          connection.name());
    }
    String key = CapAdvisory.key(connection.name());
    try {
      KeyValueEntry entry = state.bucket().get(key);
      boolean known =
          entry == null
              || entry.getValue() == null
              || WireJson.parse(entry.getValue(), CapAdvisory.class).listed();
      if (known != listed) {
        state.bucket().put(key, WireJson.bytes(new CapAdvisory(listed)));
      }
      told.put(connection.name(), listed);
    } catch (IOException
        | JetStreamApiException
        | IllegalStateException
        | IllegalArgumentException e) {
      LOG.debug("it is told with the next session", e);
    }
  }
}
