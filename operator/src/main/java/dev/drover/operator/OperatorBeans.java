package dev.drover.operator;

import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.metrics.MigrationMetrics;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.function.Function;

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

  /** The operator's meters. */
  @Produces
  @Singleton
  MigrationMetrics metrics(MeterRegistry registry) {
    return new MigrationMetrics(registry);
  }

  /** The chains in NATS. */
  @Produces
  @Singleton
  Function<ChainRef, Chain> chains() {
    return ref -> {
      throw new ChainUnavailableException(
          "NotBuilt", "this build has no NATS part yet", new IllegalStateException());
    };
  }
}
