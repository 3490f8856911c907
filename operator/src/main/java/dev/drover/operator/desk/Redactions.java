package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.privacy.Redaction;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What each Migration hides of its failed records, as its last visit saw it. Before its first visit
 * the Migration itself is asked, so that nothing is ever shown that it hides. Thread-safe.
 */
final class Redactions {
  private final KubernetesClient client;
  private final Map<String, Redaction> byUid = new ConcurrentHashMap<>();

  Redactions(KubernetesClient client) {
    this.client = client;
  }

  /** A visit saw a Migration. */
  Redaction saw(Migration migration) {
    Redaction redaction = Redaction.of(migration.getSpec());
    byUid.put(migration.getMetadata().getUid(), redaction);
    return redaction;
  }

  /** What a chain's Migration hides; empty if there is no such Migration any more. */
  Optional<Redaction> of(ChainRef ref) {
    Redaction known = byUid.get(ref.uid());
    if (known != null) {
      return Optional.of(known);
    }
    Migration migration =
        client.resources(Migration.class).inNamespace(ref.namespace()).withName(ref.name()).get();
    return migration == null || !migration.getMetadata().getUid().equals(ref.uid())
        ? Optional.empty()
        : Optional.of(saw(migration));
  }

  /** A Migration is gone. */
  void forget(String uid) {
    byUid.remove(uid);
  }
}
