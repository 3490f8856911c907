package dev.drover.operator.workload;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.api.v1alpha1.Migration;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Brings the cluster's objects to what is wanted, by server-side apply. Thread-safe. */
public final class Workloads {
  /** The field manager of everything that the operator writes. */
  public static final String FIELD_MANAGER = "drover-operator";

  private static final Duration SECRET_REFRESH = Duration.ofMinutes(1);
  private static final PatchContext APPLY =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(FIELD_MANAGER)
          .withForce(true)
          .build();

  private final KubernetesClient client;
  private final @Nullable NatsSecret natsSecret;
  private final Clock clock;
  private final Map<String, Instant> secretsApplied = new ConcurrentHashMap<>();

  /**
   * A writer of objects.
   *
   * @param natsSecret what pods need to know NATS; null if they need nothing
   */
  public Workloads(KubernetesClient client, @Nullable NatsSecret natsSecret, Clock clock) {
    this.client = client;
    this.natsSecret = natsSecret;
    this.clock = clock;
  }

  /**
   * Applies an object unless it is so already.
   *
   * @param actual what the cache shows; null if nothing
   * @return whether it was so already
   */
  public <T extends HasMetadata> boolean apply(@Nullable T actual, T desired) {
    boolean fits = actual != null && DesiredState.covers(json(actual), json(desired));
    if (!fits) {
      client.resource(desired).patch(APPLY);
    }
    return fits;
  }

  /** Sets the workers of a Deployment, and nothing else of it. */
  public void scale(Deployment deployment, int replicas) {
    if (!Integer.valueOf(replicas).equals(deployment.getSpec().getReplicas())) {
      client
          .resource(deployment)
          .patch(
              PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"replicas\":" + replicas + "}}");
    }
  }

  /** Deletes an object and what it owns; it is gone when its pods are. */
  public void delete(HasMetadata object) {
    client.resource(object).withPropagationPolicy(DeletionPropagation.FOREGROUND).delete();
  }

  /** Projects the NATS Secret if pods need one: at first sight, and every minute for rotation. */
  public void ensureNatsSecret(Migration migration) {
    if (natsSecret == null) {
      return;
    }
    String uid = migration.getMetadata().getUid();
    Instant last = secretsApplied.get(uid);
    Instant now = clock.instant();
    if (last == null || last.plus(SECRET_REFRESH).isBefore(now)) {
      client.resource(natsSecret.of(migration)).patch(APPLY);
      secretsApplied.put(uid, now);
    }
  }

  /** Forgets a Migration that is gone. */
  public void forget(String uid) {
    secretsApplied.remove(uid);
  }

  private JsonNode json(HasMetadata object) {
    return client.getKubernetesSerialization().convertValue(object, JsonNode.class);
  }
}
