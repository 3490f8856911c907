package dev.drover.operator.cluster;

import static dev.drover.operator.cluster.OperatorFixture.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.wire.state.Pace;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Edits of how a stage is to run, while it runs: in effect at once, and no worker is restarted. */
class StageEditsIT {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final String M = "orders";

  private OperatorFixture operator;

  @BeforeEach
  void open() {
    operator = new OperatorFixture("edits-" + NUMBER.incrementAndGet());
  }

  @AfterEach
  void close() {
    operator.close();
  }

  @Test
  void an_edit_of_scale_takes_effect_at_once_and_restarts_no_worker() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    Deployment before = operator.deployment("read");
    operator.apply(
        Manifests.migration(M).replace("scale: {maxReplicas: 4}", "scale: {maxReplicas: 2}"));
    await().until(() -> operator.replicas("read"), r -> r == 2);
    assertThat(operator.deployment("read").getSpec().getTemplate())
        .isEqualTo(before.getSpec().getTemplate());
    assertThat(operator.jobs()).as("no new plan").hasSize(1);
  }

  @Test
  void the_cap_of_a_connection_holds_over_its_stages() {
    operator.secrets();
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 0, false);
    operator.apply(Manifests.migration(M));
    await().until(() -> operator.replicas("load"), r -> r != null && r == 3);
    await()
        .untilAsserted(
            () ->
                assertThat(operator.migration(M).getStatus().stages().get(2).scaling())
                    .returns(3, MigrationStatus.Scaling::desired)
                    .returns("ConnectionCap", MigrationStatus.Scaling::reason)
                    .returns(
                        "backlog 3000000 records, 4 of at most 4 workers; held at 3 by"
                            + " maxConnections 3 of connection shop",
                        MigrationStatus.Scaling::message));
    operator.apply(Manifests.migration(M).replace("maxConnections: 3", "maxConnections: 2"));
    await().until(() -> operator.replicas("load"), r -> r == 2);
    await().until(() -> Integer.valueOf(2).equals(operator.chain(M).caps.get("shop")));
  }

  @Test
  void a_cap_below_what_must_fit_under_it_is_refused_and_the_one_before_stays() {
    operator.secrets();
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 0, false);
    String sound =
        Manifests.migration(M)
            .replace("scale: {maxReplicas: 4}", "scale: {minReplicas: 2, maxReplicas: 4}");
    operator.apply(sound);
    await().until(() -> operator.replicas("load"), r -> r != null && r == 3);
    operator.awaitCondition(M, "Ready", "True", "Running");

    operator.apply(sound.replace("maxConnections: 3", "maxConnections: 1"));
    operator.awaitCondition(M, "SpecValid", "False", "CapBelowFloors");
    await()
        .during(Duration.ofSeconds(3))
        .untilAsserted(
            () -> {
              assertThat(operator.chain(M).caps).containsEntry("shop", 3);
              assertThat(operator.replicas("load")).isEqualTo(3);
            });
    operator.apply(sound.replace("maxConnections: 3", "maxConnections: 2"));
    await().until(() -> Integer.valueOf(2).equals(operator.chain(M).caps.get("shop")));
  }

  @Test
  void suspend_stops_every_worker_and_resume_goes_on() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    operator.patch(M, "{\"spec\":{\"suspend\":true}}");
    operator.awaitCondition(M, "Ready", "False", "Suspended");
    await()
        .until(() -> operator.deployments().stream().allMatch(d -> d.getSpec().getReplicas() == 0));
    assertThat(operator.deployments()).hasSize(3);
    // Who is ending still has sessions, and others may be at the same server.
    operator.apply(
        Manifests.migration(M)
            .replace("maxConnections: 3", "maxConnections: 2")
            .replace("spec:\n", "spec:\n  suspend: true\n"));
    await().until(() -> Integer.valueOf(2).equals(operator.chain(M).caps.get("shop")));
    operator.patch(M, "{\"spec\":{\"suspend\":false}}");
    operator.awaitCondition(M, "Ready", "True", "Running");
    assertThat(operator.replicas("read")).isEqualTo(3);
    await()
        .untilAsserted(
            () ->
                assertThat(operator.events())
                    .anyMatch(e -> e.startsWith("Normal Suspended"))
                    .anyMatch(e -> e.startsWith("Normal Resumed")));
  }

  @Test
  void a_stage_that_is_suspended_alone_has_no_workers_and_the_others_go_on() {
    operator.secrets();
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 10, false);
    operator.apply(Manifests.migration(M));
    await().until(() -> operator.replicas("load"), r -> r != null && r == 3);
    operator.awaitCondition(M, "Ready", "True", "Running");
    Map<String, Deployment> before =
        operator.deployments().stream()
            .collect(
                Collectors.toMap(d -> d.getMetadata().getLabels().get("drover.dev/stage"), d -> d));

    operator.apply(Manifests.suspended(M, "read", true));
    await().until(() -> operator.replicas("read"), r -> r == 0);
    await()
        .untilAsserted(
            () ->
                assertThat(operator.stage(M, "read"))
                    .hasValueSatisfying(
                        s -> {
                          assertThat(s.state()).isEqualTo("Suspended");
                          assertThat(s.scaling())
                              .returns(0, MigrationStatus.Scaling::desired)
                              .returns(0, MigrationStatus.Scaling::ready)
                              .returns("Suspended", MigrationStatus.Scaling::reason)
                              .returns(
                                  "suspend of the stage is true", MigrationStatus.Scaling::message);
                        }));
    Condition ready = operator.awaitCondition(M, "Ready", "True", "Running");
    assertThat(ready.message()).endsWith("; suspended: read");
    assertThat(operator.awaitCondition(M, "StagesReady", "True", "WorkersReady").message())
        .isEqualTo("every stage has its workers; suspended: read");
    assertThat(operator.condition(M, "Completed").orElseThrow().status()).isEqualTo("False");
    assertThat(operator.replicas("clean")).isEqualTo(1);
    assertThat(operator.replicas("load")).isEqualTo(3);
    assertThat(operator.stage(M, "load").orElseThrow().state()).isEqualTo("Running");
    assertThat(operator.events()).noneMatch(e -> e.startsWith("Normal Suspended"));

    operator.apply(Manifests.suspended(M, "read", false));
    await().until(() -> operator.replicas("read"), r -> r == 3);
    await()
        .untilAsserted(
            () ->
                assertThat(operator.condition(M, "StagesReady").orElseThrow().message())
                    .isEqualTo("every stage has its workers"));
    await().until(() -> operator.stage(M, "read").orElseThrow().state().equals("Running"));
    assertThat(operator.jobs()).as("no new plan").hasSize(1);
    assertThat(operator.deployments())
        .allSatisfy(
            d ->
                assertThat(d.getSpec().getTemplate())
                    .as("no worker is restarted")
                    .isEqualTo(
                        before
                            .get(d.getMetadata().getLabels().get("drover.dev/stage"))
                            .getSpec()
                            .getTemplate()));
  }

  @Test
  void a_stage_is_suspended_also_while_nats_is_away() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    operator.chain(M).away = true;
    operator.awaitCondition(M, "QueuesReady", "False", "NatsUnavailable");
    operator.apply(Manifests.suspended(M, "read", true));
    await().until(() -> operator.replicas("read"), r -> r == 0);
    await()
        .until(
            () -> operator.stage(M, "read").map(s -> s.scaling().reason()),
            reason -> reason.filter("Suspended"::equals).isPresent());
    assertThat(operator.replicas("load")).isPositive();
  }

  @Test
  void an_edit_of_the_rate_is_told_at_once_and_restarts_no_worker() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    assertThat(operator.chain(M).paces).isEmpty();
    Map<String, PodTemplateSpec> before = templates();
    String scale = "scale: {maxReplicas: 4}";
    for (long rate : List.of(900L, 300L)) {
      operator.apply(
          Manifests.migration(M)
              .replace(scale, "scale: {maxReplicas: 4, maxRecordsPerSecond: " + rate + "}"));
      await()
          .untilAsserted(
              () ->
                  assertThat(operator.chain(M).paces)
                      .containsOnlyKeys("read", "load")
                      .containsEntry("read", new Pace(rate, 3)));
    }
    operator.apply(Manifests.migration(M));
    await().until(() -> operator.chain(M).paces.isEmpty());
    assertThat(templates()).isEqualTo(before);
    assertThat(operator.jobs()).as("no new plan").hasSize(1);
  }

  @Test
  void a_lookup_over_http_gets_its_secrets_and_its_rate_which_restarts_no_worker() {
    operator.secrets();
    String http =
        Manifests.migration(M)
            .replace(
                "transform:\n        steps:\n          - require: {that: \"record.qty > 0\", code:"
                    + " QtyNotPositive}",
                "enrich:\n        http: {url: \"http://crm/{id}\", requestsPerSecond: 50, headers:"
                    + " [{name: Authorization, valueFrom: {secretKeyRef: {name: legacy-db, key:"
                    + " password}}}], fields: [{name: tier, pointer: /tier}]}");
    operator.apply(http);
    operator.awaitCondition(M, "Ready", "True", "Running");
    await()
        .untilAsserted(
            () ->
                assertThat(operator.chain(M).paces)
                    .containsOnlyKeys(Pace.requests("clean"))
                    .containsEntry(Pace.requests("clean"), new Pace(50, 1)));
    assertThat(operator.deployment("clean").toString())
        .contains("/etc/drover/connections/http.clean", "header-authorization");
    Map<String, PodTemplateSpec> before = templates();
    operator.apply(http.replace("requestsPerSecond: 50", "requestsPerSecond: 20"));
    await()
        .untilAsserted(
            () ->
                assertThat(operator.chain(M).paces)
                    .containsEntry(Pace.requests("clean"), new Pace(20, 1)));
    assertThat(templates()).isEqualTo(before);
    operator.apply(http.replace("key: password", "key: passwrd"));
    operator.awaitCondition(M, "SpecValid", "False", "SecretKeyNotFound");
  }

  private static String scaled(String scale) {
    return Manifests.migration(M).replace("scale: {maxReplicas: 4}", "scale: {" + scale + "}");
  }

  @Test
  void windows_stop_and_slow_a_stage_and_are_edited_while_it_runs() {
    operator.secrets();
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 10, false);
    String windows = "maxReplicas: 4, windows: [{start: \"%s\", durationMinutes: 5%s}]";
    operator.apply(scaled(windows.formatted("0 0 29 2 *", "")));
    await()
        .untilAsserted(
            () ->
                assertThat(operator.stage(M, "load"))
                    .hasValueSatisfying(
                        s -> {
                          assertThat(s.scaling().desired()).isZero();
                          assertThat(s.scaling().reason()).isEqualTo("OutsideWindow");
                          assertThat(s.scaling().message()).contains("02-29T00:00");
                        }));
    assertThat(operator.replicas("load")).isZero();
    assertThat(operator.replicas("clean")).isPositive();

    operator.apply(scaled(windows.formatted("* * * * *", "")));
    await().until(() -> operator.replicas("load"), r -> r == 3);
    assertThat(operator.chain(M).paces).isEmpty();
    Map<String, PodTemplateSpec> before = templates();

    operator.apply(scaled(windows.formatted("* * * * *", ", maxRecordsPerSecond: 700")));
    await()
        .untilAsserted(
            () -> assertThat(operator.chain(M).paces).containsEntry("load", new Pace(700, 3)));
    assertThat(operator.replicas("load")).isEqualTo(3);
    assertThat(templates()).isEqualTo(before);
    assertThat(operator.jobs()).as("no new plan").hasSize(1);
  }

  @Test
  void windows_that_nobody_can_tell_are_refused_and_the_stage_goes_on_as_before() {
    operator.secrets();
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 10, false);
    String windows =
        "maxReplicas: %d, windows: [{start: \"%s\", durationMinutes: 5, timeZone: %s}]";
    operator.apply(scaled(windows.formatted(4, "* * * * *", "UTC")));
    operator.awaitCondition(M, "Ready", "True", "Running");
    await().until(() -> operator.replicas("load"), r -> r == 3);

    operator.apply(scaled(windows.formatted(2, "* * * * *", "Europe/Berlln")));
    Condition refused = operator.awaitCondition(M, "SpecValid", "False", "WindowInvalid");
    assertThat(refused.message()).contains("scale.windows[0].timeZone", "Europe/Berlln");
    await().until(() -> operator.replicas("load"), r -> r == 2);

    operator.apply(scaled(windows.formatted(1, "every night", "UTC")));
    await().until(() -> operator.replicas("load"), r -> r == 1);
    assertThat(operator.awaitCondition(M, "SpecValid", "False", "WindowInvalid").message())
        .contains("scale.windows[0].start");

    operator.apply(scaled(windows.formatted(4, "* * * * *", "UTC")));
    operator.awaitCondition(M, "SpecValid", "True", "Valid");
    await().until(() -> operator.replicas("load"), r -> r == 3);
  }

  @Test
  void an_edit_of_the_time_to_drain_takes_effect_at_once_and_restarts_no_worker() {
    operator.secrets();
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 10, false);
    operator.apply(scaled("maxReplicas: 4, targetDrainSeconds: 600"));
    operator.awaitCondition(M, "Ready", "True", "Running");
    await().until(() -> operator.replicas("load"), r -> r == 1);
    Map<String, PodTemplateSpec> before = templates();

    operator.apply(scaled("maxReplicas: 4, targetDrainSeconds: 75"));
    await().until(() -> operator.replicas("load"), r -> r == 2);
    assertThat(templates()).isEqualTo(before);
    assertThat(operator.jobs()).as("no new plan").hasSize(1);
  }

  /** What pods are made of: the same as long as none is rolled. */
  private Map<String, PodTemplateSpec> templates() {
    return operator.deployments().stream()
        .collect(
            Collectors.toMap(
                d -> d.getMetadata().getLabels().get("drover.dev/stage"),
                d -> d.getSpec().getTemplate()));
  }
}
