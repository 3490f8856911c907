package dev.drover.operator.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.operator.chart.Chart;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.StateStore;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.nats.client.Connection;
import io.nats.client.Nats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Many Migrations that run, served by one packaged operator with the chart's options, on a real API
 * server and a real NATS server; there is no kubelet, so no pod. Run by {@code bench/fleet}, which
 * says what it measures.
 */
class FleetRun {
  private static final String SYSTEM = "drover-system";
  private static final int PER_NAMESPACE = 100;
  private static final int TICKS_PER_SECOND = 100;
  private static final KubernetesClient CLIENT = ApiServer.get().client();
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The fourth stage, in the place of the third. */
  private static final String ANOTHER =
      """
      - name: checked
        from: clean
        transform: {steps: [{require: {that: "record.qty < 1000", code: QtyTooLarge}}]}
      """
              .indent(4)
              .substring(4)
          + "    ";

  /** Writes but for the Lease, by which an operator says that it lives. */
  private static final Predicate<String> WRITE =
      line ->
          line.startsWith("apiserver_request_total{")
              && line.matches(".*verb=\"(POST|PUT|PATCH|APPLY|DELETE|DELETECOLLECTION)\".*")
              && line.matches(".*group=\"(drover.dev|apps|batch|events.k8s.io|)\".*")
              && !line.contains("resource=\"serviceaccounts\"");

  @Test
  void many_migrations_at_once() throws Exception {
    int migrations = Integer.parseInt(System.getenv("MIGRATIONS"));
    long seconds = Long.parseLong(System.getenv("SECONDS_MEASURED"));
    install(migrations);
    try (NatsServer server = NatsServer.start();
        Connection nats = Nats.connect(server.url());
        InstalledOperator operator = InstalledOperator.start(SYSTEM, server.url(), javaOptions())) {
      LeaseWatch lease = new LeaseWatch(operator);
      Thread.ofPlatform().daemon().start(lease);
      long began = System.nanoTime();
      for (int i = 0; i < migrations; i++) {
        apply(i);
      }
      plan(nats, operator, migrations);
      await()
          .atMost(Duration.ofMinutes(10))
          .pollInterval(Duration.ofSeconds(5))
          .failFast(
              () -> {
                if (!operator.process().isAlive()) {
                  throw new AssertionError("the operator ended: " + operator.log());
                }
              })
          .until(() -> running() == migrations);
      double begun = (System.nanoTime() - began) / 1e9;
      awaitQuiet();

      Sample before = Sample.of(operator);
      TimeUnit.SECONDS.sleep(seconds);
      Sample after = Sample.of(operator);
      double visits = after.visits - before.visits;
      double cpu = after.cpuSeconds - before.cpuSeconds;
      ObjectNode figures = JSON.createObjectNode();
      figures.put("migrations", migrations);
      figures.put("begun_s", rounded(begun));
      figures.put("lease_longest_s", rounded(lease.longestSeconds));
      figures.put("operator_mib_1000_migrations", memoryMib(operator, "VmHWM"));
      figures.put("operator_mib_now", memoryMib(operator, "VmRSS"));
      figures.put("poll_round_s", rounded(seconds * migrations / visits));
      figures.put("poll_round_cpu_s", rounded(cpu * migrations / visits));
      figures.put("operator_cores", rounded(cpu / seconds));
      figures.put("idle_api_writes", Math.round(after.writes - before.writes));
      figures.put("idle_s", seconds);
      figures.put("streams", nats.jetStreamManagement().getStreamNames().size());
      keep(figures);
      assertThat(visits).as("visits").isPositive();
      assertThat(running()).isEqualTo(migrations);
      // In good order, so that a flight recording is written.
      operator.process().destroy();
      operator.process().waitFor(30, TimeUnit.SECONDS);
    }
  }

  /** The longest time between two renewals of the operator's Lease that was seen. */
  private static final class LeaseWatch implements Runnable {
    private final InstalledOperator operator;
    private volatile double longestSeconds;

    LeaseWatch(InstalledOperator operator) {
      this.operator = operator;
    }

    @Override
    public void run() {
      ZonedDateTime last = null;
      while (operator.process().isAlive()) {
        try {
          TimeUnit.MILLISECONDS.sleep(500);
          Lease lease = CLIENT.leases().inNamespace(SYSTEM).withName("drover").get();
          if (lease != null && last != null) {
            longestSeconds =
                Math.max(
                    longestSeconds,
                    Duration.between(last, lease.getSpec().getRenewTime()).toMillis() / 1000.0);
          }
          last = lease == null ? null : lease.getSpec().getRenewTime();
        } catch (KubernetesClientException e) {
          System.err.println("the Lease was not read: " + e.getMessage());
        } catch (InterruptedException e) {
          return;
        }
      }
    }
  }

  private record Sample(double visits, double cpuSeconds, double writes) {
    static Sample of(InstalledOperator operator) throws IOException {
      double visits =
          operator
              .body("/q/metrics")
              .lines()
              .filter(l -> l.startsWith("drover_reconcile_seconds_count"))
              .mapToDouble(FleetRun::value)
              .sum();
      String[] stat =
          Files.readString(Path.of("/proc/" + operator.process().pid() + "/stat")).split(" ");
      double ticks = Long.parseLong(stat[13]) + Long.parseLong(stat[14]);
      return new Sample(visits, ticks / TICKS_PER_SECOND, apiWrites());
    }
  }

  private static double apiWrites() {
    return CLIENT.raw("/metrics").lines().filter(WRITE).mapToDouble(FleetRun::value).sum();
  }

  private static double value(String line) {
    return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
  }

