package dev.drover.operator.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.Specs;
import dev.drover.operator.cluster.FaultyChain;
import dev.drover.operator.scaling.Reason;
import dev.drover.operator.scaling.StageScale;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.Pace;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LimitsStepTest {
  private static final String UID = "a-migration";
  private static final Instant NOON = Instant.parse("2026-11-28T12:00:00Z");
  private static final MigrationSpec LOOKS_UP =
      Specs.with(
          "transform:\n        steps:\n          - require: {that: \"record.qty > 0\", code:"
              + " QtyNotPositive}",
          "enrich:\n        http: {url: \"http://crm/{id}\", requestsPerSecond: 60, fields: [{name:"
              + " tier, pointer: /tier}]}");

  private final FaultyChain chain = new FaultyChain();
  private final LimitsStep limits = new LimitsStep(Duration.ofMinutes(5));

  private Map<String, Pace> paces(MigrationSpec spec, Map<String, Deployment> seen, int redrives) {
    List<StageScale> twoEach =
        List.of(
            new StageScale("clean", 2, Reason.Draining, "backlog 9"),
            new StageScale("load", 2, Reason.Draining, "backlog 9"));
    limits.paces(UID, chain, ChainMapping.chain(spec), spec, twoEach, seen, redrives, NOON);
    return chain.paces;
  }

  private static Deployment rolling() {
    return new DeploymentBuilder()
        .withNewMetadata()
        .addToAnnotations("deployment.kubernetes.io/revision", "2")
        .endMetadata()
        .withNewStatus()
        .withReplicas(3)
        .withUpdatedReplicas(1)
        .endStatus()
        .build();
  }

  @Test
  void a_server_that_is_asked_is_shared_by_workers_that_are_replaced_and_by_redrives() {
    assertThat(paces(LOOKS_UP, Map.of(), 0))
        .containsExactly(Map.entry(Pace.requests("clean"), new Pace(60, 2)));
    assertThat(paces(LOOKS_UP, Map.of(), 3))
        .containsExactly(Map.entry(Pace.requests("clean"), new Pace(60, 5)));
    assertThat(paces(LOOKS_UP, Map.of("clean", rolling()), 3))
        .containsExactly(Map.entry(Pace.requests("clean"), new Pace(60, 7)));
    limits.forget(UID);
    assertThat(paces(LOOKS_UP, Map.of(), 0))
        .containsExactly(Map.entry(Pace.requests("clean"), new Pace(60, 2)));
  }

  @Test
  void redrives_take_nothing_of_a_stages_own_rate() {
    MigrationSpec slow =
        Specs.with("scale: {maxReplicas: 4}", "scale: {maxReplicas: 4, maxRecordsPerSecond: 100}");
    assertThat(paces(slow, Map.of(), 3)).containsExactly(Map.entry("load", new Pace(100, 2)));
  }

  @Test
  void a_connection_that_goes_with_its_stage_keeps_the_cap_that_was_told() {
    MigrationSpec now = Specs.plain();
    ChainSpec runs =
        new ChainSpec(
            List.of(),
            List.of(
                new StageSpec.Load(
                    "archive", "clean", "archive", null, StageSpec.LoadMode.Upsert, List.of())));
    chain.caps = Map.of("archive", 2);

    assertThat(limits.caps(now, runs, chain, false, true)).containsEntry("archive", 2);
    assertThat(limits.caps(now, runs, chain, false, false))
        .as("nobody was told, so nothing is known of it")
        .doesNotContainKey("archive")
        .containsKey("shop");
    chain.caps = Map.of();
    assertThat(limits.caps(now, runs, chain, false, true))
        .containsEntry("archive", Connection.DEFAULT_MAX_CONNECTIONS);
  }
}
