package dev.drover.worker;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * What the operator tells a pod by its environment.
 *
 * @param namespace DROVER_NAMESPACE, the Migration's
 * @param migration DROVER_MIGRATION, its name
 * @param uid DROVER_UID, its uid
 * @param stage DROVER_STAGE; absent for planning and redriving
 * @param redrive DROVER_REDRIVE, uid of the Redrive to carry out; absent for anything else
 * @param revision DROVER_REVISION, the chain revision to work by; a Redrive needs none
 * @param pod HOSTNAME
 * @param secrets DROVER_SECRETS, folder of the connections' secrets
 * @param httpPort DROVER_HTTP_PORT, of metrics and health
 * @param grace DROVER_GRACE_SECONDS, the time between SIGTERM and SIGKILL; 30 s, as Kubernetes has
 *     it, if nobody says so
 */
record WorkerEnvironment(
    String namespace,
    String migration,
    String uid,
    Optional<String> stage,
    Optional<String> redrive,
    String revision,
    String pod,
    Path secrets,
    int httpPort,
    Duration grace,
    NatsEndpoint nats) {

  /**
   * Reads the environment.
   *
   * @throws IllegalStateException if something that must be there is missing or makes no sense,
   *     naming it
   */
  static WorkerEnvironment read(Map<String, String> environment) {
    return new WorkerEnvironment(
        required(environment, "DROVER_NAMESPACE"),
        required(environment, "DROVER_MIGRATION"),
        required(environment, "DROVER_UID"),
        Optional.ofNullable(environment.get("DROVER_STAGE")).filter(stage -> !stage.isBlank()),
        Optional.ofNullable(environment.get("DROVER_REDRIVE")).filter(uid -> !uid.isBlank()),
        environment.containsKey("DROVER_REDRIVE")
            ? environment.getOrDefault("DROVER_REVISION", "")
            : required(environment, "DROVER_REVISION"),
        environment.getOrDefault("HOSTNAME", "worker"),
        Path.of(environment.getOrDefault("DROVER_SECRETS", "/etc/drover/connections")),
        port(environment.getOrDefault("DROVER_HTTP_PORT", "8080")),
        grace(environment.getOrDefault("DROVER_GRACE_SECONDS", "30")),
        NatsEndpoint.from(environment));
  }

  private static int port(String text) {
    try {
      int port = Integer.parseInt(text);
      if (port >= 0 && port <= 65_535) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalStateException("DROVER_HTTP_PORT is " + text + ": name a port, 0 to 65535");
  }

  private static Duration grace(String text) {
    try {
      long seconds = Long.parseLong(text);
      if (seconds > 0) {
        return Duration.ofSeconds(seconds);
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalStateException(
        "DROVER_GRACE_SECONDS is " + text + ": name whole seconds, at least 1");
  }

  private static String required(Map<String, String> environment, String name) {
    String value = environment.get(name);
    if (value == null || value.isBlank()) {
      throw new IllegalStateException(
          name + " is not set: workers are started by the Drover operator, which sets it");
    }
    return value;
  }

  ChainNames names() {
    return ChainNames.of(namespace, migration, uid);
  }
}
