package dev.drover.operator.scaling;

import java.util.List;

/**
 * What a worker of a stage can do, and how far more of them help. It is learned only while every
 * worker has work and nothing else holds it back. Immutable.
 *
 * @param perWorker records a second of one worker; 0 while unknown
 * @param most records a second that one worker does at most, as far as it is not known better;
 *     infinite if that was never seen
 * @param provenWorkers the most workers that were seen to work together; 0 for none
 * @param provenRate records a second of those together
 * @param ceiling workers above which no more was completed; 0 for none
 * @param ceilingUntil when to try once more, in seconds that scaling has watched
 * @param patience how long a ceiling holds, in seconds; longer each time it proves true
 */
record Capacity(
    double perWorker,
    double most,
    double provenWorkers,
    double provenRate,
    int ceiling,
    double ceilingUntil,
    double patience) {
  static final Capacity UNKNOWN = new Capacity(0, Double.POSITIVE_INFINITY, 0, 0, 0, 0, 120);

  /** Workers are not told to be of no use before they have warmed up. */
  static final double WARM_SECONDS = 15;

  private static final double LONGEST_PATIENCE = 960;

  /** Workers that are asked for before any was seen to work. */
  static final int FIRST = 16;

  /** How many times what was seen to work together is asked for before that is seen to work. */
  private static final int FURTHER = 4;

  /** Added workers must bring this share of what those before them did. */
  private static final double WORTHWHILE = 0.5;

  private static final double SAME_SIZE = 1.1;
  private static final double NEW_WEIGHT = 0.3;

  /** Of a worker that is fast, for whom nothing else is known. */
  private static final double ASSUMED = StagePolicy.ASSUMED_PER_WORKER;

  boolean known() {
    return perWorker > 0;
  }

  /** Whether workers are seen to be slower than is assumed, though not yet how slow. */
  boolean slow() {
    return !known() && most < ASSUMED;
  }

  /** Records a second of one worker to reckon with: what is known, else the most that it may be. */
  double reckoned() {
    return known() ? perWorker : Math.min(most, ASSUMED);
  }

  /** How long a worker is at so many records, in seconds; 0 while that is not known. */
  double secondsFor(double records) {
    double each = known() ? perWorker : provenWorkers > 0 ? provenRate / provenWorkers : 0;
    return each > 0 ? records / each : 0;
  }

  /**
   * What is known after another look.
   *
   * @param samples the latest last
   * @param settledAt since when about as many workers are ready
   */
  Capacity learn(List<Sample> samples, double settledAt) {
    SaturatedRun run = SaturatedRun.latest(samples, settledAt);
    Capacity seen =
        known() ? this : atMost(Math.min(run.most(), SaturatedRun.mostInSilence(samples)));
    double now = samples.getLast().at();
    return run.measure()
        .map(m -> seen.judge(m.workers(), m.rate(), now, now - settledAt))
        .or(() -> run.whole().map(m -> seen.proven(m.workers(), m.rate())))
        .orElse(seen);
  }

  private Capacity atMost(double seen) {
    return new Capacity(
        perWorker,
        Math.min(most, seen),
        provenWorkers,
        provenRate,
        ceiling,
        ceilingUntil,
        patience);
  }

  /** So many do as much together, though how much each does is not better known for it. */
  private Capacity proven(double workers, double rate) {
    boolean more = workers > Math.max(provenWorkers, ceiling) * SAME_SIZE;
    return more && (provenWorkers == 0 || gain(workers, rate) >= WORTHWHILE)
        ? new Capacity(perWorker, most, workers, rate, 0, 0, UNKNOWN.patience)
        : this;
  }

  /** What each worker more did, as a share of what each did before. */
  private double gain(double workers, double rate) {
    return (rate - provenRate) / ((workers - provenWorkers) * (provenRate / provenWorkers));
  }

  private Capacity judge(double workers, double rate, double now, double settled) {
    if (!known()) {
      return new Capacity(rate / workers, most, workers, rate, 0, 0, patience);
    }
    if (workers <= Math.max(provenWorkers, ceiling) * SAME_SIZE) {
      double per = perWorker + NEW_WEIGHT * (rate / workers - perWorker);
      return new Capacity(per, most, workers, rate, ceiling, ceilingUntil, patience);
    }
    if (gain(workers, rate) >= WORTHWHILE) {
      return new Capacity(rate / workers, most, workers, rate, 0, 0, UNKNOWN.patience);
    }
    if (settled < WARM_SECONDS) {
      return this;
    }
    double useful = Math.clamp(rate / perWorker, provenWorkers, workers);
    double next = ceiling > 0 ? Math.min(2 * patience, LONGEST_PATIENCE) : patience;
    return new Capacity(
        perWorker, most, provenWorkers, provenRate, (int) Math.ceil(useful), now + next, next);
  }

  /**
   * The most workers that are of use as far as is known: up to the ceiling, or a little more to
   * find out whether it still holds; and not many times what was ever seen to work together.
   */
  int useful(double now) {
    if (ceiling == 0 && provenWorkers == 0) {
      return Integer.MAX_VALUE;
    }
    if (ceiling == 0) {
      double further = Math.ceil(provenWorkers) * FURTHER;
      return (int) Math.min(Integer.MAX_VALUE, known() ? further : Math.max(FIRST, further));
    }
    return now < ceilingUntil ? ceiling : ceiling + Math.max(1, ceiling / 4);
  }
}
