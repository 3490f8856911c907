package dev.drover.operator.scaling.simulator;

import dev.drover.operator.scaling.StageObservation;
import dev.drover.operator.scaling.StageObservation.Work;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares what arrives with what is done, every 10 s: two workers more when more arrives than is
 * done or the backlog is worth more than 30 s of work, two fewer when the backlog is worth less
 * than 5 s and half of the work would do; then nothing for 90 s.
 */
final class RateStepAutoscaler implements Autoscaler {
  private static final int STEP = 2;
  private static final double COOL_DOWN_SECONDS = 90;

  private record Seen(long arrived, long completed, double changedAt) {}

  private final Map<String, Seen> seen = new HashMap<>();
  private double clock;

  @Override
  public String name() {
    return "rate ± 2";
  }

  @Override
  public double period() {
    return 10;
  }

  @Override
  public Map<String, Integer> decide(List<StageObservation> stages, Instant now) {
    clock += period();
    Map<String, Integer> replicas = new LinkedHashMap<>();
    stages.forEach(s -> replicas.put(s.stage(), one(s)));
    return replicas;
  }

  private int one(StageObservation stage) {
    Work work = stage.work();
    if (work == null) {
      return stage.desired();
    }
    Seen before =
        seen.getOrDefault(
            stage.stage(), new Seen(work.arrived(), work.completed(), -COOL_DOWN_SECONDS));
    double arrival = (work.arrived() - before.arrived()) / period();
    double completion = (work.completed() - before.completed()) / period();
    int wanted = stage.desired();
    if (clock - before.changedAt() >= COOL_DOWN_SECONDS) {
      boolean behind =
          work.records() > 0 && (arrival > 1.1 * completion || work.records() > 30 * completion);
      boolean idle = work.records() <= 5 * completion && arrival <= 0.5 * completion;
      wanted += behind ? STEP : idle || work.records() == 0 ? -STEP : 0;
    }
    wanted = Math.clamp(wanted, 1, stage.bounds().maxReplicas());
    boolean changed = wanted != stage.desired();
    seen.put(
        stage.stage(),
        new Seen(work.arrived(), work.completed(), changed ? clock : before.changedAt()));
    return wanted;
  }
}
