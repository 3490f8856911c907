package dev.drover.operator.validation;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Secrets of the cluster, one at a time: the operator may get a Secret by name and never lists
 * them. A Secret that was there is not asked for again for half a minute; a missing one always is.
 * Thread-safe.
 */
public final class ClusterSecrets implements SecretKeys {
  private static final Duration TRUSTED = Duration.ofSeconds(30);

  private final KubernetesClient client;
  private final Clock clock;
  private final Map<String, Seen> seen = new ConcurrentHashMap<>();

  public ClusterSecrets(KubernetesClient client, Clock clock) {
    this.client = client;
    this.clock = clock;
  }

  @Override
  public Optional<Set<String>> of(String namespace, String name) {
    Instant now = clock.instant();
    String id = namespace + "/" + name;
    Seen last = seen.get(id);
    if (last != null && last.at.plus(TRUSTED).isAfter(now)) {
      return Optional.of(last.keys);
    }
    Secret secret = client.secrets().inNamespace(namespace).withName(name).get();
    if (secret == null) {
      seen.remove(id);
      return Optional.empty();
    }
    Set<String> keys = secret.getData() == null ? Set.of() : Set.copyOf(secret.getData().keySet());
    seen.put(id, new Seen(keys, now));
    return Optional.of(keys);
  }

  private record Seen(Set<String> keys, Instant at) {}
}
