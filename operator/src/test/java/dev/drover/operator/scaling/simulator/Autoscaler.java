package dev.drover.operator.scaling.simulator;

import dev.drover.operator.scaling.StageObservation;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** A rule that sizes the stages of a chain. May remember what it saw; one for each run. */
interface Autoscaler {
  /** How it is called in the report. */
  String name();

  /** Seconds between two decisions. */
  double period();

  /**
   * Workers of each stage, by name.
   *
   * @param now as the clock shows, which may jump
   */
  Map<String, Integer> decide(List<StageObservation> stages, Instant now);
}
