package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.KeyValue;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells the workers of stages how fast they may go. Remembers what it told. Not thread-safe. */
final class Paces {
  private final NatsLink link;
  private final ChainNames names;
  private final Map<String, Optional<Pace>> told = new HashMap<>();

  Paces(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /**
   * Tells a stage.
   *
   * @param pace null for no limit
   */
  void tell(String stage, @Nullable Pace pace) {
    Optional<Pace> wanted = Optional.ofNullable(pace);
    if (wanted.equals(told.get(stage))) {
      return;
    }
    link.run(
        "tell stage " + stage + " how fast it may go",
        nats -> {
          KeyValue bucket = StateStore.open(nats, names).bucket();
          String key = Pace.key(stage);
          if (pace != null) {
            bucket.put(key, WireJson.bytes(pace));
          } else if (bucket.get(key) != null) {
            bucket.delete(key);
          }
        });
    told.put(stage, wanted);
  }
}
