package dev.drover.operator.scaling.simulator;

import dev.drover.operator.scaling.StageObservation;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * {@code ceil(lag / threshold)} as Kubernetes' HorizontalPodAutoscaler does it with its defaults: a
 * decision every 15 s, a tolerance of a tenth, up by the larger of double and four pods at a time,
 * down to the most that was asked for within 300 s. Its threshold is set as well as can be: it is
 * told what a worker of each stage truly does, which nobody knows beforehand.
 */
final class LagThresholdAutoscaler implements Autoscaler {
  private static final double DOWN_SECONDS = 300;
  private static final double TOLERANCE = 0.1;

  private final ToDoubleFunction<String> perWorker;
  private final double seconds;
  private final Map<String, Deque<double[]>> asked = new HashMap<>();
  private double clock;

  /**
   * A rule.
   *
   * @param perWorker records a second of a stage's worker
   * @param seconds how many seconds of a worker's work are one worker's share of the lag
   */
  LagThresholdAutoscaler(ToDoubleFunction<String> perWorker, double seconds) {
    this.perWorker = perWorker;
    this.seconds = seconds;
  }

  @Override
  public String name() {
    return "lag / " + (int) seconds + " s";
  }

  @Override
  public double period() {
    return 15;
  }

  @Override
  public Map<String, Integer> decide(List<StageObservation> stages, Instant now) {
    clock += period(); // It counts by ticks: no jump of a clock is held against it.
    Map<String, Integer> replicas = new LinkedHashMap<>();
    stages.forEach(s -> replicas.put(s.stage(), one(s)));
    return replicas;
  }

  private int one(StageObservation stage) {
    if (stage.work() == null) {
      return stage.desired();
    }
    double threshold = perWorker.applyAsDouble(stage.stage()) * seconds;
    double ratio = stage.work().records() / threshold / Math.max(1, stage.desired());
    int wanted =
        Math.abs(ratio - 1) <= TOLERANCE
            ? stage.desired()
            : (int) Math.ceil(stage.work().records() / threshold);
    wanted = Math.clamp(wanted, 1, stage.bounds().maxReplicas());
    Deque<double[]> before = asked.computeIfAbsent(stage.stage(), s -> new ArrayDeque<>());
    before.add(new double[] {clock, wanted});
    before.removeIf(a -> clock - a[0] > DOWN_SECONDS);
    if (wanted > stage.desired()) {
      return Math.min(wanted, Math.max(2 * stage.desired(), stage.desired() + 4));
    }
    int most = (int) before.stream().mapToDouble(a -> a[1]).max().orElse(wanted);
    return Math.min(stage.desired(), most);
  }
}
