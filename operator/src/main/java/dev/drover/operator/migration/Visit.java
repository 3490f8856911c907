package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.chain.Joining;
import dev.drover.operator.status.Observation;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.status.Observation.Planning;
import dev.drover.operator.status.Observation.Queues;
import dev.drover.operator.status.Observation.StageWorkers;
import dev.drover.operator.validation.ChainShape;
import dev.drover.operator.validation.SecretKeys;
import dev.drover.operator.validation.SecretRules;
import dev.drover.operator.validation.SpecValidator;
import dev.drover.operator.workload.RedriveJob;
import dev.drover.operator.workload.SnapshotJob;
import dev.drover.operator.workload.Workloads;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.plan.Finding;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One visit to a Migration, step by step: validate, plan, make queues, run stages. Each step needs
 * those before it. What it returns is all that its status is made of. Thread-safe.
 */
final class Visit {
  private static final Logger LOG = LoggerFactory.getLogger(Visit.class);

  /** NATS is well, only the sum of all decisions is not read to its end after a restart. */
  private static final String STILL_COUNTING = "TallyBehind";

  private final ChainSource chains;
  private final SecretKeys secrets;
  private final Workloads workloads;
  private final PlanningStep planning;
  private final SnapshotsStep snapshots;
  private final StagesStep stages;
  private final FailureWindow failures;

  /**
   * The chain in force of each Migration by uid, so that a plan is read once, and workers can still
   * be scaled and stopped while NATS is away. Only a memory: it is found again after a restart.
   */
  private final Map<String, InForce> known = new ConcurrentHashMap<>();

  Visit(
      ChainSource chains,
      SecretKeys secrets,
      Workloads workloads,
      PlanningStep planning,
      SnapshotsStep snapshots,
      StagesStep stages,
      FailureWindow failures) {
    this.chains = chains;
    this.secrets = secrets;
    this.workloads = workloads;
    this.planning = planning;
    this.snapshots = snapshots;
    this.stages = stages;
    this.failures = failures;
  }

  Observation make(
      Migration migration,
      @Nullable MigrationStatus before,
      Collection<Job> jobs,
      Collection<Deployment> deployments,
      Instant now) {
    MigrationSpec spec = migration.getSpec();
    Chain chain = chain(migration);
    List<Finding> faults = faults(migration, chain, before);
    List<Finding> missing =
        faults.isEmpty()
            ? SecretRules.check(migration.getMetadata().getNamespace(), spec, secrets)
            : List.of();
    String revision = faults.isEmpty() ? Revisions.of(spec) : null;
    Planning planned = plan(migration, chain, revision, planners(jobs), missing, now);
    Shape shape = shape(migration, chain, revision, planned, before);
    planned = shape.planning();
    InForce inForce = shape.inForce();
    List<Finding> findings = faults.isEmpty() ? missing : faults;
    if (inForce == null) {
      Queues queues =
          planned instanceof Planning.NotKnown away
              ? new Queues.Unavailable(away.reason(), away.message())
              : new Queues.NotNeeded();
      List<StageWorkers> held = stages.hold(migration, deployments);
      return new Observation(spec, findings, planned, queues, null, held, null);
    }
    Running running = run(spec, chain, inForce);
    workloads.ensureNatsSecret(migration);
    if (running.snapshot() != null) {
      snapshots.run(migration, chain, inForce, running.snapshot(), jobs);
    }
    List<StageWorkers> workers =
        stages.run(
            migration,
            chain,
            inForce,
            revision,
            running.queues() instanceof Queues.Ready,
            running.snapshot(),
            deployments,
            jobs.stream().flatMap(job -> RedriveJob.reads(job).stream()).toList(),
            now);
    if (running.snapshot() != null) {
      boolean halted = StagesStep.halted(spec);
      show(migration, running.snapshot(), !halted && !running.snapshot().complete());
    }
    return new Observation(
        spec,
        findings,
        planned,
        running.queues(),
        inForce,
        workers,
        running.snapshot(),
        shape.grafting());
  }

  private static List<Job> planners(Collection<Job> jobs) {
    return jobs.stream()
        .filter(job -> SnapshotJob.stage(job).isEmpty() && !RedriveJob.isOne(job))
        .toList();
  }

  private void show(Migration migration, ChainSnapshot snapshot, boolean busy) {
    ChainRef ref = ref(migration);
    if (snapshot.failures().equals(ChainSnapshot.Failures.NONE) && failures.empty(ref)) {
      return;
    }
    try {
      failures.sync(migration, ref, busy);
    } catch (ChainUnavailableException e) {
      LOG.debug("failed records are shown when NATS is back", e);
    }
  }

  Chain chain(Migration migration) {
    return chains.of(ref(migration));
  }

  private static ChainRef ref(Migration migration) {
    return new ChainRef(
        migration.getMetadata().getNamespace(),
        migration.getMetadata().getName(),
        migration.getMetadata().getUid());
  }

  /** Forgets a Migration that is gone. */
  void forget(Migration migration) {
    known.remove(migration.getMetadata().getUid());
    stages.forget(migration.getMetadata().getUid());
    chains.forget(ref(migration));
    failures.forget(migration.getMetadata().getUid());
  }

  /** What is wrong with the spec by itself, or beside the chain that moves records already. */
  private List<Finding> faults(Migration migration, Chain chain, @Nullable MigrationStatus before) {
    List<Finding> faults = SpecValidator.validate(migration.getSpec());
    if (!faults.isEmpty() || before == null || before.startTime() == null) {
      return faults;
    }
    InForce last = last(migration.getMetadata().getUid(), chain, before);
    return last == null
        ? faults
        : ChainShape.changes(last.spec(), ChainMapping.chain(migration.getSpec()));
  }

