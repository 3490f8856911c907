package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.Migration;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The Job whose one pod holds the snapshot of an extract stage until all is read. It is made once
 * and left as it is: whatever is edited, a new pod would be a lost snapshot.
 */
public final class SnapshotJob {
  private static final String COMPONENT = "snapshot";

  /** A crash loses the snapshot; the pod that follows says so and ends. */
  private static final int BACKOFF_LIMIT = 1000;

  private final WorkloadSettings settings;

  public SnapshotJob(WorkloadSettings settings) {
    this.settings = settings;
  }

  /**
   * The Job as it is made.
   *
   * @param connection where the stage reads
   * @param revision the chain revision whose tables are held
   */
  public Job of(Migration migration, String stage, Connection connection, String revision) {
    Map<String, String> labels = WorkloadLabels.of(migration, COMPONENT);
    labels.put(WorkloadLabels.STAGE, stage);
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("DROVER_STAGE", stage);
    environment.put("DROVER_REVISION", revision);
    Map<String, String> annotations = WorkerPod.scrapeAnnotations();
    // By which those who tidy up nodes leave a pod where it is.
    annotations.put("cluster-autoscaler.kubernetes.io/safe-to-evict", "false");
    annotations.put("karpenter.sh/do-not-disrupt", "true");
    return new JobBuilder()
        .withNewMetadata()
        .withName(WorkloadNames.snapshotJob(migration, stage))
        .withNamespace(migration.getMetadata().getNamespace())
        .withLabels(labels)
        .withOwnerReferences(WorkloadLabels.owner(migration))
        .endMetadata()
        .withNewSpec()
        .withBackoffLimit(BACKOFF_LIMIT)
        .withPodReplacementPolicy("Failed")
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(labels)
        .withAnnotations(annotations)
        .endMetadata()
        .withSpec(
            new WorkerPod(settings)
                .of(
                    migration,
                    "OnFailure",
                    new WorkerPod.Task("hold", environment, List.of(connection), false)))
        .endTemplate()
        .endSpec()
        .build();
  }

  /** The stage whose snapshot a Job holds; empty if it is another's Job. */
  public static Optional<String> stage(Job job) {
    Map<String, String> labels = job.getMetadata().getLabels();
    return COMPONENT.equals(labels.get("app.kubernetes.io/component"))
        ? Optional.ofNullable(labels.get(WorkloadLabels.STAGE))
        : Optional.empty();
  }

  /** Whether a Job ended, well or not. */
  public static boolean ended(Job job) {
    return PlanJob.ended(job);
  }
}
