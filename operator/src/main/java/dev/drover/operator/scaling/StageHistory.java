package dev.drover.operator.scaling;

import java.util.ArrayList;
import java.util.List;

/**
 * What scaling remembers of one stage. Immutable; times are seconds that scaling has watched.
 *
 * @param samples of the last minute, the latest last; empty after a gap
 * @param needs workers that were needed at the latest decisions, the latest last
 * @param capacity what its workers can do
 * @param raisedAt when more workers were last asked for
 * @param settledAt since when about as many workers are ready
 * @param settledReady how many that is
 * @param progressAt when it last completed anything, or had nothing to complete
 * @param fullLimit workers that are enough while its output queue is nearly full; 0 for no limit
 */
record StageHistory(
    List<Sample> samples,
    List<Need> needs,
    Capacity capacity,
    double raisedAt,
    double settledAt,
    int settledReady,
    double progressAt,
    int fullLimit) {
  private static final double SAMPLE_SECONDS = 0.9;
  private static final double NEEDS_KEPT_SECONDS = 40;

  /** Workers that were needed at a time. */
  record Need(double at, int workers) {}

  StageHistory {
    samples = List.copyOf(samples);
    needs = List.copyOf(needs);
  }

  static StageHistory start(double now) {
    return new StageHistory(
        List.of(), List.of(), Capacity.UNKNOWN, Double.NEGATIVE_INFINITY, now, 0, now, 0);
  }

  /** The same after a look at the stage, and what that teaches about its workers. */
  StageHistory seen(Sample sample, boolean busy) {
    boolean same = Math.abs(sample.ready() - settledReady) <= settledReady * 0.1;
    boolean moved =
        samples.isEmpty() || sample.completed() > samples.getLast().completed() || !busy;
    if (!samples.isEmpty() && sample.at() - samples.getLast().at() < SAMPLE_SECONDS) {
      return this;
    }
    List<Sample> next = new ArrayList<>(samples);
    next.removeIf(s -> sample.at() - s.at() > Rates.KEPT_SECONDS);
    next.add(sample);
    double settled = same ? settledAt : sample.at();
    return new StageHistory(
        next,
        needs,
        capacity.learn(next, settled),
        raisedAt,
        settled,
        same ? settledReady : sample.ready(),
        moved ? sample.at() : progressAt,
        fullLimit);
  }

  StageHistory needed(double now, int workers) {
    List<Need> next = new ArrayList<>(needs);
    next.removeIf(n -> now - n.at() > NEEDS_KEPT_SECONDS);
    next.add(new Need(now, workers));
    return new StageHistory(
        samples, next, capacity, raisedAt, settledAt, settledReady, progressAt, fullLimit);
  }

  StageHistory raised(double now) {
    return new StageHistory(
        samples, needs, capacity, now, settledAt, settledReady, progressAt, fullLimit);
  }

  StageHistory limited(int limit) {
    return new StageHistory(
        samples, needs, capacity, raisedAt, settledAt, settledReady, progressAt, limit);
  }

  /** After a gap in time what was counted before says nothing about rates. */
  StageHistory afterGap(double now) {
    return new StageHistory(
        List.of(), List.of(), capacity, raisedAt, now, settledReady, now, fullLimit);
  }

  /**
   * The most that was needed at any time of a window; no less than {@code otherwise} if it is not
   * full.
   */
  int mostNeeded(double now, double window, int otherwise) {
    int most = 0;
    boolean whole = false;
    for (Need n : needs) {
      if (now - n.at() <= window) {
        most = Math.max(most, n.workers());
      } else {
        whole = true;
      }
    }
    return whole ? most : Math.max(most, otherwise);
  }
}
