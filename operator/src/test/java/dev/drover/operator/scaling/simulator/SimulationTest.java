package dev.drover.operator.scaling.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.scaling.Reason;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The policy over whole runs: what it must never do, and what it must do better than others. */
class SimulationTest {
  private static Run ours(Scenario scenario) {
    return Simulation.run(scenario, new DroverAutoscaler(Map.of()));
  }

  private static Run lag(Scenario scenario) {
    return Simulation.run(scenario, new LagThresholdAutoscaler(scenario::perWorker, 30));
  }

  @Test
  void a_backlog_is_drained_sooner_and_for_less_than_by_a_threshold_of_the_lag() {
    Run ours = ours(Scenarios.backlog());
    Run lag = lag(Scenarios.backlog());
    assertThat(ours.secondsToDrain()).isLessThan(lag.secondsToDrain());
    assertThat(ours.replicaSeconds()).isLessThan(lag.replicaSeconds());
    assertThat(ours.directionChanges()).isLessThanOrEqualTo(1);
    assertThat(ours.worstOvershoot()).isZero();
  }

  @Test
  void slow_starters_are_not_overshot() {
    assertThat(ours(Scenarios.slowStarts()).worstOvershoot()).isZero();
  }

  @Test
  void five_thousand_workers_are_reached_and_released() {
    Run ours = ours(Scenarios.thousands());
    assertThat(Run.max(ours.stages().getFirst().desired())).isEqualTo(5_000);
    assertThat(ours.stages().getFirst().desired().getLast()).isZero();
    assertThat(ours.secondsToDrain()).isLessThan(lag(Scenarios.thousands()).secondsToDrain());
    assertThat(ours.replicaSeconds()).isLessThan(1.2 * ours.idealReplicaSeconds());
  }

  @Test
  void ten_stages_keep_pace_with_each_other() {
    Run ours = ours(Scenarios.tenStages());
    assertThat(ours.secondsToDrain()).isLessThan(30);
    assertThat(ours.replicaSeconds()).isLessThan(lag(Scenarios.tenStages()).replicaSeconds());
  }

  @Test
  void workers_that_a_capped_sink_cannot_use_are_given_back() {
    DroverAutoscaler rule = new DroverAutoscaler(Map.of());
    Run ours = Simulation.run(Scenarios.cappedSink(), rule);
    Run.Series load = ours.stages().getLast();
    double ready = load.desired().get(300); // at 150 s
    assertThat(ready).as("ten are of use, the first guess was sixteen").isBetween(10.0, 20.0);
    assertThat(ours.secondsToDrain()).isLessThan(lag(Scenarios.cappedSink()).secondsToDrain());
  }

  @Test
  void a_stalled_target_calls_for_nobody_and_is_caught_up_with() {
    Run ours = ours(Scenarios.stalledTarget());
    Run.Series load = ours.stages().getLast();
    int stalled = 2 * 330;
    int over = 2 * 420;
    assertThat(load.desired().get(over - 1)).isEqualTo(load.desired().get(stalled));
    assertThat(ours.secondsToDrain()).isLessThan(60);
  }

  @Test
  void a_clock_that_jumps_makes_no_difference() {
    Run jumping = ours(Scenarios.clockJumps());
    Run.Series stage = jumping.stages().getFirst();
    double before = stage.desired().get(2 * 199);
    for (int t = 200; t < 590; t++) {
      assertThat(stage.desired().get(2 * t)).as("at " + t).isBetween(before * 0.85, before * 1.15);
    }
  }

  @Test
  void a_blind_operator_holds_what_it_has() {
    Run.Series stage = ours(Scenarios.blind()).stages().getFirst();
    double before = stage.desired().get(2 * 199);
    for (int t = 202; t < 318; t++) {
      assertThat(stage.desired().get(2 * t)).isEqualTo(before);
    }
  }

  @Test
  void workers_that_die_all_the_time_do_not_keep_a_flow_from_being_kept_up_with() {
    Run ours = ours(Scenarios.crashes());
    assertThat(ours.secondsToDrain()).isLessThan(60);
    assertThat(ours.replicaSeconds()).isLessThan(lag(Scenarios.crashes()).replicaSeconds());
  }

