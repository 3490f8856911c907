package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Redrive;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.List;
import java.util.Map;

/** The Job that carries out a Redrive: it needs NATS and no database. */
public final class RedriveJob {
  /** What ends it early ends with it; a crash is tried again for a long time. */
  private static final int BACKOFF_LIMIT = 1000;

  private final WorkloadSettings settings;

  public RedriveJob(WorkloadSettings settings) {
    this.settings = settings;
  }

  /** The Job as it should be. */
  public Job of(Migration migration, Redrive redrive) {
    Map<String, String> labels = WorkloadLabels.of(migration, "redrive");
    WorkerPod.Task task =
        new WorkerPod.Task(
            "redrive", Map.of("DROVER_REDRIVE", redrive.getMetadata().getUid()), List.of(), false);
    return new JobBuilder()
        .withNewMetadata()
        .withName(name(migration, redrive))
        .withNamespace(redrive.getMetadata().getNamespace())
        .withLabels(labels)
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion(redrive.getApiVersion())
                .withKind(redrive.getKind())
                .withName(redrive.getMetadata().getName())
                .withUid(redrive.getMetadata().getUid())
                .withController(true)
                .build())
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

  /** Name of a Redrive's Job. */
  public static String name(Migration migration, Redrive redrive) {
    return WorkloadNames.redriveJob(migration, redrive.getMetadata().getUid());
  }

  /** Whether a Job ended, well or not. */
  public static boolean ended(Job job) {
    return PlanJob.ended(job);
  }
}
