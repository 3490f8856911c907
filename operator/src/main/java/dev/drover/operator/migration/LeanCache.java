package dev.drover.operator.migration;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.informers.cache.BasicItemStore;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import java.util.List;

/**
 * A cache of objects without their managed fields, which nothing here reads and which take more
 * memory than all the rest of an object. For one informer: a second one would remove what the first
 * brought. Thread-safe.
 */
final class LeanCache<T extends HasMetadata> extends BasicItemStore<T> {
  LeanCache() {
    super(Cache::metaNamespaceKeyFunc);
  }

  @Override
  public T put(String key, T object) {
    object.getMetadata().setManagedFields(List.of());
    return super.put(key, object);
  }
}
