package dev.drover.worker.transform;

import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.rules.RuleCompiler;
import dev.drover.worker.rules.Rules;
import dev.drover.worker.stage.BatchStuckException;
import dev.drover.worker.stage.StageContext;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The rules of a transform by chain revision and input schema, each compiled once. Older revisions
 * are here too: what was decided under one is done by it. Thread-safe.
 */
final class RuleBook {
  private final StageContext context;
  private final Map<Key, Rules> compiled = new ConcurrentHashMap<>();

  private record Key(String revision, String schema) {}

  RuleBook(StageContext context) {
    this.context = context;
  }

  /**
   * The rules of a revision for records of a schema.
   *
   * @throws IOException if NATS does not answer or does not know the revision
   * @throws IllegalStateException if the rules do not fit the schema, which planning should have
   *     found
   */
  Rules rules(String revision, RecordSchema schema) throws IOException, JetStreamApiException {
    Key key = new Key(revision, schema.fingerprint());
    Rules known = compiled.get(key);
    if (known == null) {
      known = compile(revision, schema);
      context.state().putSchema(known.output());
      compiled.put(key, known);
    }
    return known;
  }

  private Rules compile(String revision, RecordSchema schema)
      throws IOException, JetStreamApiException {
    ChainSpec spec = revision.equals(context.revision()) ? context.spec() : spec(revision);
    StageSpec.Transform stage = (StageSpec.Transform) spec.stage(context.stage());
    int index = spec.placeOf(stage.name());
    return switch (RuleCompiler.compile(
        stage.steps(), schema, "spec.stages[" + index + "].transform")) {
      case RuleCompiler.Result.Compiled c -> c.rules();
      case RuleCompiler.Result.Refused r ->
          throw new BatchStuckException(
              "the rules of revision "
                  + revision
                  + " do not fit records of "
                  + schema.table()
                  + ": "
                  + r.findings().getFirst().path()
                  + ": "
                  + r.findings().getFirst().message());
    };
  }

  private ChainSpec spec(String revision) throws IOException, JetStreamApiException {
    StateStore state = context.state();
    return state
        .spec(revision)
        .orElseThrow(() -> new IOException("the state bucket lacks spec " + revision));
  }
}
