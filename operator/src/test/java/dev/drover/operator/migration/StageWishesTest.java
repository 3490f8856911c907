package dev.drover.operator.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.Specs;
import dev.drover.operator.scaling.Reason;
import dev.drover.operator.scaling.StageObservation;
import dev.drover.wire.plan.ChainSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StageWishesTest {
  private static final Instant NOON = Instant.parse("2026-03-02T12:00:00Z");

  private static final SharedCaps ROOM = SharedCaps.of(List.of(), Map.of());

  private static MigrationSpec spec(int most, String start, String zone) {
    return Specs.with(
        "scale: {maxReplicas: 4}",
        "scale: {maxReplicas: %d, windows: [{start: \"%s\", durationMinutes: 60, timeZone: %s}]}"
            .formatted(most, start, zone));
  }

  private static Stage load(MigrationSpec spec) {
    return spec.stages().stream().filter(s -> s.name().equals("load")).findFirst().orElseThrow();
  }

  /** The stage's Deployment as it was last applied for a spec. */
  private static Map<String, Deployment> runsBy(MigrationSpec spec) {
    Stage stage = load(spec);
    Stage kept = new Stage("load", null, null, null, null, null, stage.scale(), null, false, false);
    return Map.of(
        "load",
        new DeploymentBuilder()
            .withNewMetadata()
            .withAnnotations(Map.of("drover.dev/stage-controls", Serialization.asJson(kept)))
            .endMetadata()
            .withNewSpec()
            .withReplicas(2)
            .endSpec()
            .build());
  }

  @ParameterizedTest
  @CsvSource({"'spec:\n', false", "'spec:\n  abandonedStages: [load]\n', true"})
  void a_stage_that_is_suspended_goes_on_to_be_drained_and_not_to_be_abandoned(
      String begin, boolean suspended) {
    Stage kept = new Stage("load", null, null, null, null, null, null, null, true, false);
    Deployment deployment =
        new DeploymentBuilder()
            .withNewMetadata()
            .withAnnotations(Map.of("drover.dev/stage-controls", Serialization.asJson(kept)))
            .endMetadata()
            .build();
    MigrationSpec spec = Specs.with("spec:\n", begin.replace("\\n", "\n"));
    MigrationSpec without =
        spec.withStages(spec.stages().stream().filter(s -> !s.name().equals("load")).toList());

    MigrationSpec controls =
        StageWishes.controls(without, ChainMapping.chain(spec), Map.of("load", deployment), true);

    assertThat(load(controls).suspend()).isEqualTo(suspended);
  }

  private static StageObservation observed(
      MigrationSpec spec, ChainSpec chain, @Nullable Deployment deployment) {
    return StageObservations.of(spec, chain.stage("load"), ROOM, null, deployment, NOON);
  }

  @ParameterizedTest
  @CsvSource({"0 22 * * *, Europe/Berlln", "every night, UTC", "0 0 30 2 *, UTC"})
  void a_stage_whose_windows_are_refused_keeps_to_those_that_it_had(String start, String zone) {
    MigrationSpec before = spec(4, "0 20 * * *", "UTC");
    Map<String, Deployment> runs = runsBy(before);

    MigrationSpec legible = StageWishes.legible(spec(3, start, zone), runs, NOON);

    assertThat(load(legible).scale().windows()).isEqualTo(load(before).scale().windows());
    assertThat(load(legible).scale().maxReplicas()).as("the rest is as it is now").isEqualTo(3);
    StageObservation seen = observed(legible, ChainMapping.chain(before), runs.get("load"));
    assertThat(seen.halt()).isNotNull();
    assertThat(seen.halt().reason()).isEqualTo(Reason.OutsideWindow);
    assertThat(seen.bounds().maxReplicas()).isEqualTo(3);
  }

  @Test
  void windows_that_can_be_told_are_in_effect_though_something_else_is_refused() {
    MigrationSpec spec = spec(4, "0 12 * * *", "UTC");
    assertThat(StageWishes.legible(spec, runsBy(spec(4, "0 20 * * *", "UTC")), NOON).stages())
        .isEqualTo(spec.stages());
  }

  @Test
  void a_stage_that_has_no_workers_yet_is_only_looked_at() {
    MigrationSpec legible = StageWishes.legible(spec(4, "every night", "UTC"), Map.of(), NOON);
    assertThat(load(legible).scale().windows()).isEqualTo(List.of());
  }
}
