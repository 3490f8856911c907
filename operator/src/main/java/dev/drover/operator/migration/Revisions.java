package dev.drover.operator.migration;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Fingerprints;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Names for what was planned. A revision covers all that planning depends on: how each database or
 * server is reached, and each stage's work. Scale, caps, suspend and the like are no part of it, so
 * editing them neither plans anew nor restarts a worker.
 */
final class Revisions {
  private static final int LENGTH = 10;
  private static final ObjectMapper JSON = new ObjectMapper();

  private Revisions() {}

  /** The revision of a spec: ten hex digits. */
  static String of(MigrationSpec spec) {
    List<String> parts = new ArrayList<>();
    spec.connections().forEach(c -> parts.add(text(c)));
    ChainMapping.chain(spec).stages().forEach(s -> parts.add(text(s)));
    spec.stages().stream()
        .map(Stage::enrich)
        .filter(e -> e != null && e.http() != null)
        .map(e -> Objects.requireNonNull(e.http()))
        .forEach(http -> parts.add(json(http.headers()) + json(http.caSecretRef())));
    return hash(parts);
  }

  /** Hash of what one stage's workers depend on: its own work and its connection. */
  static String ofStage(StageSpec stage, @Nullable Connection connection) {
    return hash(List.of(text(stage), connection == null ? "" : text(connection)));
  }

  /**
   * Hash of what one stage's workers depend on, with what was planned for them: of a table that
   * joins a running chain an enrich has a lookup of its own, and a load has to know for when it
   * finishes its target, both in the plan that they read when they start.
   */
  static String ofWorkers(
      StageSpec stage, @Nullable Connection connection, ChainSpec chain, ChainPlan plan) {
    String own = ofStage(stage, connection);
    List<?> planned =
        switch (stage) {
          case StageSpec.Enrich e ->
              plan.lookups().stream().filter(l -> l.stage().equals(e.name())).toList();
          case StageSpec.Load l ->
              plan.arrivingAt(chain, l.name()).stream().map(TablePlan::table).sorted().toList();
          case StageSpec.Extract e -> List.of();
          case StageSpec.Transform t -> List.of();
        };
    return planned.isEmpty() ? own : hash(List.of(own, json(planned)));
  }

  /** Whether two stages do the same, wherever they read. */
  static boolean sameWork(StageSpec one, StageSpec other) {
    return work(one).equals(work(other));
  }

  private static ObjectNode work(StageSpec stage) {
    ObjectNode work = JSON.valueToTree(stage);
    work.remove("from");
    return work;
  }

  private static String hash(List<String> parts) {
    return Fingerprints.of(parts.toArray(String[]::new)).substring(0, LENGTH);
  }

  private static String text(Connection connection) {
    return connection.name() + json(connection.jdbc());
  }

  private static String text(StageSpec stage) {
    return json(stage);
  }

  private static String json(@Nullable Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of the spec cannot be written as JSON", e);
    }
  }
}
