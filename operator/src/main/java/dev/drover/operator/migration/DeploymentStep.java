package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.workload.StageDeployment;
import dev.drover.operator.workload.Workloads;
import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.StageSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the Deployments of stages as the chain in force wants them. Only a stage whose own work or
 * connection changed is rolled: the others keep the revision in which their workers read it.
 * Thread-safe.
 */
final class DeploymentStep {
  private final Workloads workloads;
  private final StageDeployment deployments;

  /**
   * The Deployments that were found to be as wanted, by the Migration's uid and the stage: two
   * objects are compared by their JSON, which is most of what a visit costs. Only a memory.
   */
  private final Map<String, Map<String, Fit>> fits = new ConcurrentHashMap<>();

  /** What a Deployment was compared with: all that decides what is wanted, and its own version. */
  private record Fit(
      String version, @Nullable Long generation, String revision, StageSpec stage, int replicas) {}

  DeploymentStep(Workloads workloads, StageDeployment deployments) {
    this.workloads = workloads;
    this.deployments = deployments;
  }

  /** Brings a stage's Deployment to what the chain in force wants of it, or makes it. */
  void apply(
      Migration migration,
      Chain chain,
      InForce inForce,
      StageSpec stage,
      @Nullable Deployment actual,
      int replicas) {
    Map<String, Fit> known =
        fits.computeIfAbsent(migration.getMetadata().getUid(), uid -> new ConcurrentHashMap<>());
    Fit fit =
        actual == null
            ? null
            : new Fit(
                actual.getMetadata().getResourceVersion(),
                migration.getMetadata().getGeneration(),
                inForce.revision(),
                stage,
                replicas);
    if (fit != null && fit.equals(known.get(stage.name()))) {
      return;
    }
    Deployment wanted;
    try {
      wanted = desired(migration, chain, inForce, stage, actual, replicas);
    } catch (ChainUnavailableException e) {
      return; // it stays as it is until that can be told
    }
    boolean fitting = workloads.apply(actual, wanted);
    if (fit != null && fitting) {
      known.put(stage.name(), fit);
    }
  }

  private Deployment desired(
      Migration migration,
      Chain chain,
      InForce inForce,
      StageSpec stage,
      @Nullable Deployment actual,
      int replicas) {
    Connection connection = StageConnections.of(migration.getSpec(), StageConnections.name(stage));
    String hash = Revisions.ofWorkers(stage, connection, inForce.spec(), inForce.plan());
    String kept =
        actual != null && hash.equals(StageDeployment.stageHash(actual))
            ? StageDeployment.revision(actual)
            : null;
    if (kept != null && !makesAll(chain, kept, stage, inForce)) {
      kept = null;
    }
    return deployments.of(
        migration, stage, connection, kept == null ? inForce.revision() : kept, hash, replicas);
  }

  /** Whether the plan by which a stage works has all tables that it is still to make. */
  private static boolean makesAll(Chain chain, String kept, StageSpec stage, InForce inForce) {
    List<NewTable> lacking = inForce.plan().newTablesOf(stage.name());
    return lacking.isEmpty()
        || kept.equals(inForce.revision())
        || chain
            .plan(kept)
            .filter(plan -> plan.newTablesOf(stage.name()).containsAll(lacking))
            .isPresent();
  }

  /** Forgets a Migration that is gone. */
  void forget(String uid) {
    fits.remove(uid);
  }
}
