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
  private static InstalledOperator operator;

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
    operator = InstalledOperator.start(SYSTEM, "nats://127.0.0.1:1", List.of("-Xmx256m"));
  }

  @AfterAll
  static void stop() throws InterruptedException {
    if (operator != null) {
      operator.close();
    }
  }

  @Test
  void it_leads_reconciles_is_seen_and_ends_with_the_charts_rights_alone()
      throws IOException, InterruptedException {
    within().until(() -> operator.status("/q/health/ready") == 200);
    assertThat(operator.status("/q/health/live")).isEqualTo(200);
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
      assertThat(operator.body(path))
          .contains("drover_migrations{", "state=\"Troubled\"", "drover_reconcile_seconds_count");
    }
    operator.process().destroy();
    assertThat(operator.process().waitFor(15, TimeUnit.SECONDS))
        .as("ends well within its grace")
        .isTrue();
    assertThat(operator.log()).doesNotContain("forbidden", "Forbidden", "hunter2");
  }

  private static Migration migration() {
    return CLIENT.resources(Migration.class).inNamespace(SHOP).withName("orders").get();
  }

  private static org.awaitility.core.ConditionFactory within() {
    return await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(200))
        .ignoreExceptions()
        .failFast("the operator ended:\n" + operator.log(), () -> !operator.process().isAlive());
  }

  private static void namespace(String name) {
    CLIENT
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
  }
}
