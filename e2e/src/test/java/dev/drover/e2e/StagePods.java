package dev.drover.e2e;

import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The workers of a Migration's stages. */
public record StagePods(Cluster cluster, String migration) {
  /** Every pod of a stage, those that end included. */
  public List<Pod> all(String stage) {
    return cluster
        .client
        .pods()
        .inNamespace("default")
        .withLabel("drover.dev/migration", migration)
        .withLabel("drover.dev/stage", stage)
        .list()
        .getItems();
  }

  /** Names of every pod of a stage. */
  public Set<String> names(String stage) {
    return all(stage).stream().map(p -> p.getMetadata().getName()).collect(Collectors.toSet());
  }

  /** Those that are ready, also if they are to end. */
  public List<Pod> ready(String stage) {
    return all(stage).stream().filter(p -> readySince(p) != null).toList();
  }

  /** Those that run and are not to end. */
  public List<Pod> running(String stage) {
    return all(stage).stream()
        .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
        .filter(p -> "Running".equals(p.getStatus().getPhase()))
        .toList();
  }

  /** Those that were told to end and have not yet. */
  public List<Pod> ending(String stage) {
    return all(stage).stream().filter(p -> p.getMetadata().getDeletionTimestamp() != null).toList();
  }

  /** Since when a pod is ready, by the API server, in whole seconds; null if it is not. */
  public static @Nullable Instant readySince(Pod pod) {
    return pod.getStatus().getConditions().stream()
        .filter(c -> c.getType().equals("Ready") && c.getStatus().equals("True"))
        .map(c -> Instant.parse(c.getLastTransitionTime()))
        .findFirst()
        .orElse(null);
  }

  /** What the Migration's status says of a stage. */
  public StageStatus status(String stage) {
    return cluster.status(migration).stages().stream()
        .filter(s -> s.name().equals(stage))
        .findFirst()
        .orElseThrow();
  }
}
