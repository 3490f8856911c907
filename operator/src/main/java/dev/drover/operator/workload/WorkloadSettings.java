package dev.drover.operator.workload;

import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.time.Duration;
import java.util.List;

/**
 * What the operator's own installation says about worker pods.
 *
 * @param image the worker's image, a full reference
 * @param imagePullPolicy IfNotPresent, Always or Never
 * @param imagePullSecrets names of pull Secrets in the Migration's namespace
 * @param javaOptions options of the worker's JVM
 * @param resources requests and limits of a worker
 * @param gracePeriod how long a worker that is told to leave may take to finish what it has begun
 * @param natsUrl where workers reach NATS
 * @param natsCredentials whether workers need a credentials file for NATS
 * @param natsCa whether workers need a CA file for NATS
 */
public record WorkloadSettings(
    String image,
    String imagePullPolicy,
    List<String> imagePullSecrets,
    String javaOptions,
    ResourceRequirements resources,
    Duration gracePeriod,
    String natsUrl,
    boolean natsCredentials,
    boolean natsCa) {
  public WorkloadSettings {
    imagePullSecrets = List.copyOf(imagePullSecrets);
  }

  /** Whether pods need the projected Secret, see {@link NatsSecret}. */
  public boolean natsSecretNeeded() {
    return natsCredentials || natsCa;
  }
}
