package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.backfill.BackfillRules;
import dev.drover.operator.backfill.PrivatePaths;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.ChainUnavailableException;
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
import dev.drover.wire.plan.Finding;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
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
  private final JoiningStep joining;
  private final SnapshotsStep snapshots;
  private final StagesStep stages;
  private final FailureWindow failures;

  Visit(
      ChainSource chains,
      SecretKeys secrets,
      Workloads workloads,
      PlanningStep planning,
      JoiningStep joining,
      SnapshotsStep snapshots,
      StagesStep stages,
      FailureWindow failures) {
    this.chains = chains;
    this.secrets = secrets;
    this.workloads = workloads;
    this.planning = planning;
    this.joining = joining;
    this.snapshots = snapshots;
    this.stages = stages;
    this.failures = failures;
  }

  Observation make(
      Migration asked,
      @Nullable MigrationStatus before,
      Collection<Job> jobs,
      Collection<Deployment> deployments,
      Instant now) {
    Chain chain = chain(asked);
    if (before != null && before.startTime() != null) {
      chain.begun();
    }
    JoiningStep.Subject subject =
        new JoiningStep.Subject(
            asked.getMetadata().getUid(),
            asked.getSpec().queues(),
            asked.getSpec().abandonedStages(),
            StageWishes.halted(asked.getSpec()),
            before);
    Optional<ChainUnavailableException> away = joining.recall(subject, chain);
    List<Finding> faults = faults(asked, before);
    List<Finding> missing =
        faults.isEmpty()
            ? SecretRules.check(asked.getMetadata().getNamespace(), asked.getSpec(), secrets)
            : List.of();
    Migration migration = PrivatePaths.expanded(asked);
    MigrationSpec spec = migration.getSpec();
    String revision = faults.isEmpty() ? Revisions.of(spec) : null;
    Planning planned =
        away.isPresent() && revision != null
            ? new Planning.NotKnown(away.get().reason(), String.valueOf(away.get().getMessage()))
            : plan(migration, chain, revision, planners(jobs), missing, now);
    InForce fresh =
        planned instanceof Planning.Done done && revision != null
            ? new InForce(revision, ChainMapping.chain(spec), done.plan())
            : null;
    JoiningStep.Shape shape = joining.shape(subject, chain, planned, fresh);
    planned = shape.planning();
    InForce inForce = shape.inForce();
    List<Finding> findings = faults.isEmpty() ? missing : faults;
    if (inForce == null) {
      Queues queues =
          planned instanceof Planning.NotKnown unknown
              ? new Queues.Unavailable(unknown.reason(), unknown.message())
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
            fresh != null && shape.grafting() != null,
            running.queues() instanceof Queues.Ready,
            running.snapshot(),
            deployments,
            jobs.stream().map(RedriveJob::reads).filter(reads -> !reads.isEmpty()).toList(),
            now);
    show(migration, running, StageWishes.halted(spec));
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

  /** Also while nothing can be counted yet: what may be shown may have become less. */
  private void show(Migration migration, Running running, boolean halted) {
    ChainRef ref = ref(migration);
    ChainSnapshot snapshot = running.snapshot();
    if (snapshot == null && !(running.queues() instanceof Queues.Ready)) {
      return;
    }
    boolean none =
        snapshot != null
            && snapshot.failures().equals(ChainSnapshot.Failures.NONE)
            && failures.empty(ref);
    boolean busy = !halted && (snapshot == null || !snapshot.complete());
    if (!none) {
      whileNatsAnswers(() -> failures.sync(migration, ref, busy));
    }
    whileNatsAnswers(() -> failures.upkeep(migration, ref));
  }

  private static void whileNatsAnswers(Runnable showing) {
    try {
      showing.run();
    } catch (ChainUnavailableException e) {
      LOG.debug("what failed is shown when NATS is back", e);
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
    joining.forget(migration.getMetadata().getUid());
    stages.forget(migration.getMetadata().getUid());
    chains.forget(ref(migration));
    failures.forget(migration.getMetadata().getUid());
  }

  /** What is wrong with the spec by itself, or beside the chain that moves records already. */
  private List<Finding> faults(Migration migration, @Nullable MigrationStatus before) {
    List<Finding> faults = SpecValidator.validate(migration.getSpec());
    if (!faults.isEmpty()) {
      return faults;
    }
    if (before == null || before.startTime() == null) {
      return BackfillRules.beforeTheStart(migration.getSpec());
    }
    InForce last = joining.last(migration.getMetadata().getUid());
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
    InForce last = joining.last(migration.getMetadata().getUid());
    if (last != null && last.revision().equals(revision)) {
      return new Planning.Done(last.plan());
    }
    return planning.look(migration, chain, revision, jobs, missing, now);
  }

  private static Running run(MigrationSpec spec, Chain chain, InForce inForce) {
    boolean halted = StageWishes.halted(spec);
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
