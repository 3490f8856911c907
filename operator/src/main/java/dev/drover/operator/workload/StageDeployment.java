package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.wire.plan.StageSpec;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The Deployment that runs a stage's workers. */
public final class StageDeployment {
  private static final String REVISION_VARIABLE = "DROVER_REVISION";

  private final WorkloadSettings settings;

  public StageDeployment(WorkloadSettings settings) {
    this.settings = settings;
  }

  /**
   * The Deployment as it should be.
   *
   * @param migration its owner
   * @param stage the stage, as planned
   * @param connection the connection that the stage uses; null for one that uses none
   * @param revision the chain revision in which the workers find their stage's spec
   * @param stageHash hash of the stage's own spec and connection; a new one rolls the workers
   * @param replicas how many workers
   */
  public Deployment of(
      Migration migration,
      StageSpec stage,
      @Nullable Connection connection,
      String revision,
      String stageHash,
      int replicas) {
    String component = kind(stage);
    Map<String, String> labels = WorkloadLabels.of(migration, component);
    labels.put(WorkloadLabels.STAGE, stage.name());
    Map<String, String> annotations = WorkerPod.scrapeAnnotations();
    annotations.put(WorkloadLabels.STAGE_HASH, stageHash);
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("DROVER_STAGE", stage.name());
    environment.put(REVISION_VARIABLE, revision);
    List<Connection> connections = connection == null ? List.of() : List.of(connection);
    List<Stage> lookups =
        migration.getSpec().stages().stream().filter(s -> s.name().equals(stage.name())).toList();
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName(WorkloadNames.deployment(migration, stage.name()))
        .withNamespace(migration.getMetadata().getNamespace())
        .withLabels(labels)
        .withAnnotations(
            lookups.isEmpty()
                ? Map.of()
                : Map.of(StageControls.ANNOTATION, StageControls.written(lookups.getFirst())))
        .withOwnerReferences(WorkloadLabels.owner(migration))
        .endMetadata()
        .withNewSpec()
        .withReplicas(replicas)
        .withRevisionHistoryLimit(2)
        .withNewSelector()
        .withMatchLabels(
            Map.of(
                WorkloadLabels.MIGRATION,
                migration.getMetadata().getName(),
                WorkloadLabels.STAGE,
                stage.name()))
        .endSelector()
        .withNewStrategy()
        .withType("RollingUpdate")
        .withNewRollingUpdate()
        .withMaxSurge(new IntOrString(connection == null ? 1 : 0))
        .withMaxUnavailable(new IntOrString(connection == null ? 0 : 1))
        .endRollingUpdate()
        .endStrategy()
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(labels)
        .withAnnotations(annotations)
        .endMetadata()
        .withSpec(
            new WorkerPod(settings)
                .of(
                    migration,
                    "Always",
                    new WorkerPod.Task("run", environment, connections, lookups, true)))
        .endTemplate()
        .endSpec()
        .build();
  }

  /** The word for a stage's kind, as labels and status show it. */
  public static String kind(StageSpec stage) {
    return switch (stage) {
      case StageSpec.Extract e -> "extract";
      case StageSpec.Transform t -> "transform";
      case StageSpec.Enrich e -> "enrich";
      case StageSpec.Load l -> "load";
    };
  }

  /** The stage hash that a Deployment's workers run with; null if it bears none. */
  public static @Nullable String stageHash(Deployment deployment) {
    Map<String, String> annotations =
        deployment.getSpec().getTemplate().getMetadata().getAnnotations();
    return annotations == null ? null : annotations.get(WorkloadLabels.STAGE_HASH);
  }

  /** The chain revision that a Deployment's workers read; null if it bears none. */
  public static @Nullable String revision(Deployment deployment) {
    return deployment.getSpec().getTemplate().getSpec().getContainers().stream()
        .flatMap(c -> c.getEnv().stream())
        .filter(e -> e.getName().equals(REVISION_VARIABLE))
        .map(e -> e.getValue())
        .findFirst()
        .orElse(null);
  }
}
