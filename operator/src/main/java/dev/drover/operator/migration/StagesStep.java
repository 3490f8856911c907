package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.scaling.Reason;
import dev.drover.operator.scaling.ScalingHistory;
import dev.drover.operator.scaling.ScalingPolicy;
import dev.drover.operator.scaling.StageObservation;
import dev.drover.operator.scaling.StageScale;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.status.Observation.StageWorkers;
import dev.drover.operator.workload.StageControls;
import dev.drover.operator.workload.StageDeployment;
import dev.drover.operator.workload.WorkloadLabels;
import dev.drover.operator.workload.Workloads;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Gives every stage of the chain in force its Deployment, with as many workers as scaling says,
 * once these were told what they must keep to. Thread-safe.
 */
final class StagesStep {
  private final Workloads workloads;
  private final DeploymentStep deployments;
  private final LimitsStep limits;
  private final Duration grace;

  /** What scaling remembers of each Migration, by its uid; found anew after a restart. */
  private final Map<String, ScalingHistory> histories = new ConcurrentHashMap<>();

  /**
   * @param grace how long a worker that is told to leave may take
   */
  StagesStep(Workloads workloads, StageDeployment deployments, Duration grace) {
    this.workloads = workloads;
    this.deployments = new DeploymentStep(workloads, deployments);
    this.limits = new LimitsStep(grace);
    this.grace = grace;
  }

  /**
   * Applies the Deployments of a chain.
   *
   * @param revision the revision of the Migration's spec as it is now; if another is in force, its
   *     workers are scaled and otherwise left as they are
   * @param grafting whether that revision is planned, and its stages come and go
   * @param chain told how many records may fail, before there are workers to keep to that, and how
   *     fast stages may go, before there are more workers to share that
   * @param queuesReady whether streams and consumers exist; without them no stage starts
   * @param snapshot backlogs; null if they are not known
   * @param readers for each Redrive that reads at the source, the connections at which it has a
   *     session; it asks the servers that stages look up in, too
   */
  List<StageWorkers> run(
      Migration migration,
      Chain chain,
      InForce inForce,
      @Nullable String revision,
      boolean grafting,
      boolean queuesReady,
      @Nullable ChainSnapshot snapshot,
      Collection<Deployment> existing,
      Collection<List<String>> readers,
      Instant now) {
    Map<String, Deployment> byStage = byStage(existing);
    boolean current = inForce.revision().equals(revision);
    MigrationSpec asked =
        revision == null
            ? StageWishes.legible(migration.getSpec(), byStage, now)
            : migration.getSpec();
    MigrationSpec controls = StageWishes.controls(asked, inForce.spec(), byStage, grafting);
    boolean halted = StageWishes.halted(migration.getSpec());
    // What is not counted yet can be told all the same.
    boolean reached = snapshot != null || queuesReady;
    Map<String, StageScale> scales;
    try {
      if (reached && (current || grafting)) {
        limits.budgets(migration, chain, inForce, current, byStage);
      }
      Map<String, Integer> caps =
          limits.caps(migration.getSpec(), inForce.spec(), chain, revision == null, reached);
      scales =
          halted
              ? Map.of()
              : scales(
                  migration.getMetadata().getUid(),
                  controls,
                  inForce.spec(),
                  snapshot,
                  caps,
                  byStage,
                  readers.stream().flatMap(List::stream).toList(),
                  now);
      if (reached && !halted) {
        limits.paces(
            migration.getMetadata().getUid(),
            chain,
            inForce.spec(),
            controls,
            scales.values(),
            byStage,
            readers.size(),
            now);
      }
    } catch (ChainUnavailableException e) {
      return hold(migration, existing); // who was not told of a limit would not keep to it
    }
    List<StageWorkers> workers = new ArrayList<>();
    for (StageSpec stage : inForce.spec().stages()) {
      Deployment actual = byStage.remove(stage.name());
      StageScale scale =
          scales.getOrDefault(
              stage.name(),
              new StageScale(
                  stage.name(), 0, Reason.Suspended, StageWishes.haltReason(migration.getSpec())));
      if (!reached && actual != null && scale.replicas() > Replicas.wanted(actual)) {
        scale =
            scale.withReplicas(
                Replicas.wanted(actual)); // they would share what they were not told of
      }
      boolean mayStart = queuesReady || halted;
      if (actual == null && migration.getSpec().mode() == MigrationSpec.Mode.PlanOnly) {
        continue;
      }
      if (actual == null && (!mayStart || halted)) {
        workers.add(workers(stage.name(), kind(stage), null, scale.withReplicas(0)));
        continue;
      }
      if (current) {
        deployments.apply(migration, chain, inForce, stage, actual, scale.replicas());
      } else if (actual != null) {
        workloads.scale(actual, scale.replicas());
      } else {
        scale = withoutDeployment(scale);
      }
      workers.add(workers(stage.name(), kind(stage), actual, scale));
    }
    byStage.values().forEach(workloads::delete);
    return workers;
  }

