package dev.drover.operator.workload;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The pods of a Job, looked at only while none of them is ready. Thread-safe. */
public final class JobPods {
  private static final String JOB_NAME = "batch.kubernetes.io/job-name";

  /** What a pod takes to start when all is well; nothing is asked before. */
  private static final Duration STARTS_WITHIN = Duration.ofSeconds(3);

  /** In which a Job has a pod, if it may have one. */
  private static final Duration MADE_WITHIN = Duration.ofSeconds(10);

  private final KubernetesClient client;

  /** Over the operator's connection. */
  public JobPods(KubernetesClient client) {
    this.client = client;
  }

  /** Why the newest pod of a Job does not start; empty if it runs, or is on its way. */
  public Optional<String> trouble(Job job, Instant now) {
    boolean ready =
        job.getStatus() != null
            && job.getStatus().getReady() != null
            && job.getStatus().getReady() > 0;
    if (ready
        || created(job.getMetadata().getCreationTimestamp()).plus(STARTS_WITHIN).isAfter(now)) {
      return Optional.empty();
    }
    String namespace = job.getMetadata().getNamespace();
    try {
      List<Pod> all =
          client
              .pods()
              .inNamespace(namespace)
              .withLabel(JOB_NAME, job.getMetadata().getName())
              .list()
              .getItems();
      if (all.isEmpty()
          && (ended(job)
              || created(job.getMetadata().getCreationTimestamp())
                  .plus(MADE_WITHIN)
                  .isAfter(now))) {
        return Optional.empty();
      }
      return all.isEmpty()
          ? Optional.of(
              "Job %s has no pod, so something does not let it have one, such as a quota: see kubectl describe job %s -n %s"
                  .formatted(job.getMetadata().getName(), job.getMetadata().getName(), namespace))
          : all.stream()
              .max(Comparator.comparing((Pod pod) -> pod.getMetadata().getCreationTimestamp()))
              .flatMap(
                  pod ->
                      PodTrouble.of(pod, secret -> keys(namespace, secret))
                          .map(
                              t -> "pod " + pod.getMetadata().getName() + " does not start: " + t));
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
        return Optional.empty(); // whoever installed it lets the operator read no pods
      }
      throw e;
    }
  }

  private static boolean ended(Job job) {
    return RedriveJob.ended(job) || job.getMetadata().getDeletionTimestamp() != null;
  }

  private static Instant created(String timestamp) {
    return timestamp == null ? Instant.EPOCH : Instant.parse(timestamp);
  }

  private Optional<Set<String>> keys(String namespace, String name) {
    Secret secret = client.secrets().inNamespace(namespace).withName(name).get();
    if (secret == null) {
      return Optional.empty();
    }
    Set<String> keys = new HashSet<>();
    if (secret.getData() != null) {
      keys.addAll(secret.getData().keySet());
    }
    return Optional.of(keys);
  }
}
