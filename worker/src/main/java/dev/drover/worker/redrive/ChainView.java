package dev.drover.worker.redrive;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.enrich.EnrichOnTheWay;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A planned chain, as one looks from a stage back to where its records are read. Not thread-safe.
 */
final class ChainView implements AutoCloseable {
  /** A table without a key, or a record whose key is not known. */
  static final String NO_KEY = "NoSourceKey";

  private final Planned chain;
  private final Enriching enriching;
  private final Map<String, Way> ways = new HashMap<>();

  /** A chain and its plan. */
  record Planned(String revision, ChainSpec spec, ChainPlan plan) {
    /** What the state bucket has of a revision. */
    static Planned read(StateStore state, String revision)
        throws IOException, JetStreamApiException {
      return new Planned(
          revision,
          state
              .spec(revision)
              .orElseThrow(() -> new IOException("the state bucket lacks spec " + revision)),
          state
              .plan(revision)
              .orElseThrow(() -> new IOException("the state bucket lacks plan " + revision)));
    }
  }

  /** Makes what an enrich on the way does with rows of a schema. */
  @FunctionalInterface
  interface Enriching {
    /** Makes it. */
    EnrichOnTheWay of(StageSpec.Enrich stage, RecordSchema input);
  }

  ChainView(Planned chain, Enriching enriching) {
    this.chain = chain;
    this.enriching = enriching;
  }

  /** The way of a table's rows from the source to a stage. */
  sealed interface Way {
    /**
     * They can be read and brought there.
     *
     * @param table how they are read
     * @param connection where
     */
    record Open(TablePlan table, ConnectionSpec connection, Passage passage) implements Way {}

    /** They cannot. */
    record Closed(String code, String message) implements Way {}
  }

  /**
   * The way of a table's rows to the stage that refused some of them.
   *
   * @param stage that stage; an extract if it could not read them
   */
  Way passage(String stage, String table) {
    String place = stage + "/" + table;
    Way known = ways.get(place);
    if (known == null) {
      known = find(stage, table);
      ways.put(place, known);
    }
    return known;
  }

  private Way find(String stage, String table) {
    ChainSpec spec = chain.spec();
    if (spec.stages().stream().noneMatch(s -> s.name().equals(stage))) {
      return new Way.Closed("StageGone", "the Migration has no stage " + stage + " any more");
    }
    Deque<StageSpec> before = new ArrayDeque<>();
    StageSpec at = spec.stage(stage);
    boolean fromExtract = at instanceof StageSpec.Extract;
    for (String from = at.from(); from != null; from = at.from()) {
      at = spec.stage(from);
      before.addFirst(at);
    }
    if (!(at instanceof StageSpec.Extract extract)) {
      throw new IllegalStateException("stage " + stage + " reads from no extract");
    }
    Optional<TablePlan> read =
        chain.plan().tables().stream()
            .filter(t -> t.stage().equals(extract.name()) && t.table().equals(table))
            .findFirst();
    if (read.isEmpty()) {
      return new Way.Closed(
          "TableNotRead",
          "stage %s reads %s no longer: name it in its tables, or send with startAt: Stage"
              .formatted(extract.name(), table));
    }
    if (read.get().key().isEmpty()) {
      return new Way.Closed(
          NO_KEY,
          "%s has no key by which a row could be read again: send with startAt: Stage, and a correction"
              .formatted(table));
    }
    return new Way.Open(
        read.get(),
        spec.connection(extract.connectionName()),
        Passage.through(chain, before, read.get().schema(), fromExtract, enriching));
  }

  /** Gives back what is held where stages look up, until it is needed again. */
  @Override
  public void close() {
    for (Way way : ways.values()) {
      if (way instanceof Way.Open open) {
        open.passage().close();
      }
    }
  }
}
