package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.workload.SnapshotJob;
import dev.drover.operator.workload.Workloads;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a snapshot held for each extract that reads through one: made before its workers, left alone
 * whatever is edited or suspended, released when all is read. What is lost is not taken again.
 * Thread-safe.
 */
final class SnapshotsStep {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotsStep.class);

  private final Workloads workloads;
  private final SnapshotJob snapshotJob;

  SnapshotsStep(Workloads workloads, SnapshotJob snapshotJob) {
    this.workloads = workloads;
    this.snapshotJob = snapshotJob;
  }

  /**
   * Makes and removes the Jobs of a chain.
   *
   * @param jobs the Migration's Jobs, as the cache shows them
   */
  void run(
      Migration migration,
      Chain chain,
      InForce inForce,
      ChainSnapshot snapshot,
      Collection<Job> jobs) {
    jobs.stream()
        .filter(job -> SnapshotJob.stage(job).filter(s -> gone(inForce, s)).isPresent())
        .forEach(this::remove);
    for (StageSpec stage : inForce.spec().stages()) {
      if (stage instanceof StageSpec.Extract extract && readsThroughOne(stage)) {
        Optional<Job> job = jobs.stream().filter(j -> holdsFor(j, stage.name())).findFirst();
        if (done(snapshot, stage.name())) {
          release(chain, stage.name(), job);
        } else if (snapshot.snapshotLost(stage.name())) {
          job.filter(SnapshotJob::ended).ifPresent(this::remove);
        } else if (job.isEmpty() && mayStart(migration, stage.name())) {
          // An edit that is refused may have named it otherwise: then it is made after the next.
          migration.getSpec().connections().stream()
              .filter(c -> c.name().equals(extract.connectionName()))
              .findFirst()
              .map(c -> snapshotJob.of(migration, stage.name(), c, inForce.revision()))
              .ifPresent(made -> workloads.apply(null, made));
        } else {
          // One that ended in any other way holds nothing: the next says what became of it.
          job.filter(SnapshotJob::ended).ifPresent(this::remove);
        }
      }
    }
  }

  /** The connections of snapshots that are held or will be, once for each. */
  static List<String> holders(ChainSpec chain, @Nullable ChainSnapshot snapshot) {
    return chain.stages().stream()
        .filter(s -> snapshot == null || !done(snapshot, s.name()))
        .filter(SnapshotsStep::readsThroughOne)
        .map(s -> ((StageSpec.Extract) s).connectionName())
        .toList();
  }

  /** A copy of an extract goes with the graft that it was for. */
  private static boolean gone(InForce inForce, String stage) {
    return inForce.spec().stages().stream().noneMatch(s -> s.name().equals(stage));
  }

  private static boolean readsThroughOne(StageSpec stage) {
    return stage instanceof StageSpec.Extract extract
        && extract.consistency() == StageSpec.Consistency.Snapshot;
  }

  private static boolean mayStart(Migration migration, String stage) {
    return !StageWishes.halted(migration.getSpec())
        && !StageWishes.suspended(migration.getSpec(), stage);
  }

  private void release(Chain chain, String stage, Optional<Job> job) {
    try {
      chain.releaseSnapshot(stage);
      job.ifPresent(this::remove);
    } catch (ChainUnavailableException e) {
      LOG.debug("a snapshot is released when NATS is back", e);
    }
  }

  private void remove(Job job) {
    if (job.getMetadata().getDeletionTimestamp() == null) {
      workloads.delete(job);
    }
  }

  private static boolean holdsFor(Job job, String stage) {
    return SnapshotJob.stage(job).filter(stage::equals).isPresent();
  }

  private static boolean done(ChainSnapshot snapshot, String stage) {
    return snapshot.stages().stream()
        .filter(s -> s.name().equals(stage))
        .anyMatch(StageSnapshot::done);
  }
}
