package dev.drover.operator.migration;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import org.jspecify.annotations.Nullable;

/** How many pods a Deployment has. Pure. */
final class Replicas {
  private Replicas() {}

  /** How many it is to have. */
  static int wanted(Deployment deployment) {
    Integer replicas = deployment.getSpec().getReplicas();
    return replicas == null ? 1 : replicas;
  }

  /** How many there are, starting and ending ones too; 0 of no Deployment. */
  static int current(@Nullable Deployment deployment) {
    if (deployment == null || deployment.getStatus() == null) {
      return 0;
    }
    Integer current = deployment.getStatus().getReplicas();
    return current == null ? 0 : current;
  }

  /** How many of them are ready; 0 of no Deployment. */
  static int ready(@Nullable Deployment deployment) {
    if (deployment == null || deployment.getStatus() == null) {
      return 0;
    }
    Integer ready = deployment.getStatus().getReadyReplicas();
    return ready == null ? 0 : ready;
  }
}
