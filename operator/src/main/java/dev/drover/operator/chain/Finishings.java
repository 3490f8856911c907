package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.Finishing;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The finishing work of loads: asked for when a load has decided all it will get, done when its
 * workers say so. What it remembers between calls NATS can tell again. Not thread-safe.
 */
final class Finishings {
  private final NatsLink link;
  private final ChainNames names;
  private final Map<String, Finishing> done = new HashMap<>();

  Finishings(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /**
   * The loads that have decided all they will get and still owe their target something.
   *
   * @param hold true while suspended: nothing is asked for
   */
  Set<String> open(Collection<Standing> standings, boolean hold) {
    Set<String> open = new HashSet<>();
    for (Standing s : standings) {
      // A load that never decided anything has touched nothing.
      if (s.stage() instanceof StageSpec.Load && s.done() && s.decisions() > 0) {
        String stage = s.stage().name();
        Finishing wanted = new Finishing(s.counts().passed());
        if (!wanted.equals(done.get(stage)) && !isDone(stage, wanted, hold)) {
          open.add(stage);
        }
      }
    }
    return open;
  }

  private boolean isDone(String stage, Finishing wanted, boolean hold) {
    return link.call(
        "ask for the finishing work of stage " + stage,
        nats -> {
          KeyValue bucket = StateStore.open(nats, names).bucket();
          if (holds(bucket, Finishing.doneKey(stage), wanted)) {
            done.put(stage, wanted);
            return true;
          }
          if (!hold && !holds(bucket, Finishing.askedKey(stage), wanted)) {
            bucket.put(Finishing.askedKey(stage), WireJson.bytes(wanted));
          }
          return false;
        });
  }

  private static boolean holds(KeyValue bucket, String key, Finishing wanted)
      throws IOException, JetStreamApiException {
    KeyValueEntry entry = bucket.get(key);
    return entry != null
        && entry.getValue() != null
        && WireJson.parse(entry.getValue(), Finishing.class).equals(wanted);
  }
}
