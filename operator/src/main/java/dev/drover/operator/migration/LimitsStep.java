package dev.drover.operator.migration;

import static java.util.Objects.requireNonNullElse;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.HttpLookup;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.scaling.StageScale;
import dev.drover.operator.schedule.Windows;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.validation.SpecValidator;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.state.Pace;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Tells the workers of a chain what they must keep to, before there are more of them: how many
 * records may fail, how many sessions connections may have, how fast stages may go. Thread-safe.
 */
final class LimitsStep {
  private final Duration grace;

  /**
   * The rollouts of stages that keep to requests a second, by the Migration's uid and the stage.
   */
  private final Map<String, Map<String, Rollout>> rollouts = new ConcurrentHashMap<>();

  /**
   * @param grace how long a worker that is told to leave may take
   */
  LimitsStep(Duration grace) {
    this.grace = grace;
  }

  /**
   * Tells of error budgets: workers that were not told of one would not keep to it.
   *
   * @param current whether the chain in force is that of the Migration's spec
   */
  void budgets(
      Migration migration,
      Chain chain,
      InForce inForce,
      boolean current,
      Map<String, Deployment> byStage) {
    ChainSpec told =
        current ? inForce.spec() : BudgetWishes.told(migration.getSpec(), inForce.spec());
    chain.budget(
        told,
        BudgetWishes.of(
            migration.getSpec(), told, stage -> Replicas.current(byStage.get(stage)) == 0));
  }

  /**
   * Tells of the caps of connections, also while a Migration is suspended: who is ending, and
   * others at the same server, keep to them.
   *
   * @param refused whether the spec was refused: a cap of it that cannot be stays as it was
   * @param reached whether there is a chain to tell; without it, what is told is only found out
   * @return those in force, by connection
   */
  Map<String, Integer> caps(
      MigrationSpec spec, ChainSpec inForce, Chain chain, boolean refused, boolean reached) {
    Map<String, Integer> caps = asked(spec);
    Set<String> asBefore = new HashSet<>(refused ? SpecValidator.refusedCaps(spec) : Set.of());
    StageConnections.leaving(inForce, caps.keySet())
        .forEach(
            connection -> {
              caps.put(connection, Connection.DEFAULT_MAX_CONNECTIONS);
              asBefore.add(connection);
            });
    if (reached) {
      caps.putAll(chain.caps(caps, asBefore));
    } else {
      caps.keySet().removeAll(asBefore);
    }
    return caps;
  }

  private static Map<String, Integer> asked(MigrationSpec spec) {
    Map<String, Integer> caps = new LinkedHashMap<>();
    spec.connections()
        .forEach(
            c ->
                caps.put(
                    c.name(),
                    requireNonNullElse(c.maxConnections(), Connection.DEFAULT_MAX_CONNECTIONS)));
    return caps;
  }

  /**
   * Tells how fast stages may go: more workers that share a rate they were not told of would exceed
   * it. Who is ending keeps to what was told until he has ended.
   *
   * @param controls what is asked of the stages
   * @param scales how many workers they are to have
   * @param redrives how many Redrives ask the servers that stages look up in, too
   */
  void paces(
      String uid,
      Chain chain,
      ChainSpec inForce,
      MigrationSpec controls,
      Collection<StageScale> scales,
      Map<String, Deployment> byStage,
      int redrives,
      Instant now) {
    chain.pace(inForce, paces(uid, controls, scales, byStage, redrives, now), grace);
  }

  private Rollout rollout(String uid, String stage, @Nullable Deployment deployment, Instant now) {
    return rollouts
        .computeIfAbsent(uid, key -> new ConcurrentHashMap<>())
        .compute(
            stage,
            (name, before) ->
                (before == null ? Rollout.NONE : before).seen(deployment, grace, now));
  }

  private Map<String, Pace> paces(
      String uid,
      MigrationSpec spec,
      Collection<StageScale> scales,
      Map<String, Deployment> byStage,
      int redrives,
      Instant now) {
    Map<String, Pace> paces = new LinkedHashMap<>();
    for (StageScale scale : scales) {
      for (Stage stage : spec.stages()) {
        if (!stage.name().equals(scale.stage())) {
          continue;
        }
        long rate = Windows.recordsPerSecond(stage.scale(), now);
        if (rate > 0) {
          paces.put(stage.name(), new Pace(rate, Math.max(1, scale.sharers())));
        }
        HttpLookup http = stage.enrich() == null ? null : stage.enrich().http();
        if (http != null && http.requestsPerSecond() != null) {
          int own = Math.max(1, scale.askers());
          int asking = rollout(uid, stage.name(), byStage.get(stage.name()), now).atWork(own);
          paces.put(
              Pace.requests(stage.name()), new Pace(http.requestsPerSecond(), asking + redrives));
        }
      }
    }
    return paces;
  }

  /** Forgets a Migration that is gone. */
  void forget(String uid) {
    rollouts.remove(uid);
  }
}
