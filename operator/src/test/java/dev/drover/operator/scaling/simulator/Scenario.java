package dev.drover.operator.scaling.simulator;

import java.util.List;
import java.util.function.DoublePredicate;
import java.util.function.DoubleUnaryOperator;

/**
 * What a chain goes through.
 *
 * @param name a word or two
 * @param about what happens, for people
 * @param stages the chain, upstream first
 * @param initial records that wait for the first stage at the start
 * @param arrival records a second that arrive at a time
 * @param arrivalSeconds when the last arrives
 * @param seconds how long to watch
 * @param clockShift seconds by which the operator's clock is off at a time
 * @param blind whether nothing can be observed at a time
 */
record Scenario(
    String name,
    String about,
    List<SimulatedStage> stages,
    double initial,
    DoubleUnaryOperator arrival,
    double arrivalSeconds,
    double seconds,
    DoubleUnaryOperator clockShift,
    DoublePredicate blind) {
  Scenario {
    stages = List.copyOf(stages);
  }

  static Scenario backlog(
      String name, String about, double records, double seconds, SimulatedStage... stages) {
    return new Scenario(
        name, about, List.of(stages), records, t -> 0, 0, seconds, t -> 0, t -> false);
  }

  static Scenario flow(
      String name,
      String about,
      DoubleUnaryOperator arrival,
      double arrivalSeconds,
      double seconds,
      SimulatedStage... stages) {
    return new Scenario(
        name,
        about,
        List.of(stages),
        0,
        t -> t < arrivalSeconds ? arrival.applyAsDouble(t) : 0,
        arrivalSeconds,
        seconds,
        t -> 0,
        t -> false);
  }

  Scenario clockShift(DoubleUnaryOperator shift) {
    return new Scenario(
        name, about, stages, initial, arrival, arrivalSeconds, seconds, shift, blind);
  }

  Scenario blind(DoublePredicate when) {
    return new Scenario(
        name, about, stages, initial, arrival, arrivalSeconds, seconds, clockShift, when);
  }

  /** Records a second of a stage's worker at the start: what a rule may be told. */
  double perWorker(String stage) {
    return stages.stream()
        .filter(s -> s.name().equals(stage))
        .findFirst()
        .orElseThrow()
        .perWorker()
        .applyAsDouble(0);
  }
}
