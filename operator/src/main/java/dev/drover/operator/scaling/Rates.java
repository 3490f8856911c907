package dev.drover.operator.scaling;

import java.util.List;

/**
 * Records a second over the latest samples. The window is as short as the numbers allow: batches
 * make them move in jumps, so it reaches back until a few jumps are in it, and a batch of each
 * worker: a minute, and as long as all have work without a break at most half an hour.
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

  /** The same of a run in which all workers have work, for the slowest batches. */
  static final double LONGEST_SECONDS = 1800;

  private static final double WINDOW_SECONDS = 8;
  private static final int JUMPS = 4;

  static Rates of(List<Sample> samples) {
    if (samples.size() < 2) {
      return new Rates(0, 0, 0, 0);
    }
    Sample last = samples.getLast();
    Sample first =
        samples.stream().filter(s -> last.at() - s.at() <= KEPT_SECONDS).findFirst().orElse(last);
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
      boolean each = last.completed() - s.completed() >= last.batchRecords() * last.ready();
      if (last.at() - s.at() >= WINDOW_SECONDS && jumps >= JUMPS && each) {
        return s;
      }
    }
    return samples.getFirst();
  }

  private static double seconds(Sample from, Sample to) {
    return Math.max(0.001, to.at() - from.at());
  }
}
