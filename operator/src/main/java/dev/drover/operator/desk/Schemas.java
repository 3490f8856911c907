package dev.drover.operator.desk;

import dev.drover.operator.chain.NatsLink;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.StateStore;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The schemas of records, each read once: a fingerprint names one shape for ever. Thread-safe. */
final class Schemas {
  private static final int MOST = 2000;

  private final NatsLink link;
  private final Map<String, RecordSchema> known = new ConcurrentHashMap<>();

  Schemas(NatsLink link) {
    this.link = link;
  }

  /**
   * The schema of a fingerprint.
   *
   * @throws dev.drover.operator.chain.ChainUnavailableException if NATS is away or lacks it
   */
  RecordSchema of(ChainNames names, String fingerprint) {
    RecordSchema schema = known.get(fingerprint);
    if (schema == null) {
      schema = link.call("read a schema", nats -> StateStore.open(nats, names).schema(fingerprint));
      if (known.size() >= MOST) {
        known.clear();
      }
      known.put(fingerprint, schema);
    }
    return schema;
  }
}
