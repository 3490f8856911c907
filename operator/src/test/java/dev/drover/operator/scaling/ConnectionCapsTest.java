package dev.drover.operator.scaling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.scaling.StageObservation.Bounds;
import dev.drover.operator.scaling.StageObservation.Work;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConnectionCapsTest {
  private static StageObservation stage(String name, long queued) {
    Work work = new Work(queued / 100, queued, 0, 0, queued, 0, 0, false, false, 100, 0, 0, 0);
    return new StageObservation(name, "x", "db", new Bounds(0, 9, 30, 0), null, 0, 0, work);
  }

  private static Map<String, Integer> grant(int cap, StageObservation... stages) {
    StagePolicy.Wish two = new StagePolicy.Wish(2, Reason.Draining, "", StageHistory.start(0));
    return ConnectionCaps.grant(
        List.of(stages), Map.of("steady", two, "bursty", two), Map.of("db", cap));
  }

  @Test
  void a_worker_does_not_move_to_another_stage_between_two_bursts() {
    assertThat(grant(3, stage("steady", 900), stage("bursty", 900)))
        .isEqualTo(grant(3, stage("steady", 900), stage("bursty", 0)))
        .isEqualTo(Map.of("steady", 1, "bursty", 2));
  }

  @Test
  void the_only_worker_goes_where_there_is_work() {
    assertThat(grant(1, stage("steady", 900), stage("bursty", 0)))
        .isEqualTo(Map.of("steady", 1, "bursty", 0));
  }
}
