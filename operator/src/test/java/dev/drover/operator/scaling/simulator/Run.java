package dev.drover.operator.scaling.simulator;

import java.util.ArrayList;
import java.util.List;

/** What happened in a run, and what it was worth. */
final class Run {
  /** Workers within this share of those before are no other direction, and no overshoot. */
  private static final double NOTHING = 0.5;

  /**
   * A stage over time, an entry a tick.
   *
   * @param desired workers that were wanted
   * @param ready workers that were ready
   * @param useful the most workers that could be of use then
   */
  record Series(
      List<Double> time,
      List<Double> backlog,
      List<Double> arrived,
      List<Double> completed,
      List<Double> desired,
      List<Double> ready,
      List<Double> useful) {
    Series() {
      this(
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>());
    }
  }

  private final Scenario scenario;
  private final String rule;
  private final List<Series> stages = new ArrayList<>();
  private double replicaSeconds;
  private double drainedAt = Double.POSITIVE_INFINITY;

  Run(Scenario scenario, String rule) {
    this.scenario = scenario;
    this.rule = rule;
    scenario.stages().forEach(s -> stages.add(new Series()));
  }

  void look(
      int stage,
      double t,
      double tick,
      double backlog,
      double arrived,
      double completed,
      int desired,
      int ready) {
    Series s = stages.get(stage);
    double before = s.arrived().isEmpty() ? 0 : s.arrived().getLast();
    SimulatedStage world = scenario.stages().get(stage);
    double rate = t == 0 ? 0 : (arrived - before) / tick;
    double cap = world.rateCap().applyAsDouble(t);
    double bears = cap > 0 ? Math.min(cap, world.sinkRate()) : world.sinkRate();
    double wanted = Math.min(bears, rate + (backlog + rate * tick) / Simulation.TARGET_SECONDS);
    s.time().add(t);
    s.backlog().add(backlog);
    s.arrived().add(arrived);
    s.completed().add(completed);
    s.desired().add((double) desired);
    s.ready().add((double) ready);
    double useful = Math.ceil(wanted / world.perWorker().applyAsDouble(t));
    double batches =
        world.batchRecords() > 0
            ? Math.ceil(backlog / world.batchRecords())
            : Double.POSITIVE_INFINITY;
    s.useful().add(Math.min(world.maxReplicas(), Math.min(useful, batches)));
    replicaSeconds += desired * tick;
    if (stage == stages.size() - 1) {
      boolean empty =
          t >= scenario.arrivalSeconds()
              && stages.stream().allMatch(all -> all.backlog().getLast() < 1);
      drainedAt = !empty ? Double.POSITIVE_INFINITY : Math.min(drainedAt, t);
    }
  }

  Scenario scenario() {
    return scenario;
  }

  String rule() {
    return rule;
  }

  List<Series> stages() {
    return stages;
  }

  /** Seconds from the last arrival until nothing waits; infinite if that did not come to pass. */
  double secondsToDrain() {
    return drainedAt - scenario.arrivalSeconds();
  }

  /** Workers that were wanted, times the seconds for which they were. */
  double replicaSeconds() {
    return replicaSeconds;
  }

  /** The least that the same work can cost: no worker ever starts, waits or dies. */
  double idealReplicaSeconds() {
    double ideal = 0;
    for (int i = 0; i < stages.size(); i++) {
      Series s = stages.get(i);
      for (int n = 1; n < s.time().size(); n++) {
        double done = s.completed().get(n) - s.completed().get(n - 1);
        ideal += done / scenario.stages().get(i).perWorker().applyAsDouble(s.time().get(n));
      }
    }
    return ideal;
  }

  /** How often a stage that grew began to shrink or the reverse, over all stages. */
  int directionChanges() {
    int changes = 0;
    for (Series s : stages) {
      int direction = 0;
      for (int n = 1; n < s.desired().size(); n++) {
        int now = (int) Math.signum(s.desired().get(n) - s.desired().get(n - 1));
        changes += now != 0 && direction != 0 && now != direction ? 1 : 0;
        direction = now != 0 ? now : direction;
      }
    }
    return changes;
  }

  /**
   * Of the stage that was worst: the most workers wanted above the most that could ever have been
   * of use, as a share of these. Half a worker more is none.
   */
  double worstOvershoot() {
    double worst = 0;
    for (Series s : stages) {
      double useful = Math.max(1, max(s.useful()));
      double above = max(s.desired()) - useful;
      worst = Math.max(worst, above > NOTHING ? above / useful : 0);
    }
    return worst;
  }

  static double max(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).max().orElse(0);
  }
}
