package dev.drover.e2e;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.client.KubernetesClient;

/** The images of what dev/up has installed, as the cluster knows them. */
record Installation(String nats, String postgres, String operator, String worker) {
  static Installation of(KubernetesClient client) {
    Container operator =
        client
            .apps()
            .deployments()
            .inNamespace("drover-system")
            .withName("drover")
            .get()
            .getSpec()
            .getTemplate()
            .getSpec()
            .getContainers()
            .getFirst();
    return new Installation(
        image(client, "drover-system", "nats"),
        image(client, "default", "legacy-db"),
        operator.getImage(),
        operator.getEnv().stream()
            .filter(e -> e.getName().equals("DROVER_WORKER_IMAGE"))
            .map(EnvVar::getValue)
            .findFirst()
            .orElseThrow());
  }

  private static String image(KubernetesClient client, String namespace, String statefulSet) {
    return client
        .apps()
        .statefulSets()
        .inNamespace(namespace)
        .withName(statefulSet)
        .get()
        .getSpec()
        .getTemplate()
        .getSpec()
        .getContainers()
        .getFirst()
        .getImage();
  }
}
