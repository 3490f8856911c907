package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.status.Observation.Planning;
import dev.drover.operator.workload.PlanJob;
import dev.drover.operator.workload.Workloads;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.Finding;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Gets a revision planned: publishes the chain's spec, keeps one Job of the worker image at it, and
 * reads what it wrote. A plan that was refused is tried again every minute, for a table that was
 * missing may have been made meanwhile.
 */
final class PlanningStep {
  static final Duration TRY_AGAIN = Duration.ofSeconds(60);

  private final Workloads workloads;
  private final PlanJob planJob;

  PlanningStep(Workloads workloads, PlanJob planJob) {
    this.workloads = workloads;
    this.planJob = planJob;
  }

  /**
   * Where planning of a revision is, after having moved it on.
   *
   * @param jobs the Migration's plan Jobs, as the cache shows them
   * @param missing what keeps the planner from starting, such as a missing Secret
   */
  Planning look(
      Migration migration,
      Chain chain,
      String revision,
      Collection<Job> jobs,
      List<Finding> missing,
      Instant now) {
    Optional<Job> job = jobs.stream().filter(j -> !planJob.outdated(j, revision)).findFirst();
    try {
      Optional<ChainPlan> plan = chain.plan(revision);
      if (plan.isPresent() && plan.get().startable()) {
        return new Planning.Done(plan.get());
      }
      Optional<Planning> refused = plan.map(PlanningStep::refused);
      if (migration.getSpec().suspend()) {
        job.ifPresent(workloads::delete);
        return refused.orElse(
            new Planning.NotBegun("Suspended", "spec.suspend is true: nothing is planned"));
      }
      if (!missing.isEmpty()) {
        return refused.orElse(
            new Planning.NotBegun(
                missing.getFirst().reason(), "planning waits for what SpecValid names"));
      }
      keepPlanning(migration, chain, revision, jobs, job, now);
      return refused.orElseGet(
          () ->
              new Planning.Pending(
                  chain.planProgress(revision).orElse("the plan Job reads the databases")));
    } catch (ChainUnavailableException e) {
      return new Planning.NotKnown(e.reason(), String.valueOf(e.getMessage()));
    }
  }

  /** Ends Jobs that plan what nobody wants any more: an earlier edit, perhaps one taken back. */
  void endOthers(String revision, Collection<Job> jobs) {
    jobs.stream()
        .filter(j -> planJob.outdated(j, revision))
        .filter(j -> j.getMetadata().getDeletionTimestamp() == null)
        .forEach(workloads::delete);
  }

  private void keepPlanning(
      Migration migration,
      Chain chain,
      String revision,
      Collection<Job> jobs,
      Optional<Job> job,
      Instant now) {
    boolean leaving = jobs.stream().anyMatch(j -> j.getMetadata().getDeletionTimestamp() != null);
    if (job.isEmpty() && !leaving) {
      MigrationSpec spec = migration.getSpec();
      chain.publishSpec(revision, ChainMapping.chain(spec), spec.queues());
      workloads.ensureNatsSecret(migration);
      workloads.apply(null, planJob.of(migration, revision));
    } else if (job.isPresent() && PlanJob.endedBefore(job.get(), now, TRY_AGAIN)) {
      workloads.delete(job.get());
    }
  }

  private static Planning refused(ChainPlan plan) {
    return new Planning.Refused(
        plan.findings().stream().filter(f -> f.severity() == Finding.Severity.Error).toList());
  }
}
