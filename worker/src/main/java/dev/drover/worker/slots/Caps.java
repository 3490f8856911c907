package dev.drover.worker.slots;

import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.state.CapAdvisory;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The caps of a migration's connections as they are now, and how hard they are. Thread-safe. */
final class Caps {
  private static final Logger LOG = LoggerFactory.getLogger(Caps.class);

  /** Others come and go: they are shared with for so long after they were seen. */
  private static final Duration CALM = Duration.ofMinutes(10);

  private final StateStore state;
  private final Map<String, CapAdvisory> warned = new ConcurrentHashMap<>();

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

  /** Tells the operator how far a cap can be relied upon, as it shows with each session. */
  void advise(ConnectionSpec connection, CapAdvisory seen) {
    warn(connection, seen);
    String key = CapAdvisory.key(connection.name());
    try {
      KeyValueEntry entry = state.bucket().get(key);
      boolean isOld =
          entry == null || entry.getCreated().toInstant().isBefore(Instant.now().minus(CALM));
      CapAdvisory known =
          entry == null || entry.getValue() == null
              ? CapAdvisory.FIRM
              : WireJson.parse(entry.getValue(), CapAdvisory.class);
      CapAdvisory now = new CapAdvisory(seen.listed(), seen.shared() || (known.shared() && !isOld));
      if (!now.equals(known) || (now.shared() && isOld)) {
        state.bucket().put(key, WireJson.bytes(now));
      }
    } catch (IOException
        | JetStreamApiException
        | IllegalStateException
        | IllegalArgumentException e) {
      LOG.debug("it is told with the next session", e);
    }
  }

  private void warn(ConnectionSpec connection, CapAdvisory seen) {
    if (seen.equals(warned.put(connection.name(), seen))) {
      return;
    }
    if (!seen.listed()) {
      LOG.warn(
          "connection {}: a session is not listed as such by the server it leads to, behind a proxy"
              + " or with several hosts. Whether the session of a silent worker is gone is then not"
              + " known, only how long it may last: a CONNECTION LIMIT of the role is the safer cap",
          connection.name());
    }
    if (seen.shared()) {
      LOG.warn(
          "connection {}: another installation of Drover has sessions of its login, which are not"
              + " counted here: give each installation a login of its own",
          connection.name());
    }
  }
}
