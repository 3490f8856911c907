package dev.drover.operator.scaling.simulator;

import dev.drover.operator.scaling.StageObservation;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A rule that forgets what it saw after so many decisions, as an operator does that starts anew.
 */
final class ForgetfulAutoscaler implements Autoscaler {
  private final Supplier<Autoscaler> anew;
  private final int every;
  private Autoscaler rule;
  private int decisions;

  ForgetfulAutoscaler(Supplier<Autoscaler> anew, int every) {
    this.anew = anew;
    this.every = every;
    this.rule = anew.get();
  }

  @Override
  public String name() {
    return rule.name() + ", forgetful";
  }

  @Override
  public double period() {
    return rule.period();
  }

  @Override
  public Map<String, Integer> decide(List<StageObservation> stages, Instant now) {
    if (decisions++ % every == 0) {
      rule = anew.get();
    }
    return rule.decide(stages, now);
  }
}
