package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.privacy.Redaction;
import dev.drover.operator.status.Halts;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.HashMap;
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
   * @param standing by stage, why it takes nothing now or does not move on
   */
  record Seen(Redaction redaction, Map<String, String> standing) {
    private static Seen of(Migration migration) {
      Map<String, String> standing = new HashMap<>();
      MigrationStatus status = migration.getStatus();
      if (status != null) {
        status.stages().stream()
            .filter(stage -> stage.stalled() != null)
            .forEach(
                stage ->
                    standing.put(
                        stage.name(),
                        "; stage %s waits, %s".formatted(stage.name(), stage.stalled())));
      }
      Halts.of(status)
          .forEach(
              (stage, halt) ->
                  standing.put(
                      stage,
                      "; stage %s takes nothing now, %s: %s"
                          .formatted(stage, halt.reason(), halt.message())));
      return new Seen(Redaction.of(migration.getSpec()), Map.copyOf(standing));
    }

    /** What is to be added where a record is at a stage; empty if that is at work. */
    String standing(String stage) {
      return standing.getOrDefault(stage, "");
    }
  }

  SeenMigrations(KubernetesClient client) {
    this.client = client;
  }

  /** A visit saw a Migration. */
  Seen saw(Migration migration) {
    Seen seen = Seen.of(migration);
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
