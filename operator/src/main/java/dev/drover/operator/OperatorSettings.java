package dev.drover.operator;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The operator's settings. Each can be given as an environment variable: {@code
 * drover.worker.image} is DROVER_WORKER_IMAGE. The chart sets them all.
 */
@ConfigMapping(prefix = "drover")
public interface OperatorSettings {
  /** The namespace that the operator itself runs in; its {@link #lease} is there. */
  @WithDefault("default")
  String namespace();

  /** The namespaces whose Migrations it serves; none named means all. */
  Optional<Set<String>> watchNamespaces();

  /** Namespaces that it leaves to another operator. */
  Optional<Set<String>> ignoreNamespaces();

  /** The Lease by which replicas elect one; operators that serve different namespaces differ. */
  @WithDefault("drover-operator")
  String lease();

  /** Whether replicas of the operator elect one that works. */
  @WithDefault("true")
  boolean leaderElection();

  /**
   * Whether an admission policy notes on FailedRecords and Redrives which user wrote them last, and
   * lets nobody write that note: it is believed then, and only then.
   */
  @WithDefault("false")
  boolean notesUsers();

  /** Where NATS is. */
  Nats nats();

  /** What worker pods look like. */
  Worker worker();

  /** Where NATS is, for the operator and for workers. */
  interface Nats {
    /** Servers, {@code nats://host:4222} or {@code tls://…}, several separated by commas. */
    @WithDefault("nats://nats:4222")
    String url();

    /** Credentials file in the operator's pod. */
    Optional<Path> credentialsFile();

    /** File with the CA's certificates in the operator's pod. */
    Optional<Path> caFile();
  }

  /** What worker pods look like. */
  interface Worker {
    /** The worker's image, a full reference. */
    @WithDefault("drover/worker:dev")
    String image();

    /** IfNotPresent, Always or Never. */
    @WithDefault("IfNotPresent")
    String imagePullPolicy();

    /** Pull Secrets; they must exist in the namespace of each Migration. */
    Optional<List<String>> imagePullSecrets();

    /** Options of the worker's JVM. */
    @WithDefault("-XX:+UseSerialGC -XX:MaxRAMPercentage=45 -XX:+ExitOnOutOfMemoryError")
    String javaOptions();

    /** Requests and limits, as the JSON of a container's {@code resources}. */
    @WithDefault(
        "{\"requests\":{\"cpu\":\"100m\",\"memory\":\"384Mi\"},\"limits\":{\"memory\":\"384Mi\"}}")
    String resources();

    /** How long a worker that is told to leave may take to finish what it has begun, seconds. */
    @WithDefault("300")
    int terminationGracePeriodSeconds();
  }
}