  private Planning plan(
      Migration migration,
      Chain chain,
      @Nullable String revision,
      Collection<Job> jobs,
      List<Finding> missing,
      Instant now) {
    if (revision == null) {
      return new Planning.NotBegun("SpecInvalid", "planning waits for what SpecValid names");
    }
    planning.endOthers(revision, jobs);
    InForce last = known.get(migration.getMetadata().getUid());
    if (last != null && last.revision().equals(revision)) {
      return new Planning.Done(last.plan());
    }
    return planning.look(migration, chain, revision, jobs, missing, now);
  }

  /**
   * The newest chain that was planned and whose stages are joined: of this spec, else of the one
   * before the last edit. An edit that lets stages come or go is begun only when the status has
   * told what it means.
   */
  private Shape shape(
      Migration migration,
      Chain chain,
      @Nullable String revision,
      Planning planned,
      @Nullable MigrationStatus before) {
    String uid = migration.getMetadata().getUid();
    InForce last = last(uid, chain, before);
    MigrationStatus.Grafting told = before == null ? null : before.grafting();
    if (!(planned instanceof Planning.Done done) || revision == null) {
      return told == null || last == null
          ? new Shape(planned, last, null)
          : withdrawn(migration, chain, planned, last, told);
    }
    InForce fresh = new InForce(revision, ChainMapping.chain(migration.getSpec()), done.plan());
    boolean same = last != null && last.revision().equals(revision);
    if (same && told == null) {
      known.put(uid, fresh);
      return new Shape(planned, fresh, null);
    }
    boolean go =
        told != null && told.revision().equals(revision) && !StagesStep.halted(migration.getSpec());
    try {
      return switch (chain.join(revision, fresh.spec(), migration.getSpec().queues(), go)) {
        case Joining.Joined j -> {
          known.put(uid, fresh);
          yield new Shape(planned, fresh, null);
        }
        case Joining.Underway u ->
            new Shape(planned, joined(last, chain, u.now()), grafting(revision, u.changes()));
        case Joining.Refused r ->
            new Shape(new Planning.Refused(r.findings()), joined(last, chain, r.now()), null);
      };
    } catch (ChainUnavailableException e) {
      return new Shape(planned, last, told);
    }
  }

  /** An edit came over one that was being carried out: what was closed for that opens again. */
  private static Shape withdrawn(
      Migration migration,
      Chain chain,
      Planning planned,
      InForce last,
      MigrationStatus.Grafting told) {
    MigrationSpec.Queues queues = migration.getSpec().queues();
    try {
      return switch (chain.join(last.revision(), last.spec(), queues, false)) {
        case Joining.Joined j -> new Shape(planned, last, null);
        case Joining.Underway u -> new Shape(planned, joined(last, chain, u.now()), null);
        case Joining.Refused r -> new Shape(planned, joined(last, chain, r.now()), null);
      };
    } catch (ChainUnavailableException e) {
      return new Shape(planned, last, told);
    }
  }

  /** The chain that runs while stages are joined otherwise than the spec has them. */
  private static @Nullable InForce joined(@Nullable InForce last, Chain chain, Edges now) {
    if (last != null && now.areOf(last.spec())) {
      return last;
    }
    // An operator that ended between the cut-over and the status that tells of it.
    return chain
        .spec(now.revision())
        .flatMap(s -> chain.plan(now.revision()).map(p -> new InForce(now.revision(), s, p)))
        .orElse(null);
  }

  private static MigrationStatus.Grafting grafting(String revision, List<Joining.Change> changes) {
    return new MigrationStatus.Grafting(
        revision,
        changes.stream()
            .map(
                c ->
                    new MigrationStatus.Graft(
                        c.stage(),
                        c.kind().name(),
                        c.draining() ? "EdgeDraining" : "Planned",
                        c.message()))
            .toList());
  }

  /**
   * What planning comes to beside the chain that runs.
   *
   * @param grafting how stages come or go; null when none does
   */
  private record Shape(
      Planning planning, @Nullable InForce inForce, MigrationStatus.@Nullable Grafting grafting) {}

  /** The chain that was planned last, remembered or found by the status; null if there is none. */
  private @Nullable InForce last(String uid, Chain chain, @Nullable MigrationStatus before) {
    InForce last = known.get(uid);
    if (last != null || before == null || before.plan() == null) {
      return last;
    }
    String earlier = before.plan().revision();
    try {
      return chain
          .spec(earlier)
          .flatMap(s -> chain.plan(earlier).map(p -> new InForce(earlier, s, p)))
          .filter(f -> f.plan().startable())
          .map(
              f -> {
                known.put(uid, f);
                return f;
              })
          .orElse(null);
    } catch (ChainUnavailableException e) {
      return null;
    }
  }

  private static Running run(MigrationSpec spec, Chain chain, InForce inForce) {
    boolean halted = StagesStep.halted(spec);
    try {
      if (!halted) {
        chain.ensureQueues(inForce.spec(), spec.queues());
      }
      ChainSnapshot snapshot =
          spec.mode() == MigrationSpec.Mode.PlanOnly
              ? null
              : chain.advance(inForce.revision(), inForce.spec(), inForce.plan(), halted);
      return new Running(halted ? new Queues.NotNeeded() : ready(chain, spec), snapshot);
    } catch (ChainUnavailableException e) {
      return new Running(
          e.reason().equals(STILL_COUNTING)
              ? ready(chain, spec)
              : new Queues.Unavailable(e.reason(), String.valueOf(e.getMessage())),
          null);
    }
  }

  private static Queues ready(Chain chain, MigrationSpec spec) {
    return new Queues.Ready(chain.danger(spec.queues()).orElse(null));
  }

  private record Running(Queues queues, @Nullable ChainSnapshot snapshot) {}
}
