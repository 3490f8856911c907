package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Migration;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** The Job that plans a revision: it alone sees the secrets of every connection. */
public final class PlanJob {
  /** The planner waits for databases itself; a crash is tried again for a long time. */
  private static final int BACKOFF_LIMIT = 1000;

  private final WorkloadSettings settings;

  public PlanJob(WorkloadSettings settings) {
    this.settings = settings;
  }

  /** The Job as it should be. */
  public Job of(Migration migration, String revision) {
    Map<String, String> labels = WorkloadLabels.of(migration, "plan");
    labels.put(WorkloadLabels.REVISION, revision);
    WorkerPod.Task task =
        new WorkerPod.Task(
            "plan", Map.of("DROVER_REVISION", revision), migration.getSpec().connections(), false);
    return new JobBuilder()
        .withNewMetadata()
        .withName(WorkloadNames.planJob(migration, revision))
        .withNamespace(migration.getMetadata().getNamespace())
        .withLabels(labels)
        .withOwnerReferences(WorkloadLabels.owner(migration))
        .endMetadata()
        .withNewSpec()
        .withBackoffLimit(BACKOFF_LIMIT)
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(labels)
        .endMetadata()
        .withSpec(new WorkerPod(settings).of(migration, "OnFailure", task))
        .endTemplate()
        .endSpec()
        .build();
  }

  /** Whether a Job plans another revision than this, or with another image. */
  public boolean outdated(Job job, String revision) {
    boolean sameImage =
        job.getSpec().getTemplate().getSpec().getContainers().stream()
            .allMatch(c -> settings.image().equals(c.getImage()));
    return !revision.equals(job.getMetadata().getLabels().get(WorkloadLabels.REVISION))
        || !(sameImage || ended(job));
  }

  /** Whether a Job ended, well or not, that long ago. */
  public static boolean endedBefore(Job job, Instant now, Duration ago) {
    return conditions(job).stream()
        .filter(c -> c.getLastTransitionTime() != null)
        .anyMatch(c -> !Instant.parse(c.getLastTransitionTime()).plus(ago).isAfter(now));
  }

  static boolean ended(Job job) {
    return !conditions(job).isEmpty();
  }

  private static List<io.fabric8.kubernetes.api.model.batch.v1.JobCondition> conditions(Job job) {
    if (job.getStatus() == null || job.getStatus().getConditions() == null) {
      return List.of();
    }
    return job.getStatus().getConditions().stream()
        .filter(c -> c.getStatus().equals("True"))
        .filter(c -> c.getType().equals("Complete") || c.getType().equals("Failed"))
        .toList();
  }
}
