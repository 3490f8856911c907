package dev.drover.operator.scaling.simulator;

import dev.drover.operator.scaling.StageObservation;
import dev.drover.operator.scaling.StageObservation.Bounds;
import dev.drover.operator.scaling.StageObservation.Work;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * One scenario under one rule. Records flow like a liquid, half a second at a time, or are worked
 * on in whole batches where the stage says so; what a dead worker held comes again after 20 s. The
 * same seed gives the same run.
 */
final class Simulation {
  static final int TARGET_SECONDS = 30;

  private static final double TICK = 0.5;
  private static final double HELD_SECONDS = 2;
  private static final double ACK_WAIT = 20;
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private record Held(double until, double records) {}

  /** A stage on its way through the scenario. */
  private static final class Station {
    private final SimulatedStage stage;
    private final Workers workers;
    private final Hands hands;
    private final List<Held> held = new ArrayList<>();
    private double queue;
    private double arrived;
    private double completed;

    private Station(SimulatedStage stage, Random random) {
      this.stage = stage;
      this.workers = new Workers(stage, random);
      this.hands = new Hands(stage.batchRecords(), stage.atATime());
    }

    double backlog() {
      return queue + hands.records() + lost();
    }

    double lost() {
      return held.stream().mapToDouble(Held::records).sum();
    }

    boolean inBatches() {
      return stage.batchRecords() > 0;
    }

    double batch() {
      return inBatches() ? stage.batchRecords() : stage.messageRecords();
    }

    /** Records a second that a worker can do and may. */
    double each(double now) {
      double can = stage.perWorker().applyAsDouble(now);
      double cap = stage.rateCap().applyAsDouble(now);
      return cap > 0 ? Math.min(can, cap / workers.sharers(now)) : can;
    }

    /** Batches that somebody holds; in a liquid, as many as those may who are ready. */
    long inFlight(long units) {
      return inBatches()
          ? hands.batches() + (long) Math.ceil(lost() / batch())
          : Math.min(units, 4L * workers.ready());
    }
  }

  private final Scenario scenario;
  private final Autoscaler rule;
  private final List<Station> chain = new ArrayList<>();

  private Simulation(Scenario scenario, Autoscaler rule) {
    this.scenario = scenario;
    this.rule = rule;
    Random random = new Random(7);
    scenario.stages().forEach(s -> chain.add(new Station(s, random)));
  }

  static Run run(Scenario scenario, Autoscaler rule) {
    return new Simulation(scenario, rule).run();
  }

  private Run run() {
    Run run = new Run(scenario, rule.name());
    chain.getFirst().queue = scenario.initial();
    chain.getFirst().arrived = scenario.initial();
    double decideAt = 0;
    for (double t = 0; t < scenario.seconds(); t += TICK) {
      if (t >= decideAt) {
        decide(t);
        decideAt += rule.period();
      }
      flow(t);
      for (int i = 0; i < chain.size(); i++) {
        Station s = chain.get(i);
        run.look(
            i,
            t,
            TICK,
            s.backlog(),
            s.arrived,
            s.completed,
            s.workers.desired(),
            s.workers.ready());
      }
    }
    return run;
  }

  private void decide(double t) {
    List<StageObservation> observations = new ArrayList<>();
    boolean over = t >= scenario.arrivalSeconds();
    for (int i = 0; i < chain.size(); i++) {
      Station s = chain.get(i);
      over = over && s.backlog() < 1;
      observations.add(observe(i, s, t, over, scenario.blind().test(t)));
    }
    Instant clock =
        START.plus(Duration.ofMillis((long) (1000 * (t + scenario.clockShift().applyAsDouble(t)))));
    Map<String, Integer> wanted = rule.decide(observations, clock);
    chain.forEach(s -> s.workers.want(wanted.get(s.stage.name()), t));
  }

  private StageObservation observe(int i, Station s, double t, boolean over, boolean blind) {
    double room = s.stage.outputRecords();
    int full =
        i + 1 < chain.size() && room < Double.POSITIVE_INFINITY
            ? (int) Math.min(100, 100 * chain.get(i + 1).backlog() / room)
            : 0;
    long units = (long) Math.ceil(s.backlog() / s.batch());
    long again = (long) Math.ceil(s.held.size());
    Work work =
        new Work(
            units,
            (long) Math.ceil(s.backlog()),
            s.inFlight(units),
            again,
            (long) s.arrived,
            (long) s.completed,
            full,
            over,
            false,
            (long) s.batch(),
            0,
            0,
            0);
    return new StageObservation(
        s.stage.name(),
        i == 0 ? "source" : chain.get(i - 1).stage.name(),
        null,
        new Bounds(
            0, s.stage.maxReplicas(), TARGET_SECONDS, (long) s.stage.rateCap().applyAsDouble(t)),
        null,
        s.workers.desired(),
        s.workers.ready(),
        blind ? null : work);
  }

  /** Downstream first, so that a record takes a tick for each stage. */
  private void flow(double t) {
    for (int i = chain.size() - 1; i >= 0; i--) {
      Station s = chain.get(i);
      double each = s.each(t);
      int died = s.workers.pass(t, TICK);
      lose(s, t, s.inBatches() ? s.hands.lose(died) : died * each * HELD_SECONDS);
      double room =
          i + 1 < chain.size()
              ? Math.max(0, s.stage.outputRecords() - chain.get(i + 1).backlog())
              : Double.POSITIVE_INFINITY;
      double can = s.stage.down().test(t) ? 0 : each * TICK;
      double most = Math.min(s.stage.sinkRate() * TICK, room);
      double done = s.inBatches() ? batches(s, t, can, most) : liquid(s, can, most);
      s.completed += done;
      if (i + 1 < chain.size()) {
        chain.get(i + 1).queue += done;
        chain.get(i + 1).arrived += done;
      }
    }
    double fresh = scenario.arrival().applyAsDouble(t) * TICK;
    chain.getFirst().queue += fresh;
    chain.getFirst().arrived += fresh;
  }

  private static double liquid(Station s, double each, double most) {
    double done = Math.min(Math.min(s.workers.ready() * each, most), s.queue);
    s.queue -= done;
    return done;
  }

  private static double batches(Station s, double t, double each, double most) {
    s.hands.resize(s.workers.ready(), t);
    s.queue += s.hands.givenBack(t);
    s.queue -= s.hands.take(s.queue);
    return s.hands.work(each, most);
  }

  private static void lose(Station s, double t, double records) {
    double lost = s.inBatches() ? records : Math.min(records, s.queue);
    if (lost > 0) {
      s.queue -= s.inBatches() ? 0 : lost;
      s.held.add(new Held(t + ACK_WAIT, lost));
    }
    for (int i = s.held.size() - 1; i >= 0; i--) {
      if (s.held.get(i).until() <= t) {
        s.queue += s.held.remove(i).records();
      }
    }
  }
}
