package dev.drover.operator.migration;

import static java.util.Objects.requireNonNullElse;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.HttpLookup;
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
import dev.drover.operator.schedule.Windows;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.status.Observation.StageWorkers;
import dev.drover.operator.validation.SpecValidator;
import dev.drover.operator.workload.StageControls;
import dev.drover.operator.workload.StageDeployment;
import dev.drover.operator.workload.WorkloadLabels;
import dev.drover.operator.workload.Workloads;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.Pace;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Gives every stage of the chain in force its Deployment, with as many workers as scaling says.
 * Only a stage whose own work or connection changed is rolled: the others keep the revision in
 * which their workers read it. Thread-safe.
 */
final class StagesStep {
  private final Workloads workloads;
  private final StageDeployment deployments;
  private final Duration grace;

  /** What scaling remembers of each Migration, by its uid; found anew after a restart. */
  private final Map<String, ScalingHistory> histories = new ConcurrentHashMap<>();

  /**
   * The rollouts of stages that keep to requests a second, by the Migration's uid and the stage.
   */
  private final Map<String, Map<String, Rollout>> rollouts = new ConcurrentHashMap<>();

  /**
   * The Deployments that were found to be as wanted, by the Migration's uid and the stage: two
   * objects are compared by their JSON, which is most of what a visit costs. Only a memory.
   */
  private final Map<String, Map<String, Fit>> fits = new ConcurrentHashMap<>();

  /** What a Deployment was compared with: all that decides what is wanted, and its own version. */
  private record Fit(
      String version, @Nullable Long generation, String revision, StageSpec stage, int replicas) {}

  /**
   * @param grace how long a worker that is told to leave may take
   */
  StagesStep(Workloads workloads, StageDeployment deployments, Duration grace) {
    this.workloads = workloads;
    this.deployments = deployments;
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
        revision == null ? legible(migration.getSpec(), byStage, now) : migration.getSpec();
    MigrationSpec controls = controls(asked, inForce.spec(), byStage, grafting);
    // What is not counted yet can be told all the same.
    boolean reached = snapshot != null || queuesReady;
    if (reached && (current || grafting)) {
      try {
        ChainSpec told =
            current ? inForce.spec() : BudgetWishes.told(migration.getSpec(), inForce.spec());
        chain.budget(
            told,
            BudgetWishes.of(migration.getSpec(), told, stage -> current(byStage.get(stage)) == 0));
      } catch (ChainUnavailableException e) {
        // Workers that were not told of a budget would not keep to it.
        return hold(migration, existing);
      }
    }
    Map<String, Integer> caps = caps(migration.getSpec());
    Set<String> asBefore =
        new HashSet<>(revision == null ? SpecValidator.refusedCaps(migration.getSpec()) : Set.of());
    leaving(inForce.spec(), caps.keySet())
        .forEach(
            connection -> {
              caps.put(connection, Connection.DEFAULT_MAX_CONNECTIONS);
              asBefore.add(connection);
            });
    if (!reached) {
      caps.keySet().removeAll(asBefore);
    } else {
      try {
        // Also while it is suspended: who is ending, and others at the same server, keep to them.
        caps.putAll(chain.caps(caps, asBefore));
      } catch (ChainUnavailableException e) {
        return hold(migration, existing);
      }
    }
    Map<String, StageScale> scales =
        halted(migration.getSpec())
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
    // Who is ending keeps to what was told until he has ended.
    if (reached && !halted(migration.getSpec())) {
      try {
        chain.pace(
            inForce.spec(),
            paces(
                migration.getMetadata().getUid(),
                controls,
                scales.values(),
                byStage,
                readers.size(),
                now),
            grace);
      } catch (ChainUnavailableException e) {
        // More workers that share a rate they were not told of would exceed it.
        return hold(migration, existing);
      }
    }
    List<StageWorkers> workers = new ArrayList<>();
    for (StageSpec stage : inForce.spec().stages()) {
      Deployment actual = byStage.remove(stage.name());
      StageScale scale =
          scales.getOrDefault(
              stage.name(),
              new StageScale(stage.name(), 0, Reason.Suspended, haltReason(migration.getSpec())));
      if (!reached && actual != null && scale.replicas() > replicas(actual)) {
        scale = scale.withReplicas(replicas(actual)); // they would share what they were not told of
      }
      boolean mayStart = queuesReady || halted(migration.getSpec());
      if (actual == null && migration.getSpec().mode() == MigrationSpec.Mode.PlanOnly) {
        continue;
      }
      if (actual == null && (!mayStart || halted(migration.getSpec()))) {
        workers.add(workers(stage.name(), kind(stage), null, scale.withReplicas(0)));
        continue;
      }
      if (inForce.revision().equals(revision)) {
        apply(migration, chain, inForce, stage, actual, scale.replicas());
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
                  !halted(migration.getSpec())
                      && (names(migration.getSpec(), stage)
                          ? suspended(migration.getSpec(), stage)
                          : StageControls.of(deployment).map(Stage::suspend).orElse(false));
              boolean halted = alone || halted(migration.getSpec());
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
                          halted ? 0 : replicas(deployment),
                          halted ? Reason.Suspended : Reason.NoData,
                          alone
                              ? StageObservations.SUSPENDED
                              : halted
                                  ? haltReason(migration.getSpec())
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
            current(actual),
            ready(actual),
            scale.reason().name(),
            scale.message()));
  }

