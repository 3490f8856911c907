package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.api.v1alpha1.StartAt;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The Job that carries out a Redrive. It needs NATS, and no database unless it reads rows at the
 * source again and looks up for them what the stages on their way do.
 */
public final class RedriveJob {
  /** What ends it early ends with it; a crash is tried again for a long time. */
  private static final int BACKOFF_LIMIT = 1000;

  private static final String COMPONENT = "redrive";

  /** The connections that a Job reads, with commas between. */
  private static final String READS = "drover.dev/reads";

  private final WorkloadSettings settings;

  public RedriveJob(WorkloadSettings settings) {
    this.settings = settings;
  }

  /** The Job as it should be. */
  public Job of(Migration migration, Redrive redrive) {
    boolean fromSource = redrive.getSpec().startAt() == StartAt.Source;
    List<String> sessions = fromSource ? sessions(migration) : List.of();
    WorkerPod.Task task =
        task(
            redrive.getMetadata().getUid(),
            migration.getSpec().connections().stream()
                .filter(c -> sessions.contains(c.name()))
                .toList(),
            fromSource ? migration.getSpec().stages() : List.of());
    return job(
        migration, redrive, redrive.getMetadata().getUid(), task, String.join(",", sessions));
  }

  /**
   * The Job that brings a deleted Redrive to its end. It needs NATS alone, and belongs to the
   * Migration.
   */
  public Job ofWithdrawn(Migration migration, String uid) {
    return job(migration, migration, uid, task(uid, List.of(), List.of()), "");
  }

  private static WorkerPod.Task task(
      String uid, List<Connection> connections, List<Stage> lookups) {
    return new WorkerPod.Task(
        "redrive", Map.of("DROVER_REDRIVE", uid), connections, lookups, false);
  }

  private Job job(
      Migration migration, HasMetadata owner, String uid, WorkerPod.Task task, String reads) {
    Map<String, String> labels = WorkloadLabels.of(migration, COMPONENT);
    return new JobBuilder()
        .withNewMetadata()
        .withName(name(migration, uid))
        .withNamespace(migration.getMetadata().getNamespace())
        .withLabels(labels)
        .withAnnotations(reads.isEmpty() ? Map.of() : Map.of(READS, reads))
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion(owner.getApiVersion())
                .withKind(owner.getKind())
                .withName(owner.getMetadata().getName())
                .withUid(owner.getMetadata().getUid())
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

  /** Where it has a session: one where extracts read, and one more for each enrich. */
  private static List<String> sessions(Migration migration) {
    List<Stage> stages = migration.getSpec().stages();
    return Stream.concat(
            stages.stream()
                .map(Stage::extract)
                .filter(Objects::nonNull)
                .map(Stage.Extract::connectionName)
                .distinct(),
            stages.stream()
                .map(Stage::enrich)
                .filter(Objects::nonNull)
                .map(Stage.Enrich::connectionName)
                .filter(Objects::nonNull))
        .toList();
  }

  /** Whether a Job carries out a Redrive. */
  public static boolean isOne(Job job) {
    return COMPONENT.equals(job.getMetadata().getLabels().get("app.kubernetes.io/component"));
  }

  /** The connections at which a Redrive's Job may have a session each; none once it has ended. */
  public static List<String> reads(Job job) {
    Map<String, String> annotations = job.getMetadata().getAnnotations();
    String reads = annotations == null ? null : annotations.get(READS);
    return reads == null || ended(job) ? List.of() : List.of(reads.split(",", -1));
  }

  /** Name of a Redrive's Job. */
  public static String name(Migration migration, Redrive redrive) {
    return name(migration, redrive.getMetadata().getUid());
  }

  /** The same, by the Redrive's uid. */
  public static String name(Migration migration, String uid) {
    return WorkloadNames.redriveJob(migration, uid);
  }

  /** Whether a Job ended, well or not. */
  public static boolean ended(Job job) {
    return PlanJob.ended(job);
  }
}
