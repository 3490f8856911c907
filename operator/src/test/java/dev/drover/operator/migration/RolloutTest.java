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

  private static int atWork(int own, Deployment deployment) {
    return Rollout.NONE.seen(deployment, GRACE, NOON).atWork(own);
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
    assertThat(atWork(beforeItWasScaledDown, deployment(revision, updated, minutesAgo)))
        .isEqualTo(atWork);
  }

  @Test
  void those_of_two_rollouts_in_a_row_count_both_until_the_first_have_ended() {
    Instant later = NOON.plus(Duration.ofMinutes(3));
    Rollout first = Rollout.NONE.seen(deployment("2", 2, 0), GRACE, NOON);
    Rollout both = first.seen(deployment("3", 2, 0), GRACE, later);
    assertThat(both.atWork(4)).as("four that are there, and twice four that leave").isEqualTo(12);

    Rollout stillBoth = both.seen(deployment("3", 3, 0), GRACE, later.plusSeconds(2));
    assertThat(stillBoth.atWork(4)).as("one rollout is one, however often seen").isEqualTo(12);

    Instant firstEnded = NOON.plus(GRACE).plusSeconds(1);
    assertThat(stillBoth.seen(deployment("3", 5, -3), GRACE, firstEnded).atWork(4)).isEqualTo(8);
  }

  @Test
  void a_stage_without_pods_has_none_to_replace() {
    assertThat(Rollout.NONE.seen(null, GRACE, NOON).atWork(1)).isEqualTo(1);
    Deployment made =
        new DeploymentBuilder()
            .withNewMetadata()
            .endMetadata()
            .withNewSpec()
            .withReplicas(4)
            .endSpec()
            .build();
    assertThat(atWork(4, made)).isEqualTo(4);
  }
}
