package dev.drover.operator.migration;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.informers.cache.BasicItemStore;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import java.util.List;

/**
 * A cache of objects without their managed fields, which nothing here reads and which take more
 * memory than all the rest of an object; of pods, what is equal is kept once. For one informer: a
 * second one would remove what the first brought. Thread-safe.
 */
final class LeanCache<T extends HasMetadata> extends BasicItemStore<T> {
  private final SharedParts parts = new SharedParts();

  LeanCache() {
    super(Cache::metaNamespaceKeyFunc);
  }

  @Override
  public T put(String key, T object) {
    object.getMetadata().setManagedFields(List.of());
    switch (object) {
      case Deployment d -> {
        d.getSpec().setStrategy(parts.one(d.getSpec().getStrategy()));
        parts.in(d.getMetadata(), d.getSpec().getTemplate());
      }
      case Job j -> parts.in(j.getMetadata(), j.getSpec().getTemplate());
      default -> {}
    }
    return super.put(key, object);
  }
}
