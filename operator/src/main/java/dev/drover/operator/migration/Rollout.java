package dev.drover.operator.migration;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a Deployment has told of pods that its rollouts have replaced, one look after the other:
 * they finish what they have begun, and nobody counts them. A Deployment itself tells of the latest
 * rollout only; those before it are remembered until the last of their pods has ended. Immutable.
 *
 * @param turns those of which pods may be at work, the latest last
 */
record Rollout(List<Turn> turns) {
  private static final String REVISION = "deployment.kubernetes.io/revision";

  /** Before the first look. */
  static final Rollout NONE = new Rollout(List.of());

  /**
   * One rollout.
   *
   * @param revision the Deployment's, of the pods that it brought
   * @param last when it was under way last, as far as it is known
   */
  record Turn(String revision, Instant last) {}

  Rollout {
    turns = List.copyOf(turns);
  }

  /**
   * The same after a look at the Deployment. Scaling is no rollout, nor do the first pods of a
   * Deployment replace any.
   *
   * @param grace how long a pod may take to end
   */
  Rollout seen(@Nullable Deployment deployment, Duration grace, Instant now) {
    List<Turn> next = new ArrayList<>(turns);
    Turn latest = latest(deployment, now);
    if (latest != null) {
      next.removeIf(turn -> turn.revision().equals(latest.revision()));
      next.add(latest);
    }
    next.removeIf(turn -> !turn.last().plus(grace).isAfter(now));
    return next.equals(turns) ? this : new Rollout(next);
  }

  /**
   * How many pods may be at work.
   *
   * @param own the most that there were of one kind for as long as a pod may take to end: since
   *     then, each may have been replaced by each rollout, also those that left when there were to
   *     be fewer
   */
  int atWork(int own) {
    return own * (1 + turns.size());
  }

  private static @Nullable Turn latest(@Nullable Deployment deployment, Instant now) {
    DeploymentStatus status = deployment == null ? null : deployment.getStatus();
    if (deployment == null || status == null) {
      return null;
    }
    Map<String, String> annotations = deployment.getMetadata().getAnnotations();
    String revision = annotations == null ? null : annotations.get(REVISION);
    if (revision == null || revision.equals("1")) {
      return null;
    }
    if (orZero(status.getUpdatedReplicas()) < orZero(status.getReplicas())) {
      return new Turn(revision, now);
    }
    Optional<Instant> over =
        status.getConditions().stream()
            .filter(c -> c.getType().equals("Progressing") && c.getLastUpdateTime() != null)
            .map(c -> Instant.parse(c.getLastUpdateTime()))
            .findFirst();
    return over.map(last -> new Turn(revision, last)).orElse(null);
  }

  private static int orZero(@Nullable Integer number) {
    return Objects.requireNonNullElse(number, 0);
  }
}