  /** A minute without a write, or ten minutes, after which what is still written is measured. */
  private static void awaitQuiet() throws InterruptedException {
    double last = -1;
    for (int minute = 0; minute < 10; minute++) {
      double now = apiWrites();
      if (now == last) {
        return;
      }
      last = now;
      TimeUnit.MINUTES.sleep(1);
    }
  }

  private static void install(int migrations) {
    namespace(SYSTEM);
    for (int i = 0; i < migrations; i += PER_NAMESPACE) {
      String namespace = place(i);
      namespace(namespace);
      for (String name : List.of("legacy-db", "shop-db")) {
        CLIENT
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
    }
    Chart.objects().stream()
        .filter(o -> !o.getKind().equals("Deployment"))
        .forEach(o -> CLIENT.resource(o).create());
  }

  private static String place(int migration) {
    return "fleet-" + migration / PER_NAMESPACE;
  }

  private static void namespace(String name) {
    CLIENT
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
  }

  private static void apply(int number) {
    Migration migration =
        CLIENT
            .getKubernetesSerialization()
            .unmarshal(
                Manifests.migration("m" + number)
                    // The server sets aside what a queue may hold at most.
                    .replace("spec:\n", "spec:\n  queues: {maxBytes: 8Mi}\n")
                    .replace("from: clean", "from: checked")
                    .replace("- name: load\n", ANOTHER + "- name: load\n"),
                Migration.class);
    CLIENT.resource(migration).inNamespace(place(number)).create();
  }

  /** In the planner's place: each Job that asks for a plan gets one. */
  private static void plan(Connection nats, InstalledOperator operator, int migrations)
      throws Exception {
    Set<String> planned = new HashSet<>();
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(10);
    while (planned.size() < migrations) {
      if (System.nanoTime() > end || !operator.process().isAlive()) {
        throw new AssertionError(planned.size() + " planned; " + operator.log());
      }
      for (Job job : CLIENT.batch().v1().jobs().inAnyNamespace().list().getItems()) {
        OwnerReference owner = job.getMetadata().getOwnerReferences().getFirst();
        if (planned.contains(owner.getUid())) {
          continue;
        }
        ChainNames names =
            ChainNames.of(job.getMetadata().getNamespace(), owner.getName(), owner.getUid());
        try {
          StateStore.open(nats, names).putPlan(revision(job), aPlan());
          planned.add(owner.getUid());
        } catch (IOException e) {
          System.err.println("again: " + e.getMessage()); // the server makes ten thousand streams
        }
      }
      TimeUnit.SECONDS.sleep(1);
    }
  }

  private static String revision(Job job) {
    return job.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv().stream()
        .filter(e -> e.getName().equals("DROVER_REVISION"))
        .findFirst()
        .orElseThrow()
        .getValue();
  }

  private static ChainPlan aPlan() {
    RecordSchema schema =
        new RecordSchema(
            "public.orders",
            List.of(
                new Column("id", ColumnType.INTEGER, false, "integer"),
                new Column("qty", ColumnType.INTEGER, true, "integer")));
    return new ChainPlan(
        List.of(),
        List.of(
            new TablePlan(
                "read",
                "public.orders",
                schema,
                List.of("id"),
                List.of(),
                1_000_000,
                java.util.Collections.nCopies(20, KeyRange.ALL))),
        Map.of());
  }

  private static long running() {
    return CLIENT.resources(Migration.class).inAnyNamespace().list().getItems().stream()
        .filter(m -> m.getStatus() != null && m.getStatus().startTime() != null)
        .filter(m -> m.getStatus().stages().stream().anyMatch(s -> s.desiredReplicas() > 0))
        .count();
  }

  /** As in the chart, with the share of its limit of memory that is the heap there. */
  private static List<String> javaOptions() throws IOException {
    String values =
        Files.readString(Path.of(System.getProperty("drover.root"), "helm/drover/values.yaml"));
    String operator = values.substring(values.indexOf("\noperator:"));
    long limit = Long.parseLong(first(operator, "limits:\\s+memory: (\\d+)Mi"));
    long percent = Long.parseLong(first(operator, "MaxRAMPercentage=(\\d+)"));
    List<String> options = new ArrayList<>();
    for (String option : first(operator, "javaOptions: (.*)").split(" ")) {
      options.add(
          option.contains("MaxRAMPercentage") ? "-Xmx" + limit * percent / 100 + "m" : option);
    }
    String more = System.getenv("OPERATOR_OPTIONS");
    if (more != null) {
      options.addAll(List.of(more.split(" ")));
    }
    return options;
  }

  private static String first(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    if (!matcher.find()) {
      throw new AssertionError("no " + pattern + " in the chart's values");
    }
    return matcher.group(1);
  }

  private static double memoryMib(InstalledOperator operator, String what) throws IOException {
    return rounded(
        Files.readAllLines(Path.of("/proc/" + operator.process().pid() + "/status")).stream()
                .filter(l -> l.startsWith(what + ":"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
                .sum()
            / 1024.0);
  }

  private static double rounded(double figure) {
    return Math.round(figure * 1000) / 1000.0;
  }

  private static void keep(ObjectNode figures) throws IOException {
    Path file = Path.of(System.getProperty("drover.root"), "bench/results/scaling.json");
    ObjectNode all =
        Files.exists(file)
            ? (ObjectNode) JSON.readTree(file.toFile())
            : JSON.createObjectNode().set("figures", JSON.createObjectNode());
    ((ObjectNode) all.get("figures")).setAll(figures);
    Files.writeString(file, JSON.writeValueAsString(all) + "\n");
  }
}
