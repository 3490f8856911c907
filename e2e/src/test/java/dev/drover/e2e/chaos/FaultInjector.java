package dev.drover.e2e.chaos;

import dev.drover.e2e.Cluster;
import dev.drover.e2e.PodProcesses;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Makes faults happen on the development cluster. */
final class FaultInjector implements AutoCloseable {
  private record Place(String namespace, String label, String value) {}

  private static final Map<String, Place> PLACES =
      Map.of(
          "operator",
          new Place("drover-system", "app.kubernetes.io/name", "drover-operator"),
          "nats",
          new Place("drover-system", "app", "nats"),
          "target",
          new Place("default", "app", "target-db"),
          "redrive",
          new Place("default", "app.kubernetes.io/component", "redrive"));

  private static final Map<String, Integer> PORTS = Map.of("nats", 4222, "target", 5432);

  private final Cluster cluster;
  private final NatsServers nats;
  private final String migration;
  private final Random random;
  private final ScheduledExecutorService ends =
      Executors.newScheduledThreadPool(4, Thread.ofPlatform().daemon().factory());
  private final ConcurrentLinkedQueue<Future<?>> open = new ConcurrentLinkedQueue<>();
  private long longestWait;

  FaultInjector(Cluster cluster, NatsServers nats, String migration, long seed) {
    this.cluster = cluster;
    this.nats = nats;
    this.migration = migration;
    this.random = new Random(seed);
  }

  /**
   * Makes a fault happen now; what lasts ends by itself later.
   *
   * @return who it hit; empty if there was nobody to hit for a while
   */
  Optional<String> inject(Fault fault) throws IOException, InterruptedException {
    if (fault.kind() == Fault.Kind.Kill && fault.victim().equals("nats")) {
      longestWait = Math.max(longestWait, nats.awaitWhole().toMillis());
    }
    Optional<Pod> found = await(fault.victim());
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Pod pod = found.get();
    if (fault.kind() == Fault.Kind.Kill) {
      if (!PodProcesses.crash(cluster.client, pod)) {
        return Optional.empty();
      }
      return Optional.of(pod.getMetadata().getName());
    }
    List<ProcessHandle> processes = PodProcesses.of(pod);
    if (processes.isEmpty()) {
      return Optional.empty();
    }
    try {
      spoil(new PodNetwork(processes.getFirst().pid()), fault);
    } catch (IllegalStateException gone) {
      return Optional.empty();
    }
    return Optional.of(pod.getMetadata().getName());
  }

  /** The longest that a kill of a NATS server had to wait until the servers were whole again. */
  Duration longestWait() {
    return Duration.ofMillis(longestWait);
  }

  /** Waits until every fault that lasts is over. */
  @Override
  public void close() {
    for (Future<?> end : open) {
      try {
        end.get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (java.util.concurrent.ExecutionException e) {
        throw new IllegalStateException("a fault did not end", e);
      }
    }
    ends.shutdown();
  }

  private Optional<Pod> await(String victim) {
    try {
      return Optional.of(
          Awaitility.await()
              .pollInterval(Duration.ofMillis(200))
              .atMost(Duration.ofSeconds(6))
              .until(() -> pod(victim), Optional::isPresent)
              .orElseThrow());
    } catch (ConditionTimeoutException nobody) {
      return Optional.empty();
    }
  }

  private Optional<Pod> pod(String victim) throws IOException {
    Place place = PLACES.get(victim);
    List<Pod> pods =
        (place == null
                ? cluster
                    .client
                    .pods()
                    .inNamespace("default")
                    .withLabel("drover.dev/migration", migration)
                    .withLabel("drover.dev/stage", victim)
                : cluster
                    .client
                    .pods()
                    .inNamespace(place.namespace())
                    .withLabel(place.label(), place.value()))
            .list().getItems().stream()
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .filter(p -> "Running".equals(p.getStatus().getPhase()))
                .toList();
    return pods.isEmpty() ? Optional.empty() : Optional.of(pods.get(random.nextInt(pods.size())));
  }

  private void spoil(PodNetwork network, Fault fault) throws IOException, InterruptedException {
    if (fault.kind() == Fault.Kind.Slow) {
      network.slow(PORTS.containsKey(fault.victim()) ? "20mbit" : "2mbit");
      later(fault, network::noLongerSlow);
      return;
    }
    List<PodNetwork.Rule> rules = rules(fault);
    network.add(rules);
    later(fault, () -> network.remove(rules));
  }

  /** A client of NATS learns the addresses of all its servers, so it is cut off by their port. */
  private List<PodNetwork.Rule> rules(Fault fault) {
    boolean server = fault.peer().equals(Fault.EVERYBODY);
    boolean nats = fault.peer().equals("nats");
    return switch (fault.kind()) {
      case Cut ->
          server
              ? PodNetwork.cutPort(PORTS.get(fault.victim()))
              : nats
                  ? PodNetwork.cutFromPort(PORTS.get("nats"))
                  : PodNetwork.cutFrom(address(fault.peer()));
      case Reset ->
          server
              ? PodNetwork.resetPort(PORTS.get(fault.victim()))
              : nats
                  ? PodNetwork.resetToPort(PORTS.get("nats"))
                  : PodNetwork.resetTo(address(fault.peer()));
      case Lossy -> PodNetwork.lossy();
      case Kill, Slow -> throw new IllegalArgumentException(fault.toString());
    };
  }

  /** A database's address: what pods talk to. */
  private String address(String database) {
    return cluster
        .client
        .services()
        .inNamespace("default")
        .withName(database + "-db")
        .get()
        .getSpec()
        .getClusterIP();
  }

  @FunctionalInterface
  private interface End {
    void run() throws IOException, InterruptedException;
  }

  private void later(Fault fault, End end) {
    open.add(
        ends.schedule(
            () -> {
              try {
                end.run();
              } catch (IllegalStateException gone) {
                // The pod was killed meanwhile, and its network with it.
              }
              return null;
            },
            fault.lasting().toMillis(),
            TimeUnit.MILLISECONDS));
  }
}
