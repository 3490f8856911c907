package dev.drover.operator.scaling.simulator;

import dev.drover.operator.scaling.Reason;
import dev.drover.operator.scaling.ScalingHistory;
import dev.drover.operator.scaling.ScalingPolicy;
import dev.drover.operator.scaling.StageObservation;
import dev.drover.operator.scaling.StageScale;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The very policy that the operator runs. */
final class DroverAutoscaler implements Autoscaler {
  private final Map<String, Integer> caps;
  private ScalingHistory history = ScalingHistory.NONE;
  private List<StageScale> last = List.of();

  DroverAutoscaler(Map<String, Integer> caps) {
    this.caps = caps;
  }

  @Override
  public String name() {
    return "drover";
  }

  @Override
  public double period() {
    return 2;
  }

  @Override
  public Map<String, Integer> decide(List<StageObservation> stages, Instant now) {
    ScalingPolicy.Decision decision =
        ScalingPolicy.decide(stages, caps, Duration.ofMinutes(5), history, now);
    history = decision.history();
    last = decision.stages();
    Map<String, Integer> replicas = new LinkedHashMap<>();
    last.forEach(s -> replicas.put(s.stage(), s.replicas()));
    return replicas;
  }

  /** The latest reason of a stage. */
  Reason reason(String stage) {
    return last.stream().filter(s -> s.stage().equals(stage)).findFirst().orElseThrow().reason();
  }
}
