package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.Finishing;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * Which loads owe their target what they deferred. That a load ever ran with deferred indexes is
 * written down under {@code deferred.<stage>} and stays, whatever its spec becomes; its finishing
 * work settles it. Not thread-safe.
 */
final class Deferrals {
  private final NatsLink link;
  private final ChainNames names;
  private final TallyFollower follower;
  private final Set<String> noted = new HashSet<>();

  Deferrals(NatsLink link, ChainNames names, TallyFollower follower) {
    this.link = link;
    this.names = names;
    this.follower = follower;
  }

  /** Takes note of the loads that defer, before they have workers. */
  void note(ChainSpec inForce) {
    for (StageSpec stage : inForce.stages()) {
      if (stage instanceof StageSpec.Load load
          && load.indexes() == StageSpec.Indexes.Defer
          && !noted.contains(load.name())) {
        link.run(
            "note that stage " + load.name() + " defers indexes",
            nats -> {
              KeyValue bucket = StateStore.open(nats, names).bucket();
              if (bucket.get(key(load.name())) == null) {
                bucket.put(key(load.name()), "Defer".getBytes(StandardCharsets.UTF_8));
              }
            });
        noted.add(load.name());
      }
    }
  }

  /** Whether a stage deferred anything and has not finished all that it decided since. */
  boolean owes(String stage) {
    if (!ever(stage)) {
      return false;
    }
    if (!follower.catchUp()) {
      return true;
    }
    StageTally tally = follower.tally().stage(stage);
    // A load that never decided anything has touched nothing.
    return tally.decisions() > 0 && !finished(stage, new Finishing(tally.now().passed()));
  }

  private boolean ever(String stage) {
    return noted.contains(stage)
        || link.call(
            "read whether stage " + stage + " deferred indexes",
            nats -> StateStore.open(nats, names).bucket().get(key(stage)) != null);
  }

  private boolean finished(String stage, Finishing wanted) {
    return link.call(
        "read whether stage " + stage + " is finished",
        nats -> {
          KeyValueEntry done = StateStore.open(nats, names).bucket().get(Finishing.doneKey(stage));
          return done != null
              && done.getValue() != null
              && WireJson.parse(done.getValue(), Finishing.class).equals(wanted);
        });
  }

  private static String key(String stage) {
    return "deferred." + stage;
  }
}
