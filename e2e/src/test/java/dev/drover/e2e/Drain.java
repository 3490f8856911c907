package dev.drover.e2e;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * How a stage worked off what was queued before it. Immutable; pure.
 *
 * @param records how many records that was
 * @param seconds from when the stage was let go to its last decision
 * @param idealSeconds what they take at the rate of all workers that it may have, were these there
 *     from the start
 */
record Drain(long records, double seconds, double idealSeconds) {
  /** Workers that have just become ready are not counted on yet. */
  static final Duration WARM_UP = Duration.ofSeconds(3);

  /** What is measured for a shorter time says little. */
  static final Duration LEAST = Duration.ofSeconds(10);

  /**
   * Judges a drain by its decisions. The rate of all workers is that from {@link #WARM_UP} after
   * all were ready until nine tenths of the records were decided, or until not all were ready any
   * more: towards the end some have nothing left.
   *
   * @param decisions of all records, in the order of their times
   * @param let when the stage was let go
   * @param allSince when all workers that it may have were first ready
   * @param allUntil when they last were
   * @throws IllegalArgumentException if all were not at work for long enough to measure that
   */
  static Drain of(List<Decided> decisions, Instant let, Instant allSince, Instant allUntil) {
    long records = decisions.stream().mapToLong(Decided::records).sum();
    List<Decided> together = new ArrayList<>();
    long decided = 0;
    for (Decided d : decisions) {
      decided += d.records();
      boolean early = d.at().isBefore(allSince.plus(WARM_UP));
      if (!early && !d.at().isAfter(allUntil) && decided <= records * 9 / 10) {
        together.add(d);
      }
    }
    double span =
        together.isEmpty() ? 0 : seconds(together.getFirst().at(), together.getLast().at());
    if (span < LEAST.toSeconds()) {
      throw new IllegalArgumentException(
          "all workers were at work for %.1f s, too short to measure their rate: raise ROWS"
              .formatted(span));
    }
    // What the first brought was done before the span begins.
    double rate = together.stream().skip(1).mapToLong(Decided::records).sum() / span;
    return new Drain(records, seconds(let, decisions.getLast().at()), records / rate);
  }

  /** How many times as long as ideal it took. */
  double ratio() {
    return seconds / idealSeconds;
  }

  private static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toMillis() / 1000.0;
  }
}
