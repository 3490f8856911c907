package dev.drover.operator.scaling;

import java.util.List;

/**
 * What a worker of a stage can do, and how far more of them help. It is learned only while every
 * worker has work and nothing else holds it back. Immutable.
 *
 * @param perWorker records a second of one worker; 0 while unknown
 * @param provenWorkers the most workers at which that was seen
 * @param provenRate records a second of those together
 * @param ceiling workers above which no more was completed; 0 for none
 * @param ceilingUntil when to try once more, in seconds that scaling has watched
 * @param patience how long a ceiling holds, in seconds; longer each time it proves true
 */
record Capacity(
    double perWorker,
    double provenWorkers,
    double provenRate,
    int ceiling,
    double ceilingUntil,
    double patience) {
  static final Capacity UNKNOWN = new Capacity(0, 0, 0, 0, 0, 120);

  /** Workers are not told to be of no use before they have warmed up. */
  static final double WARM_SECONDS = 15;

  private static final double LEARN_SECONDS = 5;
  private static final double LEARN_WITHIN_SECONDS = 20;
  private static final int LEARN_JUMPS = 3;
  private static final double LONGEST_PATIENCE = 960;

  /** Workers that are asked for before any was seen to work. */
  static final int FIRST = 16;

  /** How many times what was seen to work together is asked for before that is seen to work. */
  private static final int FURTHER = 4;

  /** Added workers must bring this share of what those before them did. */
  private static final double WORTHWHILE = 0.5;

  private static final double SAME_SIZE = 1.1;
  private static final double NEW_WEIGHT = 0.3;

  boolean known() {
    return perWorker > 0;
  }

  /**
   * What is known after another look.
   *
   * @param samples the latest last
   * @param settledAt since when about as many workers are ready
   */
  Capacity learn(List<Sample> samples, double settledAt) {
    Sample last = samples.getLast();
    int from = samples.size();
    int jumps = 0;
    while (from > 0
        && samples.get(from - 1).saturated()
        && samples.get(from - 1).at() >= settledAt
        && !(last.at() - samples.get(from - 1).at() > LEARN_WITHIN_SECONDS
            && jumps >= LEARN_JUMPS)) {
      from--;
      jumps +=
          from + 1 < samples.size()
                  && samples.get(from).completed() < samples.get(from + 1).completed()
              ? 1
              : 0;
    }
    if (from >= samples.size()) {
      return this;
    }
    Sample first = samples.get(from);
    double seconds = last.at() - first.at();
    long completed = last.completed() - first.completed();
    if (seconds < LEARN_SECONDS || jumps < LEARN_JUMPS || completed <= 0) {
      return this;
    }
    double workers =
        samples.subList(from, samples.size()).stream().mapToInt(Sample::ready).average().orElse(0);
    return workers <= 0
        ? this
        : judge(workers, completed / seconds, last.at(), last.at() - settledAt);
  }

  private Capacity judge(double workers, double rate, double now, double settled) {
    if (!known()) {
      return new Capacity(rate / workers, workers, rate, 0, 0, patience);
    }
    if (workers <= Math.max(provenWorkers, ceiling) * SAME_SIZE) {
      double per = perWorker + NEW_WEIGHT * (rate / workers - perWorker);
      return new Capacity(per, workers, rate, ceiling, ceilingUntil, patience);
    }
    double gain = (rate - provenRate) / ((workers - provenWorkers) * (provenRate / provenWorkers));
    if (gain >= WORTHWHILE) {
      return new Capacity(rate / workers, workers, rate, 0, 0, UNKNOWN.patience);
    }
    if (settled < WARM_SECONDS) {
      return this;
    }
    double useful = Math.clamp(rate / perWorker, provenWorkers, workers);
    double next = ceiling > 0 ? Math.min(2 * patience, LONGEST_PATIENCE) : patience;
    return new Capacity(
        perWorker, provenWorkers, provenRate, (int) Math.ceil(useful), now + next, next);
  }

  /**
   * The most workers that are of use as far as is known: up to the ceiling, or a little more to
   * find out whether it still holds; and not many times what was ever seen to work together.
   */
  int useful(double now) {
    if (ceiling == 0) {
      return known()
          ? (int) Math.min(Integer.MAX_VALUE, Math.ceil(provenWorkers) * FURTHER)
          : Integer.MAX_VALUE;
    }
    return now < ceilingUntil ? ceiling : ceiling + Math.max(1, ceiling / 4);
  }
}
