package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import java.util.HashMap;
import java.util.Map;

/**
 * Tells the workers how many sessions connections may have, as the spec says now: no edit of that
 * makes a new revision. Remembers what it told. Not thread-safe.
 */
final class ConnectionCaps {
  private final NatsLink link;
  private final ChainNames names;
  private final Map<String, Integer> told = new HashMap<>();

  ConnectionCaps(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  void tell(String connection, int cap) {
    if (Integer.valueOf(cap).equals(told.get(connection))) {
      return;
    }
    link.run(
        "tell how many connections " + connection + " may have",
        nats ->
            StateStore.open(nats, names)
                .bucket()
                .put(ConnectionCap.key(connection), WireJson.bytes(new ConnectionCap(cap))));
    told.put(connection, cap);
  }
}
