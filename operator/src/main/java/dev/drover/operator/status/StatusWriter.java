package dev.drover.operator.status;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes statuses by server-side apply: at once when something happened, every few seconds when
 * only numbers moved, not at all when nothing changed. Remembers what it wrote, because the cache
 * that reconciliations read from lags behind and would show a transition twice. Thread-safe.
 */
public final class StatusWriter {
  private static final Duration PACE = Duration.ofSeconds(3);

  private final KubernetesClient client;
  private final PatchContext apply;
  private final Map<String, Written> written = new ConcurrentHashMap<>();

  public StatusWriter(KubernetesClient client, String fieldManager) {
    this.client = client;
    this.apply =
        new PatchContext.Builder()
            .withPatchType(PatchType.SERVER_SIDE_APPLY)
            .withFieldManager(fieldManager)
            .withForce(true)
            .build();
  }

  /** The status that a Migration has: the one written last, else the one that it came with. */
  public @Nullable MigrationStatus current(Migration migration) {
    Written last = written.get(migration.getMetadata().getUid());
    if (last == null) {
      return migration.getStatus();
    }
    if (last.status() != migration.getStatus() && last.status().equals(migration.getStatus())) {
      // The cache has caught up: one of two equal statuses, of thousands, can go.
      written.put(migration.getMetadata().getUid(), new Written(migration.getStatus(), last.at()));
    }
    return last.status();
  }

  /**
   * Writes a status if it is worth it.
   *
   * @return whether it was written
   */
  public boolean write(Migration migration, MigrationStatus next, Instant now) {
    MigrationStatus before = current(migration);
    Written last = written.get(migration.getMetadata().getUid());
    boolean paced = last == null || !last.at().plus(PACE).isAfter(now);
    if (next.equals(before) || (sameButNumbers(before, next) && !paced)) {
      return false;
    }
    Migration patch = new Migration();
    patch.setMetadata(
        new ObjectMetaBuilder()
            .withName(migration.getMetadata().getName())
            .withNamespace(migration.getMetadata().getNamespace())
            .withUid(migration.getMetadata().getUid())
            .build());
    patch.setStatus(next);
    client.resource(patch).subresource("status").patch(apply);
    written.put(migration.getMetadata().getUid(), new Written(next, now));
    return true;
  }

  /** Forgets a Migration that is gone. */
  public void forget(String uid) {
    written.remove(uid);
  }

  /** Whether two statuses tell the same but for numbers and sentences. */
  static boolean sameButNumbers(@Nullable MigrationStatus a, MigrationStatus b) {
    return a != null && gist(a).equals(gist(b));
  }

  private static List<Object> gist(MigrationStatus status) {
    return List.of(
        String.valueOf(status.observedGeneration()),
        status.conditions().stream()
            .map(c -> c.type() + c.status() + c.reason() + c.observedGeneration())
            .toList(),
        status.stages().stream().map(s -> s.name() + s.state()).toList(),
        String.valueOf(status.scaling()),
        String.valueOf(status.plan()),
        String.valueOf(status.completionTime()));
  }

  private record Written(MigrationStatus status, Instant at) {}
}
