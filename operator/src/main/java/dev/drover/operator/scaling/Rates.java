package dev.drover.operator.scaling;

import java.util.List;

/**
 * Records a second over the latest samples. The window is as short as the numbers allow: batches
 * make them move in jumps, so it reaches back until a few jumps are in it, a minute at most.
 *
 * @param arrival handed to the stage a second; λ
 * @param lastingArrival the same over a minute, or the higher if that is it: a pause between two
 *     bursts is no end
 * @param completion decided a second; μ
 * @param seconds how long the window of the completions is; 0 when nothing is known
 */
record Rates(double arrival, double lastingArrival, double completion, double seconds) {
  /** How long samples are kept. */
  static final double KEPT_SECONDS = 60;

  private static final double WINDOW_SECONDS = 8;
  private static final int JUMPS = 4;

  static Rates of(List<Sample> samples) {
    if (samples.size() < 2) {
      return new Rates(0, 0, 0, 0);
    }
    Sample last = samples.getLast();
    Sample first = samples.getFirst();
    Sample since = windowStart(samples);
    Sample arrivalSince = windowOf(samples, WINDOW_SECONDS);
    double arrival = (last.arrived() - arrivalSince.arrived()) / seconds(arrivalSince, last);
    double lasting = (last.arrived() - first.arrived()) / seconds(first, last);
    return new Rates(
        Math.max(0, arrival),
        Math.max(0, Math.max(arrival, lasting)),
        Math.max(0, (last.completed() - since.completed()) / seconds(since, last)),
        seconds(since, last));
  }

  private static Sample windowOf(List<Sample> samples, double length) {
    Sample since = samples.getFirst();
    for (Sample s : samples) {
      if (samples.getLast().at() - s.at() >= length) {
        since = s;
      }
    }
    return since;
  }

  private static Sample windowStart(List<Sample> samples) {
    Sample last = samples.getLast();
    int jumps = 0;
    for (int i = samples.size() - 2; i >= 0; i--) {
      Sample s = samples.get(i);
      jumps += s.completed() < samples.get(i + 1).completed() ? 1 : 0;
      if (last.at() - s.at() >= WINDOW_SECONDS && jumps >= JUMPS) {
        return s;
      }
    }
    return samples.getFirst();
  }

  private static double seconds(Sample from, Sample to) {
    return Math.max(0.001, to.at() - from.at());
  }
}
