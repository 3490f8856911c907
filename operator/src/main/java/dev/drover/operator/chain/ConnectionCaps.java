package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.api.KeyValueEntry;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Tells the workers how many sessions connections may have, as the spec says now: no edit of that
 * makes a new revision. Remembers what was told. Not thread-safe.
 */
final class ConnectionCaps {
  private final NatsLink link;
  private final ChainNames names;
  private final Map<String, Optional<Integer>> told = new HashMap<>();

  ConnectionCaps(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  void tell(String connection, int cap) {
    if (Optional.of(cap).equals(told.get(connection))) {
      return;
    }
    link.run(
        "tell how many connections " + connection + " may have",
        nats ->
            StateStore.open(nats, names)
                .bucket()
                .put(ConnectionCap.key(connection), WireJson.bytes(new ConnectionCap(cap))));
    told.put(connection, Optional.of(cap));
  }

  /** What was told last of a connection, also by an operator before; empty if nothing was. */
  Optional<Integer> told(String connection) {
    return told.computeIfAbsent(connection, this::read);
  }

  /** What cannot be read counts as not there: it is then told anew. */
  private Optional<Integer> read(String connection) {
    return link.call(
        "read how many connections " + connection + " may have",
        nats -> {
          KeyValueEntry entry =
              StateStore.open(nats, names).bucket().get(ConnectionCap.key(connection));
          try {
            return Optional.ofNullable(entry)
                .map(KeyValueEntry::getValue)
                .map(json -> WireJson.parse(json, ConnectionCap.class).maxConnections());
          } catch (IllegalArgumentException e) {
            return Optional.<Integer>empty();
          }
        });
  }
}
