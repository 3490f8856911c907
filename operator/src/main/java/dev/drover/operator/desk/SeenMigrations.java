package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.privacy.Redaction;
import dev.drover.operator.status.Halts;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What each Migration hides of its failed records, and which of its stages take none, as its last
 * visit saw it. Before its first visit the Migration itself is asked, so that nothing is ever shown
 * that it hides. Thread-safe.
 */
final class SeenMigrations {
  private final KubernetesClient client;
  private final Map<String, Seen> byUid = new ConcurrentHashMap<>();

  /**
   * One of them.
   *
   * @param redaction what may be shown
   * @param halts stages that have no workers whatever they have to do, and why
   */
  record Seen(Redaction redaction, Map<String, MigrationStatus.Scaling> halts) {
    /** What is to be added where a record is at a stage; empty if that may work. */
    String standing(String stage) {
      MigrationStatus.Scaling halt = halts.get(stage);
      return halt == null
          ? ""
          : "; stage %s takes nothing now, %s: %s".formatted(stage, halt.reason(), halt.message());
    }
  }

  SeenMigrations(KubernetesClient client) {
    this.client = client;
  }

  /** A visit saw a Migration. */
  Seen saw(Migration migration) {
    Seen seen = new Seen(Redaction.of(migration.getSpec()), Halts.of(migration.getStatus()));
    byUid.put(migration.getMetadata().getUid(), seen);
    return seen;
  }

  /** What was seen of a chain's Migration; empty if there is no such Migration any more. */
  Optional<Seen> of(ChainRef ref) {
    Seen known = byUid.get(ref.uid());
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