  /**
   * A spec that was refused, with windows that can be told: a stage whose own cannot keeps to those
   * that it had.
   */
  static MigrationSpec legible(MigrationSpec spec, Map<String, Deployment> byStage, Instant now) {
    return spec.withStages(
        spec.stages().stream()
            .map(
                stage ->
                    stage.scale().windows().stream()
                            .allMatch(w -> Windows.problem(w, now).isEmpty())
                        ? stage
                        : withWindows(stage, windowsBefore(byStage.get(stage.name()))))
            .toList());
  }

  private static List<Stage.Window> windowsBefore(@Nullable Deployment deployment) {
    return Optional.ofNullable(deployment)
        .flatMap(StageControls::of)
        .map(stage -> stage.scale().windows())
        .orElse(List.of());
  }

  private static Stage withWindows(Stage stage, List<Stage.Window> windows) {
    Stage.Scale scale = stage.scale();
    return new Stage(
        stage.name(),
        stage.from(),
        stage.extract(),
        stage.transform(),
        stage.enrich(),
        stage.load(),
        new Stage.Scale(
            scale.minReplicas(),
            scale.maxReplicas(),
            scale.targetDrainSeconds(),
            scale.maxRecordsPerSecond(),
            windows),
        stage.errorBudget(),
        stage.suspend(),
        stage.backfill());
  }

  /**
   * The spec, and of each stage that runs though an edit took it out what was asked of it before:
   * if the edit is refused, all of it. While the edit is carried out, the stage is to be drained,
   * so it goes on if it was suspended, but no faster than it may.
   */
  private static MigrationSpec controls(
      MigrationSpec spec, ChainSpec runs, Map<String, Deployment> byStage, boolean grafting) {
    List<Stage> stages = new ArrayList<>(spec.stages());
    for (StageSpec stage : runs.stages()) {
      Deployment deployment = byStage.get(stage.name());
      if (deployment != null && !names(spec, stage.name())) {
        StageControls.of(deployment)
            .map(kept -> grafting ? goingOn(kept) : kept)
            .ifPresent(stages::add);
      }
    }
    return spec.withStages(stages);
  }

  private static Stage goingOn(Stage stage) {
    return new Stage(
        stage.name(),
        stage.from(),
        stage.extract(),
        stage.transform(),
        stage.enrich(),
        stage.load(),
        stage.scale(),
        stage.errorBudget(),
        false,
        stage.backfill());
  }

  private static boolean names(MigrationSpec spec, String stage) {
    return spec.stages().stream().anyMatch(s -> s.name().equals(stage));
  }

  static boolean suspended(MigrationSpec spec, String stage) {
    return spec.stages().stream().anyMatch(s -> s.name().equals(stage) && s.suspend());
  }

  static boolean halted(MigrationSpec spec) {
    return spec.suspend() || spec.mode() == MigrationSpec.Mode.PlanOnly;
  }

  private static String haltReason(MigrationSpec spec) {
    return spec.suspend() ? "spec.suspend is true" : "spec.mode is PlanOnly";
  }

  private void apply(
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
    Connection connection = connection(migration.getSpec(), connectionName(stage));
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

  private static Map<String, Integer> caps(MigrationSpec spec) {
    Map<String, Integer> caps = new LinkedHashMap<>();
    spec.connections()
        .forEach(
            c ->
                caps.put(
                    c.name(),
                    requireNonNullElse(c.maxConnections(), Connection.DEFAULT_MAX_CONNECTIONS)));
    return caps;
  }

  /** Connections of stages that run on until they are drained, though an edit took both out. */
  private static Set<String> leaving(ChainSpec runs, Set<String> asked) {
    return runs.stages().stream()
        .map(StagesStep::connectionName)
        .filter(Objects::nonNull)
        .filter(connection -> !asked.contains(connection))
        .collect(Collectors.toSet());
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
    histories.remove(uid);
    rollouts.remove(uid);
    fits.remove(uid);
  }

  private static int depth(ChainSpec chain, StageSpec stage) {
    int depth = 0;
    for (String from = stage.from(); from != null; from = chain.stage(from).from()) {
      depth++;
    }
    return depth;
  }

  static @Nullable String connectionName(StageSpec stage) {
    return switch (stage) {
      case StageSpec.Extract e -> e.connectionName();
      case StageSpec.Transform t -> null;
      case StageSpec.Enrich e -> e.connectionName();
      case StageSpec.Load l -> l.connectionName();
    };
  }

  private static @Nullable Connection connection(MigrationSpec spec, @Nullable String name) {
    return spec.connections().stream().filter(c -> c.name().equals(name)).findFirst().orElse(null);
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

  static int replicas(Deployment deployment) {
    Integer replicas = deployment.getSpec().getReplicas();
    return replicas == null ? 1 : replicas;
  }

  private static int current(@Nullable Deployment deployment) {
    if (deployment == null || deployment.getStatus() == null) {
      return 0;
    }
    Integer current = deployment.getStatus().getReplicas();
    return current == null ? 0 : current;
  }

  static int ready(@Nullable Deployment deployment) {
    if (deployment == null || deployment.getStatus() == null) {
      return 0;
    }
    Integer ready = deployment.getStatus().getReadyReplicas();
    return ready == null ? 0 : ready;
  }
}
