package dev.drover.operator.cluster;

import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.Reconciliations;
import dev.drover.operator.ServedNamespaces;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.metrics.MigrationMetrics;
import dev.drover.operator.migration.ChainSource;
import dev.drover.operator.migration.FailureWindow;
import dev.drover.operator.migration.MigrationController;
import dev.drover.operator.workload.NatsSecret;
import dev.drover.operator.workload.WorkloadSettings;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobConditionBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** A namespace of its own with the operator serving it, as long as it is open. */
public final class OperatorFixture implements AutoCloseable {
  public final String namespace;
  public final KubernetesClient client = ApiServer.get().client();
  public final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Map<String, FaultyChain> chains = new ConcurrentHashMap<>();
  private final Kubelets kubelets;

  /** Shows of which Migrations failed records were brought up to date. */
  public final Map<String, Integer> shown = new ConcurrentHashMap<>();

  /** What else is looked after, by Migration. */
  public final Map<String, Integer> lookedAfter = new ConcurrentHashMap<>();

  private Operator operator;
  private Duration ahead = Duration.ZERO;

  public OperatorFixture(String namespace) {
    this.namespace = namespace;
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .create();
    kubelets = new Kubelets(client, namespace);
    start();
  }

  /** Starts the operator, after {@link #stop} as one that remembers nothing. */
  public void start() {
    start(new ServedNamespaces(Set.of(namespace), Set.of()));
  }

  /** Starts the operator for other namespaces than its own, after {@link #stop}. */
  public void start(ServedNamespaces namespaces) {
    operator = new Operator(config -> Reconciliations.configure(config, client));
    MigrationController.register(
        operator,
        namespaces,
        new WorkloadSettings(
            "drover/worker:test",
            "IfNotPresent",
            List.of(),
            "-XX:+UseSerialGC",
            new ResourceRequirementsBuilder()
                .withRequests(Map.of("cpu", new Quantity("0.1"), "memory", new Quantity("1024Mi")))
                .withLimits(Map.of("memory", new Quantity("1024Mi")))
                .build(),
            Duration.ofSeconds(300),
            "nats://nats:4222",
            true,
            false),
        new NatsSecret(natsCredentials(), null),
        new ChainSource() {
          @Override
          public Chain of(ChainRef ref) {
            return chain(ref.name());
          }

          @Override
          public void forget(ChainRef ref) {}
        },
        window(),
        new MigrationMetrics(meters),
        Clock.offset(Clock.systemUTC(), ahead));
    operator.start();
  }

  /** No failed record is ever shown. */
  private FailureWindow window() {
    return new FailureWindow() {
      @Override
      public void sync(Migration migration, ChainRef chain, boolean busy) {
        shown.merge(chain.name(), 1, Integer::sum);
      }

      @Override
      public boolean empty(ChainRef chain) {
        return true;
      }

      @Override
      public void upkeep(Migration migration, ChainRef chain) {
        lookedAfter.merge(chain.name(), 1, Integer::sum);
      }
    };
  }

  /** Starts the operator anew with a clock that much ahead of the API server's. */
  public void restartLater(Duration by) {
    ahead = by;
    operator.stop();
    start();
  }

  /** What the operator's own pod would have mounted. */
  private static Path natsCredentials() {
    try {
      return Files.writeString(Files.createTempFile("nats", ".creds"), "jwt and seed");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public void stop() {
    operator.stop();
  }

  /** The chain that the operator sees for a Migration of this name, made when first asked for. */
  public FaultyChain chain(String migration) {
    return chains.computeIfAbsent(migration, n -> new FaultyChain());
  }

  /** Whether this operator has visited a Migration of this name. */
  public boolean hasVisited(String migration) {
    return chains.containsKey(migration);
  }

  public void secret(String name) {
    client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .endMetadata()
                .withStringData(Map.of("username", "u", "password", "hunter2"))
                .build())
        .create();
  }

  public void secrets() {
    secret("legacy-db");
    secret("shop-db");
  }

  public void apply(String manifest) {
    ApiServer.Result result = ApiServer.get().apply(namespace, manifest);
    if (result.code() != 0) {
      throw new AssertionError(result.output());
    }
  }

  public void patch(String migration, String merge) {
    ApiServer.Result result =
        ApiServer.get()
            .kubectl("", "patch", "mig", migration, "-n", namespace, "--type=merge", "-p", merge);
    if (result.code() != 0) {
      throw new AssertionError(result.output());
    }
  }

  public Migration migration(String name) {
    return client.resources(Migration.class).inNamespace(namespace).withName(name).get();
  }

  public Optional<Condition> condition(String migration, String type) {
    Migration m = migration(migration);
    return m == null || m.getStatus() == null
        ? Optional.empty()
        : m.getStatus().conditions().stream().filter(c -> c.type().equals(type)).findFirst();
  }

  public Condition awaitCondition(String migration, String type, Predicate<Condition> wanted) {
    return await()
        .alias(type + " of " + migration)
        .until(() -> condition(migration, type), c -> c.filter(wanted).isPresent())
        .orElseThrow();
  }

  public Condition awaitCondition(String migration, String type, String status, String reason) {
    return awaitCondition(
        migration, type, c -> c.status().equals(status) && c.reason().equals(reason));
  }

  public List<Deployment> deployments() {
    return client.apps().deployments().inNamespace(namespace).list().getItems();
  }

  public Deployment deployment(String stage) {
    return deployments().stream()
        .filter(d -> stage.equals(d.getMetadata().getLabels().get("drover.dev/stage")))
        .findFirst()
        .orElse(null);
  }

  public Integer replicas(String stage) {
    Deployment deployment = deployment(stage);
    return deployment == null ? null : deployment.getSpec().getReplicas();
  }

  public List<Job> jobs() {
    return client.batch().v1().jobs().inNamespace(namespace).list().getItems();
  }

  /** Lets a Job end well, now. */
  public void endJob(Job job) {
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    List<JobCondition> ended =
        Stream.of("SuccessCriteriaMet", "Complete")
            .map(
                t ->
                    new JobConditionBuilder()
                        .withType(t)
                        .withStatus("True")
                        .withReason("CompletionsReached")
                        .withLastProbeTime(now)
                        .withLastTransitionTime(now)
                        .build())
            .toList();
    client
        .resource(job)
        .editStatus(
            j -> {
              j.setStatus(
                  new JobStatusBuilder()
                      .withStartTime(now)
                      .withCompletionTime(now)
                      .withSucceeded(1)
                      .withConditions(ended)
                      .build());
              return j;
            });
  }

  /** How often the operator has visited a Migration. */
  public double visits() {
    return meters.get("drover.reconcile").tag("outcome", "done").timer().count();
  }

  public List<String> events() {
    return client.v1().events().inNamespace(namespace).list().getItems().stream()
        .map(e -> e.getType() + " " + e.getReason() + ": " + e.getMessage())
        .toList();
  }

  public static ConditionFactory await() {
    return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(100));
  }

  @Override
  public void close() {
    operator.stop();
    kubelets.close();
  }

  /** A stage's status, once it has one. */
  Optional<MigrationStatus.StageStatus> stage(String migration, String name) {
    return Optional.ofNullable(migration(migration).getStatus()).stream()
        .flatMap(status -> status.stages().stream())
        .filter(s -> s.name().equals(name))
        .findFirst();
  }
}
