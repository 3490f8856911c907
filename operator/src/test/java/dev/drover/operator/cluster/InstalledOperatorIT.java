package dev.drover.operator.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chart.Chart;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/**
 * The packaged operator as its own process, with the rights that the chart gives it and no others.
 */
@EnabledIf("dev.drover.operator.chart.Chart#canRender")
class InstalledOperatorIT {
  private static final String SYSTEM = "drover-system";
  private static final String SHOP = "installed";
  private static final KubernetesClient CLIENT = ApiServer.get().client();
  private static Process operator;
  private static Path log;
  private static int port;

  @BeforeAll
  static void install() throws IOException {
    namespace(SYSTEM);
    namespace(SHOP);
    Chart.objects().stream()
        .filter(o -> !o.getKind().equals("Deployment"))
        .forEach(o -> CLIENT.resource(o).create());
    for (String name : List.of("legacy-db", "shop-db")) {
      CLIENT
          .resource(
              new SecretBuilder()
                  .withNewMetadata()
                  .withName(name)
                  .withNamespace(SHOP)
                  .endMetadata()
                  .withStringData(Map.of("username", "u", "password", "hunter2"))
                  .build())
          .create();
    }
    String token =
        ApiServer.get().kubectl("", "create", "token", "drover", "-n", SYSTEM).output().strip();
    Path kubeconfig = Files.createTempFile("operator", ".kubeconfig");
    String admin = Files.readString(ApiServer.get().kubeconfig());
    Files.writeString(kubeconfig, admin.substring(0, admin.indexOf("users:")));
    Files.writeString(
        kubeconfig,
        Files.readString(kubeconfig)
            + "users:\n- name: "
            + user(admin)
            + "\n  user:\n    token: "
            + token
            + "\n");
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    log = Files.createTempFile("operator", ".log");
    ProcessBuilder command =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-jar",
            Path.of(
                    System.getProperty("drover.root"),
                    "operator/target/quarkus-app/quarkus-run.jar")
                .toString());
    command.environment().put("KUBECONFIG", kubeconfig.toString());
    command.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
    command.environment().put("DROVER_NAMESPACE", SYSTEM);
    command.environment().put("DROVER_LEASE", "drover");
    command.environment().put("DROVER_NATS_URL", "nats://127.0.0.1:1");
    command.environment().put("DROVER_WORKER_IMAGE", "drover/worker:test");
    operator = command.redirectErrorStream(true).redirectOutput(log.toFile()).start();
  }

  @AfterAll
  static void stop() throws InterruptedException {
    if (operator != null) {
      operator.destroyForcibly().waitFor();
    }
  }

  @Test
  void it_leads_reconciles_is_seen_and_ends_with_the_charts_rights_alone()
      throws IOException, InterruptedException {
    within().until(() -> status("/q/health/ready") == 200);
    assertThat(status("/q/health/live")).isEqualTo(200);
    within().until(() -> CLIENT.leases().inNamespace(SYSTEM).withName("drover").get() != null);
    assertThat(ApiServer.get().apply(SHOP, Manifests.migration("orders")).code()).isZero();
    within()
        .untilAsserted(
            () -> {
              MigrationStatus status = migration().getStatus();
              assertThat(status).isNotNull();
              assertThat(status.conditions())
                  .filteredOn(c -> c.type().equals("QueuesReady"))
                  .singleElement()
                  .satisfies(c -> assertThat(c.status()).isEqualTo("False"));
            });
    within()
        .untilAsserted(
            () ->
                assertThat(CLIENT.v1().events().inNamespace(SHOP).list().getItems()).isNotEmpty());
    for (String path : List.of("/q/metrics", "/metrics")) {
      assertThat(body(path))
          .contains("drover_migrations{", "state=\"Troubled\"", "drover_reconcile_seconds_count");
    }
    operator.destroy();
    assertThat(operator.waitFor(15, TimeUnit.SECONDS)).as("ends well within its grace").isTrue();
    String lines = Files.readString(log);
    assertThat(lines).doesNotContain("forbidden", "Forbidden", "hunter2");
  }

  private static Migration migration() {
    return CLIENT.resources(Migration.class).inNamespace(SHOP).withName("orders").get();
  }

  private static org.awaitility.core.ConditionFactory within() {
    return await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(200))
        .ignoreExceptions()
        .failFast("the operator ended:\n" + tail(), () -> operator != null && !operator.isAlive());
  }

  private static String tail() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static String user(String kubeconfig) {
    String from = kubeconfig.substring(kubeconfig.indexOf("users:"));
    return from.lines()
        .filter(l -> l.contains("name:"))
        .findFirst()
        .orElseThrow()
        .replaceAll(".*name:\\s*", "");
  }

  private static int status(String path) throws IOException, InterruptedException {
    return get(path).statusCode();
  }

  private static String body(String path) throws IOException {
    try {
      return get(path).body();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private static HttpResponse<String> get(String path) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  private static void namespace(String name) {
    CLIENT
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
  }
}
