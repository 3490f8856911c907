package dev.drover.operator.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.Specs;
import dev.drover.operator.status.Observation;
import dev.drover.operator.status.Observation.Planning;
import dev.drover.operator.status.StatusComposer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class PaceTest {
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  private static final Observation PENDING =
      new Observation(
          Specs.plain(),
          List.of(),
          new Planning.Pending("reading the catalogue"),
          new Observation.Queues.NotNeeded(),
          null,
          List.of(),
          null);

  @Test
  void a_plan_that_may_come_at_any_moment_is_looked_for_often() {
    assertThat(paceAt(T0.plusSeconds(3))).isEqualTo(Pace.PLANNING);
  }

  @Test
  void a_plan_that_is_long_in_coming_is_waited_for_patiently() {
    assertThat(paceAt(T0.plusSeconds(60))).isEqualTo(Pace.MOVING);
  }

  private static Duration paceAt(Instant now) {
    return Pace.after(PENDING, StatusComposer.compose(null, 1, PENDING, T0), now);
  }
}
