package dev.drover.worker.enrich;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.LookupPlan;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePattern;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.lookup.HttpQuestion;
import dev.drover.worker.lookup.LookupQuery;
import dev.drover.worker.lookup.LookupRefusedException;
import dev.drover.worker.lookup.QueryText;
import dev.drover.worker.lookup.Question;
import dev.drover.worker.stage.BatchStuckException;
import dev.drover.worker.stage.StageContext;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What an enrich does, by chain revision and input schema. The fields that it adds are those of the
 * revision's plan, whatever the database has made of its tables since. Thread-safe.
 */
final class EnrichmentBook {
  private final StageContext context;
  private final Map<Key, Enrichment> known = new ConcurrentHashMap<>();

  private record Key(String revision, String schema) {}

  EnrichmentBook(StageContext context) {
    this.context = context;
  }

  /**
   * What a revision does with records of a schema.
   *
   * @throws IOException if NATS does not answer or does not know the revision
   * @throws IllegalArgumentException if the revision's plan does not fit the records
   */
  Enrichment of(String revision, RecordSchema input) throws IOException, JetStreamApiException {
    Key key = new Key(revision, input.fingerprint());
    Enrichment found = known.get(key);
    if (found == null) {
      found = make(revision, input);
      context.state().putSchema(found.output());
      known.put(key, found);
    }
    return found;
  }

  private Enrichment make(String revision, RecordSchema input)
      throws IOException, JetStreamApiException {
    ChainSpec spec = revision.equals(context.revision()) ? context.spec() : spec(revision);
    StageSpec.Enrich stage = (StageSpec.Enrich) spec.stage(context.stage());
    ChainPlan plan =
        context
            .state()
            .plan(revision)
            .orElseThrow(() -> new IOException("the state bucket lacks plan " + revision));
    return enrichment(revision, stage, plan, input);
  }

  /**
   * What a stage does with records of a schema.
   *
   * @throws IllegalArgumentException if the plan does not fit the records
   */
  static Enrichment enrichment(
      String revision, StageSpec.Enrich stage, ChainPlan plan, RecordSchema input) {
    if (!TablePattern.anyMatches(stage.tables(), input.table())) {
      return new Enrichment(revision, stage, input, input, null);
    }
    LookupPlan lookup =
        plan.lookups().stream()
            .filter(l -> l.stage().equals(stage.name()) && l.table().equals(input.table()))
            .findFirst()
            .orElseThrow(
                () ->
                    new BatchStuckException(
                        "plan %s has no lookup for records of %s"
                            .formatted(revision, input.table())));
    try {
      Question question = question(stage.lookup(), input, lookup);
      return new Enrichment(revision, stage, input, lookup.output(input), question);
    } catch (LookupRefusedException e) {
      throw new BatchStuckException(
          "the lookup of revision %s does not fit records of %s: %s"
              .formatted(revision, input.table(), e.getMessage()));
    }
  }

  private static Question question(LookupSpec lookup, RecordSchema input, LookupPlan plan)
      throws LookupRefusedException {
    return switch (lookup) {
      case LookupSpec.Query q -> {
        QueryText text = QueryText.parse(q.query());
        yield new LookupQuery(text, LookupQuery.keys(text, input), plan.columns());
      }
      case LookupSpec.Http h -> HttpQuestion.of(h, input);
    };
  }

  private ChainSpec spec(String revision) throws IOException, JetStreamApiException {
    return context
        .state()
        .spec(revision)
        .orElseThrow(() -> new IOException("the state bucket lacks spec " + revision));
  }
}
