package dev.drover.operator.cluster;

import static dev.drover.operator.cluster.OperatorFixture.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.chain.Joining;
import dev.drover.operator.workload.StageDeployment;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.plan.NewTable;
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
  private static final List<NewTable> NEW =
      List.of(new NewTable("load", "public.orders", List.of(), List.of(), false, List.of()));

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
  void a_stage_whose_deployment_is_deleted_while_an_edit_is_refused_says_what_it_waits_for() {
    operator.secrets();
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 0, false);
    String sound =
        Manifests.migration(M)
            .replace("scale: {maxReplicas: 4}", "scale: {minReplicas: 2, maxReplicas: 4}");
    operator.apply(sound);
    operator.awaitCondition(M, "Ready", "True", "Running");
    operator.apply(sound.replace("maxConnections: 3", "maxConnections: 1"));
    operator.awaitCondition(M, "SpecValid", "False", "CapBelowFloors");

    operator.client.resource(operator.deployment("load")).delete();
    await()
        .untilAsserted(
            () ->
                assertThat(operator.stage(M, "load").orElseThrow().scaling())
                    .returns(0, MigrationStatus.Scaling::desired)
                    .extracting(MigrationStatus.Scaling::message)
                    .asString()
                    .endsWith("its Deployment is made once the spec as it is now is planned"));

    operator.apply(sound);
    await().until(() -> operator.replicas("load"), r -> r != null && r > 0);
  }

  @Test
  void a_cap_holds_for_a_stage_that_is_drained_though_its_connection_went_with_it() {
    operator.secrets();
    FaultyChain chain = operator.chain(M);
    chain.counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 0, false);
    String vault =
        """
            - name: vault
              jdbc: {url: "jdbc:postgresql://vault/shop", credentialsSecretRef: {name: shop-db}}
              maxConnections: 2
        """;
    String archive =
        """
            - name: archive
              from: clean
              load: {connectionName: vault}
              scale: {maxReplicas: 4}
        """;
    String without = Manifests.migration(M);
    operator.apply(without.replace("  stages:\n", vault + "  stages:\n") + archive);
    await().until(() -> operator.replicas("archive"), r -> r != null && r == 2);
    operator.awaitCondition(M, "Ready", "True", "Running");

    Edges now = Edges.original("r1", chain.specs.values().iterator().next());
    chain.joining =
        (revision, spec, go) ->
            spec.stages().size() == 4
                ? new Joining.Joined()
                : new Joining.Underway(
                    now,
                    List.of(new Joining.Change("archive", Joining.Kind.Removed, true, "drains")));
    operator.apply(without);
    await().until(() -> operator.migration(M).getStatus().grafting() != null);
    await()
        .during(Duration.ofSeconds(5))
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> {
              assertThat(operator.replicas("archive")).isEqualTo(2);
              assertThat(chain.caps).containsEntry("vault", 2).containsEntry("shop", 3);
            });
  }

  @Test
  void a_load_begins_anew_for_a_table_that_an_edit_has_it_make_and_goes_on_once_that_is_made() {
    operator.secrets();
    FaultyChain chain = operator.chain(M);
    chain.planner =
        spec ->
            FaultyChain.goodPlan(spec)
                .map(p -> spec.toString().contains("qty > 1") ? p.with(p.tables(), NEW) : p);
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    String first = StageDeployment.revision(operator.deployment("load"));

    operator.apply(Manifests.migration(M).replace("qty > 0", "qty > 1"));
    await()
        .until(() -> StageDeployment.revision(operator.deployment("load")), r -> !r.equals(first));
    String second = StageDeployment.revision(operator.deployment("load"));
    assertThat(StageDeployment.revision(operator.deployment("read"))).isEqualTo(first);

    operator.apply(Manifests.migration(M).replace("qty > 0", "qty > 2"));
    await()
        .until(
            () -> StageDeployment.revision(operator.deployment("clean")), r -> !r.equals(second));
    assertThat(StageDeployment.revision(operator.deployment("load"))).isEqualTo(second);
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
  void while_nothing_can_be_counted_rates_and_caps_are_told_before_there_are_more_workers() {
    operator.secrets();
    operator.apply(scaled("maxReplicas: 4, maxRecordsPerSecond: 100"));
    operator.awaitCondition(M, "Ready", "True", "Running");
    FaultyChain chain = operator.chain(M);
    chain.counts =
        spec -> {
          throw new ChainUnavailableException("TallyBehind", "not counted yet", null);
        };
    await()
        .until(
            () -> operator.stage(M, "read").map(s -> s.scaling().reason()),
            reason -> reason.filter("NoData"::equals).isPresent());

    operator.apply(
        scaled("minReplicas: 4, maxReplicas: 4, maxRecordsPerSecond: 60")
            .replace("maxConnections: 3", "maxConnections: 5"));
    await().until(() -> operator.replicas("read"), r -> r == 4);
    assertThat(chain.paces).containsEntry("read", new Pace(60, 4));
    assertThat(chain.caps).containsEntry("shop", 5);

    operator.apply(scaled("minReplicas: 2, maxReplicas: 2"));
    await().until(() -> operator.replicas("read"), r -> r == 2);
    chain.away = true;
    operator.awaitCondition(M, "QueuesReady", "False", "NatsUnavailable");
    operator.apply(scaled("minReplicas: 4, maxReplicas: 4"));
    await()
        .during(Duration.ofSeconds(4))
        .atMost(Duration.ofSeconds(20))
        .until(() -> operator.replicas("read"), r -> r == 2);
    chain.away = false;
    await().until(() -> operator.replicas("read"), r -> r == 4);
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
