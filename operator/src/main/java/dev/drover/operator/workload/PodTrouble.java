package dev.drover.operator.workload;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Why a pod's worker does not run, as far as it can be told. Pure. */
final class PodTrouble {
  /** What a container waits for that is merely on its way. */
  private static final Set<String> ON_ITS_WAY = Set.of("ContainerCreating", "PodInitializing");

  private PodTrouble() {}

  /**
   * The reason, then what Kubernetes says of it; empty if the pod runs or is on its way.
   *
   * @param keys the keys of a Secret by its name; empty if there is no such Secret. Asked only
   *     while the pod is on its way, for of a Secret that it lacks the pod itself says nothing
   */
  static Optional<String> of(Pod pod, Function<String, Optional<Set<String>>> keys) {
    PodStatus status = pod.getStatus();
    if (status == null
        || !Set.of("Pending", "Running").contains(String.valueOf(status.getPhase()))) {
      return Optional.empty();
    }
    Optional<String> unplaced =
        status.getConditions().stream()
            .filter(c -> c.getType().equals("PodScheduled") && c.getStatus().equals("False"))
            .findFirst()
            .map(PodTrouble::text);
    if (unplaced.isPresent()) {
      return unplaced;
    }
    List<ContainerStatus> containers = status.getContainerStatuses();
    for (ContainerStatus container : containers) {
      ContainerState state = container.getState();
      if (state != null && state.getRunning() != null) {
        return Optional.empty();
      }
      if (state != null
          && state.getWaiting() != null
          && !ON_ITS_WAY.contains(String.valueOf(state.getWaiting().getReason()))) {
        return Optional.of(
            text(state.getWaiting().getReason(), state.getWaiting().getMessage())
                + ended(container.getLastState()));
      }
    }
    return "Pending".equals(status.getPhase()) ? lacking(pod, keys) : Optional.empty();
  }

  private static String text(PodCondition condition) {
    return text(condition.getReason(), condition.getMessage());
  }

  private static String text(@Nullable String reason, @Nullable String message) {
    String named = reason == null ? "NotStarted" : reason;
    return message == null || message.isBlank() ? named : named + ": " + message;
  }

  /** How a container ended that is begun anew; not what it wrote last. */
  private static String ended(@Nullable ContainerState last) {
    return last == null || last.getTerminated() == null
        ? ""
        : "; it ended before with exit code %d (%s)"
            .formatted(last.getTerminated().getExitCode(), last.getTerminated().getReason());
  }

  private static Optional<String> lacking(Pod pod, Function<String, Optional<Set<String>>> keys) {
    return mounted(pod).stream().flatMap(m -> lacking(m, keys)).findFirst();
  }

  private static Stream<String> lacking(
      Mounted mounted, Function<String, Optional<Set<String>>> keys) {
    Optional<Set<String>> there = keys.apply(mounted.secret());
    if (there.isEmpty()) {
      return Stream.of(
          "SecretNotFound: it mounts Secret %s, which is not there: create it"
              .formatted(mounted.secret()));
    }
    return mounted.keys().stream()
        .filter(key -> !there.get().contains(key))
        .map(
            key ->
                "SecretNotFound: it mounts Secret %s, which has no key %s: add it"
                    .formatted(mounted.secret(), key));
  }

  private record Mounted(String secret, List<String> keys) {}

  private static List<Mounted> mounted(Pod pod) {
    List<Mounted> mounted = new ArrayList<>();
    for (Volume volume : pod.getSpec().getVolumes()) {
      if (volume.getSecret() != null && !Boolean.TRUE.equals(volume.getSecret().getOptional())) {
        mounted.add(
            new Mounted(volume.getSecret().getSecretName(), keys(volume.getSecret().getItems())));
      }
      if (volume.getProjected() != null) {
        volume.getProjected().getSources().stream()
            .map(VolumeProjection::getSecret)
            .filter(s -> s != null && !Boolean.TRUE.equals(s.getOptional()))
            .forEach(s -> mounted.add(new Mounted(s.getName(), keys(s.getItems()))));
      }
    }
    return mounted;
  }

  private static List<String> keys(@Nullable List<KeyToPath> items) {
    return items == null ? List.of() : items.stream().map(KeyToPath::getKey).toList();
  }
}
