package dev.drover.operator.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RolloutTest {
  private static final Duration GRACE = Duration.ofMinutes(5);
  private static final Instant NOON = Instant.parse("2026-11-28T12:00:00Z");

  private static Deployment deployment(String revision, int updated, int minutesAgo) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .addToAnnotations("deployment.kubernetes.io/revision", revision)
        .endMetadata()
        .withNewSpec()
        .withReplicas(4)
        .endSpec()
        .withNewStatus()
        .withReplicas(5)
        .withUpdatedReplicas(updated)
        .addNewCondition()
        .withType("Progressing")
        .withReason("NewReplicaSetAvailable")
        .withLastUpdateTime(NOON.minus(Duration.ofMinutes(minutesAgo)).toString())
        .endCondition()
        .endStatus()
        .build();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 5, 1, 8", // what was made first replaces nothing
    "2, 2, 60, 16", // under way, however long
    "2, 5, 1, 16", // over, and the last may be at work still
    "2, 5, 6, 8"
  })
  void pods_that_a_rollout_replaces_count_until_all_have_ended(
      String revision, int updated, int minutesAgo, int atWork) {
    int beforeItWasScaledDown = 8;
    Deployment deployment = deployment(revision, updated, minutesAgo);
    assertThat(Rollout.atWork(beforeItWasScaledDown, deployment, GRACE, NOON)).isEqualTo(atWork);
  }

  @Test
  void a_stage_without_pods_has_none_to_replace() {
    assertThat(Rollout.atWork(1, null, GRACE, NOON)).isEqualTo(1);
    Deployment made =
        new DeploymentBuilder()
            .withNewMetadata()
            .endMetadata()
            .withNewSpec()
            .withReplicas(4)
            .endSpec()
            .build();
    assertThat(Rollout.atWork(4, made, GRACE, NOON)).isEqualTo(4);
  }
}
