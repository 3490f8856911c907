package dev.drover.operator.migration;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/**
 * Keeps one copy of what the pods of all stages have in common: probes, volumes, most variables.
 * They are nearly all of a Deployment, and there are thousands of it. Nobody edits what comes out
 * of a cache, so it can be shared. Thread-safe.
 */
final class SharedParts {
  /** So that parts which are no longer in use do not add up for ever. */
  private static final int MOST = 10_000;

  private final Map<Object, Object> parts = new ConcurrentHashMap<>();

  /** Makes parts of an object and of its pods those that equal ones have. */
  void in(ObjectMeta object, PodTemplateSpec template) {
    in(object);
    ObjectMeta ofPods = template.getMetadata();
    if (ofPods != null) {
      in(ofPods);
      if (ofPods.getLabels().equals(object.getLabels())) {
        ofPods.setLabels(object.getLabels());
      }
    }
    PodSpec pod = template.getSpec();
    pod.setVolumes(all(pod.getVolumes()));
    pod.setSecurityContext(one(pod.getSecurityContext()));
    pod.getContainers().forEach(this::in);
  }

  private void in(ObjectMeta object) {
    object.setOwnerReferences(all(object.getOwnerReferences()));
    object.getLabels().replaceAll((key, value) -> value.intern());
    object.getAnnotations().replaceAll((key, value) -> value.intern());
  }

  private void in(Container container) {
    container.setEnv(all(container.getEnv()));
    container.setPorts(all(container.getPorts()));
    container.setVolumeMounts(all(container.getVolumeMounts()));
    container.setResources(one(container.getResources()));
    container.setSecurityContext(one(container.getSecurityContext()));
    container.setStartupProbe(one(container.getStartupProbe()));
    container.setReadinessProbe(one(container.getReadinessProbe()));
    container.setLivenessProbe(one(container.getLivenessProbe()));
  }

  private <T> List<T> all(List<T> list) {
    list.replaceAll((UnaryOperator<T>) this::one);
    return list;
  }

  @SuppressWarnings("unchecked")
  <T> T one(T part) {
    if (part == null) {
      return part;
    }
    if (parts.size() > MOST) {
      parts.clear();
    }
    Object first = parts.putIfAbsent(part, part);
    return first == null ? part : (T) first;
  }
}
