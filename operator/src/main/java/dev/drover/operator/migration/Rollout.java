package dev.drover.operator.migration;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a Deployment tells of pods that a rollout has replaced. Pure. */
final class Rollout {
  private static final String REVISION = "deployment.kubernetes.io/revision";

  private Rollout() {}

  /**
   * How many pods may be at work, with those that a rollout replaces: they finish what they have
   * begun, and nobody counts them. All of them are reckoned with while it lasts, and until the last
   * may have ended. Scaling is no rollout, nor do the first pods of a Deployment replace any.
   *
   * @param own the most that it had of one kind for as long as a pod may take to end: since then,
   *     each may have been replaced, also those that left when there were to be fewer
   * @param grace how long a pod may take to end
   */
  static int atWork(int own, @Nullable Deployment deployment, Duration grace, Instant now) {
    DeploymentStatus status = deployment == null ? null : deployment.getStatus();
    if (deployment == null || status == null || isFirst(deployment)) {
      return own;
    }
    boolean rolling = orZero(status.getUpdatedReplicas()) < orZero(status.getReplicas());
    boolean lately =
        status.getConditions().stream()
            .filter(c -> c.getType().equals("Progressing") && c.getLastUpdateTime() != null)
            .anyMatch(c -> Instant.parse(c.getLastUpdateTime()).plus(grace).isAfter(now));
    return rolling || lately ? 2 * own : own;
  }

  private static boolean isFirst(Deployment deployment) {
    Map<String, String> annotations = deployment.getMetadata().getAnnotations();
    String revision = annotations == null ? null : annotations.get(REVISION);
    return revision == null || revision.equals("1");
  }

  private static int orZero(@Nullable Integer number) {
    return Objects.requireNonNullElse(number, 0);
  }
}
