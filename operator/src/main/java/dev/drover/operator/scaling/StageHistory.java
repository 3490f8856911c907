package dev.drover.operator.scaling;

import java.util.ArrayList;
import java.util.List;

/**
 * What scaling remembers of one stage. Immutable; times are seconds that scaling has watched.
 *
 * @param samples of the last minute, longer where batches are slow, the latest last; empty after a
 *     gap
 * @param needs workers that were needed at the latest decisions, the latest last
 * @param granted workers that were given at the latest decisions, the latest last, without those
 *     that a later one gave as many as
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
    List<Need> granted,
    Capacity capacity,
    double raisedAt,
    double settledAt,
    int settledReady,
    double progressAt,
    int fullLimit) {
  private static final double SAMPLE_SECONDS = 0.9;
  private static final double NEEDS_KEPT_SECONDS = StagePolicy.LONGEST_DOWN_SECONDS;

  /** Between looks that are more than a minute old. */
  private static final double APART_SECONDS = 15;

  /** How many times as long as a worker is at a batch looks are kept: it may hold a few. */
  private static final int KEPT_BATCHES = 20;

  /** Longer than it takes a worker to hear that it is to leave, after which it takes nothing. */
  private static final double TAKING_SECONDS = 32;

  /** For how long after that what was done while they had a share is among what is looked at. */
  private static final double SHARED_SECONDS = 12;

  /** Workers that were needed at a time. */
  record Need(double at, int workers) {}

  StageHistory {
    samples = List.copyOf(samples);
    needs = List.copyOf(needs);
    granted = List.copyOf(granted);
  }

  static StageHistory start(double now) {
    return new StageHistory(
        List.of(),
        List.of(),
        List.of(),
        Capacity.UNKNOWN,
        Double.NEGATIVE_INFINITY,
        now,
        0,
        now,
        0);
  }

  /** The same after a look at the stage, and what that teaches about its workers. */
  StageHistory seen(Sample sample, boolean busy) {
    boolean same = Math.abs(sample.ready() - settledReady) <= settledReady * 0.1;
    boolean moved =
        samples.isEmpty() || sample.completed() > samples.getLast().completed() || !busy;
    if (!samples.isEmpty() && sample.at() - samples.getLast().at() < SAMPLE_SECONDS) {
      return this;
    }
    double settled = same ? settledAt : sample.at();
    List<Sample> next = kept(sample);
    return new StageHistory(
        next,
        needs,
        granted,
        capacity.learn(next, settled),
        raisedAt,
        settled,
        same ? settledReady : sample.ready(),
        moved ? sample.at() : progressAt,
        fullLimit);
  }

  /**
   * Those of the last minute; and, seconds apart, those before it in a run in which all workers
   * have work, while batches are so slow that a minute teaches nothing.
   */
  private List<Sample> kept(Sample sample) {
    double batch = capacity.secondsFor(sample.batchRecords());
    double wanted =
        sample.batchRecords() == 0
            ? 0
            : batch == 0
                ? Rates.LONGEST_SECONDS
                : Math.min(KEPT_BATCHES * batch, Rates.LONGEST_SECONDS);
    int run =
        sample.saturated()
            ? SaturatedRun.latest(samples, Double.NEGATIVE_INFINITY).looks().size()
            : 0;
    List<Sample> next = new ArrayList<>();
    for (int i = 0; i < samples.size(); i++) {
      Sample s = samples.get(i);
      double age = sample.at() - s.at();
      boolean apart = next.isEmpty() || s.at() - next.getLast().at() >= APART_SECONDS;
      if (age <= Rates.KEPT_SECONDS || (i >= samples.size() - run && age <= wanted && apart)) {
        next.add(s);
      }
    }
    next.add(sample);
    return next;
  }

  /** Need that is the same as at the two decisions before takes the place of the latter. */
  StageHistory needed(double now, int workers) {
    List<Need> next = new ArrayList<>(needs);
    while (next.size() > 1 && now - next.get(1).at() > NEEDS_KEPT_SECONDS) {
      next.removeFirst();
    }
    int size = next.size();
    if (size > 1
        && next.get(size - 1).workers() == workers
        && next.get(size - 2).workers() == workers) {
      next.removeLast();
    }
    next.add(new Need(now, workers));
    return new StageHistory(
        samples, next, granted, capacity, raisedAt, settledAt, settledReady, progressAt, fullLimit);
  }

  /**
   * The same after a decision.
   *
   * @param grace how long a pod may take to end, seconds
   */
  StageHistory granted(double now, int workers, double grace) {
    List<Need> next = new ArrayList<>(granted);
    double kept = Math.max(grace, TAKING_SECONDS + SHARED_SECONDS);
    next.removeIf(n -> now - n.at() > kept || n.workers() <= workers);
    next.add(new Need(now, workers));
    return new StageHistory(
        samples, needs, next, capacity, raisedAt, settledAt, settledReady, progressAt, fullLimit);
  }

  /** Workers that may still take something: those that are to leave have heard of it in a while. */
  int taking(double now) {
    return mostGranted(now, TAKING_SECONDS);
  }

  /** Workers among whom a rate was shared lately. */
  int shared(double now) {
    return mostGranted(now, TAKING_SECONDS + SHARED_SECONDS);
  }

  private int mostGranted(double now, double within) {
    return granted.stream()
        .filter(n -> now - n.at() <= within)
        .mapToInt(Need::workers)
        .max()
        .orElse(0);
  }

  /** Workers that may still be at work: a pod that is to leave finishes what it has begun. */
  int atWork() {
    return granted.stream().mapToInt(Need::workers).max().orElse(0);
  }

  StageHistory raised(double now) {
    return new StageHistory(
        samples, needs, granted, capacity, now, settledAt, settledReady, progressAt, fullLimit);
  }

  StageHistory limited(int limit) {
    return new StageHistory(
        samples, needs, granted, capacity, raisedAt, settledAt, settledReady, progressAt, limit);
  }

  /** After a gap in time what was counted before says nothing about rates. */
  StageHistory afterGap(double now) {
    return new StageHistory(
        List.of(), List.of(), granted, capacity, raisedAt, now, settledReady, now, fullLimit);
  }

  /**
   * The most workers that had something to do at any look of a window in which nothing waited for
   * one; as many as there may be if something did, or the window is not full.
   */
  int mostAtWork(double now, double window) {
    long most = 0;
    boolean whole = false;
    for (Sample s : samples) {
      if (now - s.at() > window) {
        whole = true;
      } else if (s.laden()) {
        return Integer.MAX_VALUE;
      } else {
        most = Math.max(most, s.units());
      }
    }
    return whole ? (int) Math.min(most, Integer.MAX_VALUE) : Integer.MAX_VALUE;
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