  @Test
  void a_steady_flow_makes_nobody_come_and_go() {
    Run ours = ours(Scenarios.steadyFlow());
    assertThat(ours.directionChanges()).isLessThanOrEqualTo(6);
    assertThat(ours.replicaSeconds()).isLessThan(1.2 * ours.idealReplicaSeconds());
  }

  @Test
  void a_stage_too_slow_to_end_a_batch_in_minutes_is_given_workers_all_the_same() {
    for (Scenario scenario : List.of(Scenarios.slowRule(), Scenarios.slowLookup())) {
      Run ours = ours(scenario);
      Run.Series stage = ours.stages().getFirst();
      assertThat(stage.desired().get(2 * 40)).as("before any batch is done").isEqualTo(16);
      assertThat(Run.max(stage.desired())).isEqualTo(100);
      assertThat(ours.directionChanges()).isLessThanOrEqualTo(1);
    }
    Run lookup = ours(Scenarios.slowLookup());
    assertThat(lookup.secondsToDrain()).isLessThan(1_300);
    assertThat(lookup.replicaSeconds()).isLessThan(lag(Scenarios.slowLookup()).replicaSeconds());
    assertThat(ours(Scenarios.slowRule()).secondsToDrain()).isLessThan(2_500);
  }

  @Test
  void an_operator_that_starts_anew_ends_no_worker_of_a_slow_stage_that_has_work() {
    Autoscaler rule = new ForgetfulAutoscaler(() -> new DroverAutoscaler(Map.of()), 350);
    Run.Series stage = Simulation.run(Scenarios.slowLookup(), rule).stages().getFirst();
    for (int t = 700; stage.backlog().get(2 * t) > 100 * 10_000; t++) {
      assertThat(stage.desired().get(2 * t)).as("at " + t).isEqualTo(100);
    }
  }

  @Test
  void a_stage_that_becomes_slow_is_seen_to_be_so_though_its_queue_is_short() {
    Run ours = ours(Scenarios.becomesSlow());
    Run.Series enrich = ours.stages().getLast();
    assertThat(enrich.desired().get(2 * 299)).as("while it is fast").isLessThanOrEqualTo(2.0);
    assertThat(enrich.desired().get(2 * 420)).as("30 keep pace").isBetween(30.0, 60.0);
    assertThat(ours.secondsToDrain()).as("what had piled up is gone by the end").isLessThan(30);
  }

  @Test
  void a_stage_that_becomes_fast_gives_back_who_has_nothing_to_do() {
    Run ours = ours(Scenarios.becomesFast());
    Run.Series enrich = ours.stages().getFirst();
    assertThat(enrich.desired().get(2 * 590)).as("30 keep pace").isBetween(30.0, 45.0);
    for (int t = 700; t < 1800; t++) {
      assertThat(enrich.desired().get(2 * t)).as("at " + t).isBetween(1.0, 4.0);
    }
    assertThat(ours.secondsToDrain()).isLessThan(30);
  }

  @Test
  void workers_that_may_do_less_are_not_taken_for_slow_and_do_all_when_they_may() {
    Run ours = ours(Scenarios.loweredRate());
    Run.Series load = ours.stages().getFirst();
    for (int t = 64; t < 240; t++) {
      assertThat(load.desired().get(2 * t)).as("at " + t).isBetween(3.0, 5.0);
    }
    assertThat(Run.max(load.desired())).as("30 may do all").isLessThanOrEqualTo(34);
    assertThat(ours.secondsToDrain()).isLessThan(320);
    assertThat(ours.replicaSeconds()).isLessThan(1.3 * ours.idealReplicaSeconds());
  }

  @Test
  void what_is_over_is_said_to_be() {
    DroverAutoscaler rule = new DroverAutoscaler(Map.of());
    Simulation.run(Scenarios.backlog(), rule);
    assertThat(rule.reason("load")).isEqualTo(Reason.Done);
  }
}
