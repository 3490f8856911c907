package dev.drover.operator.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Plays, in one namespace, the controllers that a lone API server lacks: Deployments become ready,
 * and what is deleted in the foreground goes once its (absent) pods are gone.
 */
public final class Kubelets implements AutoCloseable {
  private final KubernetesClient client;
  private final String namespace;
  private final ScheduledExecutorService clockwork =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());

  public Kubelets(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
    clockwork.scheduleWithFixedDelay(this::turn, 0, 100, TimeUnit.MILLISECONDS);
  }

  private void turn() {
    try {
      for (Deployment d : client.apps().deployments().inNamespace(namespace).list().getItems()) {
        if (d.getMetadata().getDeletionTimestamp() != null) {
          letGo(d);
        } else if (d.getStatus() == null
            || !Objects.equals(d.getStatus().getReadyReplicas(), d.getSpec().getReplicas())) {
          int replicas = d.getSpec().getReplicas();
          client
              .resource(d)
              .editStatus(
                  now -> {
                    now.setStatus(
                        new DeploymentStatusBuilder()
                            .withReplicas(replicas)
                            .withUpdatedReplicas(replicas)
                            .withReadyReplicas(replicas)
                            .withAvailableReplicas(replicas)
                            .withObservedGeneration(now.getMetadata().getGeneration())
                            .build());
                    return now;
                  });
        }
      }
      for (Job j : client.batch().v1().jobs().inNamespace(namespace).list().getItems()) {
        if (j.getMetadata().getDeletionTimestamp() != null) {
          letGo(j);
        }
      }
    } catch (KubernetesClientException e) {
      // Somebody else changed the object meanwhile: the next turn sees it as it is.
    }
  }

  private void letGo(HasMetadata object) {
    client
        .resource(object)
        .edit(
            now -> {
              now.getMetadata().setFinalizers(List.of());
              return now;
            });
  }

  @Override
  public void close() {
    clockwork.shutdownNow();
  }
}