  /**
   * What can be done for Deployments whose chain cannot be read now: nothing, but to stop them when
   * the user asks for it.
   */
  List<StageWorkers> hold(Migration migration, Collection<Deployment> existing) {
    List<StageWorkers> workers = new ArrayList<>();
    byStage(existing)
        .forEach(
            (stage, deployment) -> {
              boolean alone =
                  !StageWishes.halted(migration.getSpec())
                      && (StageWishes.names(migration.getSpec(), stage)
                          ? StageWishes.suspended(migration.getSpec(), stage)
                          : StageControls.of(deployment).map(Stage::suspend).orElse(false));
              boolean halted = alone || StageWishes.halted(migration.getSpec());
              if (halted) {
                workloads.scale(deployment, 0);
              }
              String kind = deployment.getMetadata().getLabels().get("app.kubernetes.io/component");
              workers.add(
                  workers(
                      stage,
                      kind == null ? "" : kind,
                      deployment,
                      new StageScale(
                          stage,
                          halted ? 0 : Replicas.wanted(deployment),
                          halted ? Reason.Suspended : Reason.NoData,
                          alone
                              ? StageObservations.SUSPENDED
                              : halted
                                  ? StageWishes.haltReason(migration.getSpec())
                                  : "backlog not known, nothing is changed")));
            });
    return workers;
  }

  /** Of a Deployment that somebody deleted, or that there was no time to make. */
  private static StageScale withoutDeployment(StageScale scale) {
    return new StageScale(
        scale.stage(),
        0,
        scale.reason(),
        scale.message() + "; its Deployment is made once the spec as it is now is planned");
  }

  private static StageWorkers workers(
      String stage, String kind, @Nullable Deployment actual, StageScale scale) {
    return new StageWorkers(
        stage,
        kind,
        new MigrationStatus.Scaling(
            scale.replicas(),
            Replicas.current(actual),
            Replicas.ready(actual),
            scale.reason().name(),
            scale.message()));
  }

  private Map<String, StageScale> scales(
      String uid,
      MigrationSpec spec,
      ChainSpec chain,
      @Nullable ChainSnapshot snapshot,
      Map<String, Integer> caps,
      Map<String, Deployment> byStage,
      Collection<String> readers,
      Instant now) {
    SharedCaps room =
        SharedCaps.of(spec.connections(), caps)
            .without(SnapshotsStep.holders(chain, snapshot))
            .besides(readers, chain);
    List<StageObservation> stages =
        chain.stages().stream()
            .sorted(Comparator.comparingInt(s -> depth(chain, s)))
            .map(s -> StageObservations.of(spec, s, room, snapshot, byStage.get(s.name()), now))
            .toList();
    ScalingPolicy.Decision decision =
        ScalingPolicy.decide(
            stages, room.caps(), grace, histories.getOrDefault(uid, ScalingHistory.NONE), now);
    histories.put(uid, decision.history());
    Map<String, StageScale> scales = new LinkedHashMap<>();
    decision.stages().forEach(s -> scales.put(s.stage(), s));
    return scales;
  }

  /** Forgets a Migration that is gone. */
  void forget(String uid) {
    histories.remove(uid);
    limits.forget(uid);
    deployments.forget(uid);
  }

  private static int depth(ChainSpec chain, StageSpec stage) {
    int depth = 0;
    for (String from = stage.from(); from != null; from = chain.stage(from).from()) {
      depth++;
    }
    return depth;
  }

  private static Map<String, Deployment> byStage(Collection<Deployment> existing) {
    Map<String, Deployment> byStage = new LinkedHashMap<>();
    existing.stream()
        .filter(d -> d.getMetadata().getDeletionTimestamp() == null)
        .sorted(Comparator.comparing(d -> d.getMetadata().getName()))
        .forEach(d -> byStage.put(d.getMetadata().getLabels().get(WorkloadLabels.STAGE), d));
    return byStage;
  }

  private static String kind(StageSpec stage) {
    return StageDeployment.kind(stage);
  }
}
