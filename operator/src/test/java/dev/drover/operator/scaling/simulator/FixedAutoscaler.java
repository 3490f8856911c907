package dev.drover.operator.scaling.simulator;

import dev.drover.operator.scaling.StageObservation;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** All workers there may be, from the start: nothing drains sooner. */
final class FixedAutoscaler implements Autoscaler {
  @Override
  public String name() {
    return "all at once";
  }

  @Override
  public double period() {
    return 2;
  }

  @Override
  public Map<String, Integer> decide(List<StageObservation> stages, Instant now) {
    return stages.stream()
        .collect(Collectors.toMap(StageObservation::stage, s -> s.bounds().maxReplicas()));
  }
}
