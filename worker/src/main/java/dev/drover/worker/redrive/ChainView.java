package dev.drover.worker.redrive;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.StateStore;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A planned chain, as one looks from a stage back to where its records are read. Not thread-safe.
 */
final class ChainView {
  /** A table without a key, or a record whose key is not known. */
  static final String NO_KEY = "NoSourceKey";

  private final String revision;
  private final ChainSpec spec;
  private final ChainPlan plan;
  private final Map<String, Way> ways = new HashMap<>();

  private ChainView(String revision, ChainSpec spec, ChainPlan plan) {
    this.revision = revision;
    this.spec = spec;
    this.plan = plan;
  }

  /** The chain of a revision that is planned. */
  static ChainView read(StateStore state, String revision)
      throws IOException, JetStreamApiException {
    return new ChainView(
        revision,
        state
            .spec(revision)
            .orElseThrow(() -> new IOException("the state bucket lacks spec " + revision)),
        state
            .plan(revision)
            .orElseThrow(() -> new IOException("the state bucket lacks plan " + revision)));
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
        plan.tables().stream()
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
    List<StageSpec.Transform> transforms = new ArrayList<>();
    for (StageSpec passed : before) {
      if (passed instanceof StageSpec.Transform transform) {
        transforms.add(transform);
      } else if (!(passed instanceof StageSpec.Extract)) {
        return new Way.Closed(
            "StageBetween",
            "stage %s, which is no transform, is between the source and stage %s: send with startAt: Stage"
                .formatted(passed.name(), stage));
      }
    }
    return new Way.Open(
        read.get(),
        spec.connection(extract.connectionName()),
        Passage.through(spec, revision, transforms, read.get().schema(), fromExtract));
  }
}
