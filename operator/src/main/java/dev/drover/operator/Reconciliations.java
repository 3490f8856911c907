package dev.drover.operator;

import dev.drover.api.v1alpha1.Migration;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.api.config.Cloner;
import io.javaoperatorsdk.operator.api.config.ConfigurationServiceOverrider;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import java.util.concurrent.Executors;

/** How the SDK runs reconciliations, whatever they reconcile. */
public final class Reconciliations {
  /**
   * The most visits at once. A thousand Migrations that are applied together, or found at a start,
   * take their turns: each visit that is under way holds memory, and a request at the API server,
   * where the renewal of the Lease stands in the same line. More at once would not be done sooner,
   * but for visits that wait for a NATS which does not answer.
   */
  public static final int AT_ONCE = 50;

  private Reconciliations() {}

  /** Configures an operator that uses this client, which stays open when it stops. */
  public static void configure(ConfigurationServiceOverrider config, KubernetesClient client) {
    config
        .withKubernetesClient(client)
        .withCloseClientOnStop(false)
        .withResourceCloner(new SharingCloner(client))
        .withExecutorService(
            Executors.newFixedThreadPool(
                AT_ONCE, Thread.ofVirtual().name("reconcile-", 0).factory()));
  }

  /**
   * Lets one of several operators work. The Lease is renewed by a thread that no reconciliation
   * uses.
   *
   * @param lost called when another may lead from now on, also when the operator stops
   */
  public static void elect(
      ConfigurationServiceOverrider config, String namespace, String lease, Runnable lost) {
    config.withLeaderElectionConfiguration(
        LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(lease)
            .withLeaseNamespace(namespace)
            .withExitOnStopLeading(false)
            .withLeaderCallbacks(new LeaderCallbacks(() -> {}, lost, leader -> {}))
            .build());
  }

  /**
   * Copies a Migration's metadata, which the SDK edits, and shares its spec and status, which are
   * immutable. By way of JSON, as the SDK would do it at each visit, it cost a sixth of the visit.
   */
  private record SharingCloner(KubernetesClient client) implements Cloner {
    @Override
    @SuppressWarnings("unchecked")
    public <R extends HasMetadata> R clone(R object) {
      if (object instanceof Migration migration) {
        Migration copy = new Migration();
        copy.setMetadata(new ObjectMetaBuilder(migration.getMetadata()).build());
        copy.setSpec(migration.getSpec());
        copy.setStatus(migration.getStatus());
        return (R) copy;
      }
      return client.getKubernetesSerialization().clone(object);
    }
  }
}
