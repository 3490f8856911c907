package dev.drover.operator.redrive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.RedriveSpec;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReadinessTest {
  private static final List<Deployment> ROLLED =
      List.of(
          new DeploymentBuilder()
              .withNewMetadata()
              .withGeneration(1L)
              .endMetadata()
              .withNewStatus()
              .withObservedGeneration(1L)
              .withReplicas(1)
              .withUpdatedReplicas(1)
              .endStatus()
              .build());

  private static final RedriveSpec ALL = spec("");

  private static RedriveSpec spec(String rest) {
    return Serialization.unmarshal("migrationName: orders\n" + rest, RedriveSpec.class);
  }

  private static Migration migration(
      String planned, String reason, MigrationStatus.Grafting grafting) {
    return migration(planned, reason, grafting, List.of());
  }

  /** A stage that has refused as many records, and has no workers for a reason. */
  private static MigrationStatus.StageStatus stage(String name, int failed, String reason) {
    return Serialization.unmarshal(
        "name: %s\nfailedRecords: %d\nscaling: {desired: 0, reason: %s, message: so it is}"
            .formatted(name, failed, reason),
        MigrationStatus.StageStatus.class);
  }

  private static Migration migration(
      String planned,
      String reason,
      MigrationStatus.Grafting grafting,
      List<MigrationStatus.StageStatus> stages) {
    Migration migration = new Migration();
    migration.setMetadata(new ObjectMetaBuilder().withName("orders").withGeneration(2L).build());
    migration.setStatus(
        new MigrationStatus(
            2L,
            List.of(
                condition("Planned", planned, reason), condition("QueuesReady", "True", "Ready")),
            null,
            null,
            null,
            null,
            new MigrationStatus.Plan("rev1", 1, 1, 1, List.of()),
            stages,
            null,
            List.of(),
            null,
            grafting));
    return migration;
  }

  private static Condition condition(String type, String status, String reason) {
    return new Condition(type, status, reason, "", 2L, "2026-01-01T00:00:00Z");
  }

  @Test
  void records_are_sent_when_the_spec_is_planned_and_rolled() {
    assertThat(Readiness.lacking(migration("True", "Planned", null), ROLLED, ALL)).isEmpty();
    assertThat(Readiness.lacking(migration("False", "RuleType", null), ROLLED, ALL))
        .map(Situation.Held::reason)
        .contains("MigrationNotReady");
    MigrationStatus.Grafting grafting = new MigrationStatus.Grafting("rev2", List.of());
    assertThat(Readiness.lacking(migration("True", "Planned", grafting), ROLLED, ALL))
        .map(Situation.Held::reason)
        .contains("StagesGrafting");
  }

  @ParameterizedTest
  @ValueSource(strings = {"StageHoldsFailures", "StageHoldsWaiting", "IndexesOwed"})
  void what_keeps_a_stage_from_being_removed_can_be_sent(String reason) {
    assertThat(Readiness.lacking(migration("False", reason, null), ROLLED, ALL)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "BudgetExceeded, '', StageStandsStill",
    "Suspended, 'selector: {stage: load}', StageStandsStill",
    "OutsideWindow, '', StageStandsStill",
    "Suspended, 'selector: {stage: clean}', ",
    "Suspended, 'dryRun: true', ",
    "Suspended, 'action: Waive', ",
    "DownstreamFull, '', ",
  })
  void nothing_is_sent_to_a_stage_that_takes_nothing(String halt, String spec, String reason) {
    Migration migration =
        migration(
            "True",
            "Planned",
            null,
            List.of(
                stage("read", 0, "Suspended"), stage("clean", 0, "Idle"), stage("load", 3, halt)));
    assertThat(Readiness.lacking(migration, ROLLED, spec(spec)).map(Situation.Held::reason))
        .isEqualTo(Optional.ofNullable(reason));
  }

  @Test
  void what_one_stage_can_take_is_sent_though_another_stands_still() {
    Migration migration =
        migration(
            "True",
            "Planned",
            null,
            List.of(stage("clean", 2, "Draining"), stage("load", 3, "BudgetExceeded")));

    assertThat(Readiness.lacking(migration, ROLLED, ALL)).isEmpty();
    assertThat(Readiness.lacking(migration, ROLLED, spec("selector: {stage: load}")))
        .map(Situation.Held::message)
        .contains(
            "waits: stage load takes nothing, BudgetExceeded: so it is; nothing is sent before");
  }
}
