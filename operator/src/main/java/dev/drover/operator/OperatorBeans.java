package dev.drover.operator;

import dev.drover.operator.chain.Chains;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.metrics.MigrationMetrics;
import dev.drover.wire.nats.NatsEndpoint;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** What is made once and shared. */
@ApplicationScoped
public class OperatorBeans {
  /** The client of the cluster that the pod runs in, or of the kubeconfig. */
  @Produces
  @Singleton
  KubernetesClient client() {
    return ClusterClient.of(new ConfigBuilder().build());
  }

  void close(@Disposes KubernetesClient client) {
    client.close();
  }

  /**
   * The operator's meters, in the registry that is served: the one of all would keep them twice.
   */
  @Produces
  @Singleton
  MigrationMetrics metrics(PrometheusMeterRegistry registry) {
    return new MigrationMetrics(registry);
  }

  /** The connection to NATS, made when it is first needed. */
  @Produces
  @Singleton
  NatsLink nats(OperatorSettings settings) {
    OperatorSettings.Nats nats = settings.nats();
    return new NatsLink(
        () ->
            new NatsEndpoint(
                nats.url(), nats.credentialsFile().orElse(null), nats.caFile().orElse(null)));
  }

  void close(@Disposes NatsLink nats) throws InterruptedException {
    nats.close();
  }

  /** The chains in NATS. */
  @Produces
  @Singleton
  Chains chains(NatsLink nats) {
    return new Chains(nats);
  }
}
