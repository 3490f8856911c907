package dev.drover.operator.workload;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;

/**
 * How the kubelet asks a worker for its health. Readiness never needs a database connection, so a
 * worker that waits for one of a stage's few connections is ready all the same.
 */
final class WorkerProbes {
  private WorkerProbes() {}

  static ContainerBuilder addTo(ContainerBuilder container) {
    return container
        .withStartupProbe(probe("/health/live", 1, 60))
        .withReadinessProbe(probe("/health/ready", 2, 3))
        .withLivenessProbe(probe("/health/live", 10, 6));
  }

  private static Probe probe(String path, int periodSeconds, int failures) {
    return new ProbeBuilder()
        .withNewHttpGet()
        .withPath(path)
        .withNewPort("metrics")
        .withScheme("HTTP")
        .endHttpGet()
        .withPeriodSeconds(periodSeconds)
        .withTimeoutSeconds(5)
        .withFailureThreshold(failures)
        .build();
  }
}
