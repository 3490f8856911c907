package dev.drover.operator.redrive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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

  private static Migration migration(
      String planned, String reason, MigrationStatus.Grafting grafting) {
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
            List.of(),
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
    assertThat(Readiness.lacking(migration("True", "Planned", null), ROLLED)).isEmpty();
    assertThat(Readiness.lacking(migration("False", "RuleType", null), ROLLED))
        .map(Situation.Held::reason)
        .contains("MigrationNotReady");
    MigrationStatus.Grafting grafting = new MigrationStatus.Grafting("rev2", List.of());
    assertThat(Readiness.lacking(migration("True", "Planned", grafting), ROLLED))
        .map(Situation.Held::reason)
        .contains("StagesGrafting");
  }

  @ParameterizedTest
  @ValueSource(strings = {"StageHoldsFailures", "StageHoldsWaiting", "IndexesOwed"})
  void what_keeps_a_stage_from_being_removed_can_be_sent(String reason) {
    assertThat(Readiness.lacking(migration("False", reason, null), ROLLED)).isEmpty();
  }
}
