package dev.drover.operator.scaling.simulator;

import java.util.ArrayList;
import java.util.List;

/** What chains go through. */
final class Scenarios {
  private Scenarios() {}

  static List<Scenario> all() {
    return List.of(
        backlog(),
        slowStarts(),
        thousands(),
        tenStages(),
        steadyFlow(),
        bursts(),
        skew(),
        crashes(),
        cappedSink(),
        stalledTarget(),
        clockJumps(),
        blind(),
        slowRule(),
        slowLookup(),
        becomesSlow(),
        becomesFast(),
        loweredRate());
  }

  static Scenario backlog() {
    return Scenario.backlog(
        "backlog",
        "30 million records wait for one stage of 20,000 a second and worker; workers start in 3 s.",
        30e6,
        900,
        SimulatedStage.of("load", 20_000, 3, 200));
  }

  static Scenario slowStarts() {
    return Scenario.backlog(
        "slow starts",
        "The same, with workers that take a minute to start and do 5,000 records a second.",
        30e6,
        1500,
        SimulatedStage.of("load", 5_000, 60, 400));
  }

  static Scenario thousands() {
    return Scenario.flow(
        "thousands",
        "40 million records a second for five minutes, 10,000 a second and worker: 4,000 keep pace,"
            + " at most 5,000; workers start in 10 s.",
        t -> 40e6,
        300,
        1200,
        SimulatedStage.of("clean", 10_000, 10, 5_000));
  }

  static Scenario tenStages() {
    List<SimulatedStage> stages = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      stages.add(
          SimulatedStage.of("stage-" + i, 6_000 + 3_000 * (i % 4), 5, 500).outputRecords(40e6));
    }
    return Scenario.flow(
        "ten stages",
        "A chain of ten stages of different speed, a million records a second for five minutes.",
        t -> 1e6,
        300,
        1500,
        stages.toArray(SimulatedStage[]::new));
  }

  static Scenario steadyFlow() {
    return Scenario.flow(
        "steady flow",
        "200,000 records a second for half an hour, twice as many in the middle third.",
        t -> t > 600 && t < 1200 ? 400_000 : 200_000,
        1800,
        2700,
        SimulatedStage.of("clean", 15_000, 5, 100),
        SimulatedStage.of("load", 10_000, 5, 100));
  }

  static Scenario bursts() {
    return Scenario.flow(
        "bursts",
        "Every two minutes a burst of 20 s with a million records a second, nothing in between.",
        t -> t % 120 < 20 ? 1e6 : 0,
        740,
        1400,
        SimulatedStage.of("load", 15_000, 4, 200));
  }

  static Scenario skew() {
    return Scenario.backlog(
        "skew",
        "40 million records; from 40 s to 100 s each costs four times as much as before and after.",
        40e6,
        1200,
        SimulatedStage.of("load", 16_000, 4, 400)
            .perWorker(t -> t > 40 && t < 100 ? 4_000 : 16_000));
  }

  static Scenario crashes() {
    return Scenario.flow(
        "crashes",
        "500,000 records a second for ten minutes; a worker lives for two minutes, what it held"
            + " comes again after 20 s.",
        t -> 500_000,
        600,
        1500,
        SimulatedStage.of("load", 10_000, 5, 300).crashSeconds(120));
  }

  static Scenario cappedSink() {
    return Scenario.backlog(
        "capped sink",
        "100 million records; the target bears 200,000 a second however many of up to 200 workers"
            + " write, a worker does 20,000.",
        100e6,
        1200,
        SimulatedStage.of("clean", 60_000, 3, 200).outputRecords(20e6),
        SimulatedStage.of("load", 20_000, 3, 200).sinkRate(200_000));
  }

  static Scenario stalledTarget() {
    return Scenario.flow(
        "stalled target",
        "200,000 records a second for fifteen minutes; from 300 s to 420 s the target does nothing.",
        t -> 200_000,
        900,
        1800,
        SimulatedStage.of("clean", 20_000, 4, 100).outputRecords(10e6),
        SimulatedStage.of("load", 10_000, 4, 100).down(t -> t > 300 && t < 420));
  }

  static Scenario clockJumps() {
    return steady("clock jumps", "A steady flow; the clock jumps an hour on and then two back.")
        .clockShift(t -> t < 200 ? 0 : t < 400 ? 3600 : -3600);
  }

  static Scenario blind() {
    return steady("blind", "A steady flow; from 200 s to 320 s nothing can be observed.")
        .blind(t -> t > 200 && t < 320);
  }

  static Scenario slowRule() {
    return Scenario.backlog(
        "slow rule, whole batches",
        "Four million records in batches of 10,000; a worker does 50 a second, of the four batches"
            + " that it holds at a time, so nothing shows for 800 s; at most 100 workers.",
        4e6,
        6000,
        SimulatedStage.of("clean", 50, 3, 100).batches(10_000, 4));
  }

  static Scenario slowLookup() {
    return Scenario.backlog(
        "slow lookup, whole batches",
        "The same, but a worker does one of its four batches after the other: the first shows after"
            + " 200 s.",
        4e6,
        6000,
        SimulatedStage.of("enrich", 50, 3, 100).batches(10_000, 1));
  }

  static Scenario becomesSlow() {
    return Scenario.flow(
        "short queue, becomes slow",
        "3,000 records a second for fifteen minutes, in the first minute 60,000, through a queue that"
            + " holds 15,000; a worker does 20,000 a second, from 300 s on 100: 30 keep pace.",
        t -> t < 60 ? 60_000 : 3_000,
        900,
        1800,
        SimulatedStage.of("clean", 20_000, 3, 100).messages(10).outputRecords(15_000),
        SimulatedStage.of("enrich", 20_000, 3, 100)
            .messages(10)
            .perWorker(t -> t < 300 ? 20_000 : 100));
  }

  static Scenario becomesFast() {
    return Scenario.flow(
        "becomes fast",
        "3,000 records a second for half an hour in messages of 1,000; a worker does 100 a second,"
            + " from 600 s on, when its cache is warm, 20,000: at first 30 keep pace, then one.",
        t -> 3_000,
        1800,
        2700,
        SimulatedStage.of("enrich", 100, 3, 100)
            .messages(1_000)
            .perWorker(t -> t < 600 ? 100 : 20_000));
  }

  static Scenario loweredRate() {
    return Scenario.backlog(
        "lowered rate",
        "30 million records; a worker does 10,000 a second, all together may do 300,000, from 60 s to"
            + " 240 s a tenth of that. Who is to leave has his share of it for 32 s.",
        30e6,
        900,
        SimulatedStage.of("load", 10_000, 4, 100)
            .rateCap(t -> t > 60 && t < 240 ? 30_000 : 300_000));
  }

  private static Scenario steady(String name, String about) {
    return Scenario.flow(
        name, about, t -> 300_000, 600, 1500, SimulatedStage.of("load", 10_000, 5, 200));
  }
}
