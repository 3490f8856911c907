package dev.drover.e2e;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** How fast a stage went, by its decisions. Pure. */
final class Rate {
  private Rate() {}

  /** Records a second between two moments. */
  static double mean(List<Decided> decisions, Instant from, Instant to) {
    long records =
        decisions.stream()
            .filter(d -> d.at().isAfter(from) && !d.at().isAfter(to))
            .mapToLong(Decided::records)
            .sum();
    return records / seconds(Duration.between(from, to));
  }

  /**
   * Records a second in the busiest window between two moments.
   *
   * @param decisions in the order of their times
   * @param window no longer than what is between the moments
   */
  static double peak(List<Decided> decisions, Instant from, Instant to, Duration window) {
    Deque<Decided> within = new ArrayDeque<>();
    long records = 0;
    long most = 0;
    for (Decided d : decisions) {
      if (!d.at().isAfter(from) || d.at().isAfter(to)) {
        continue;
      }
      within.addLast(d);
      records += d.records();
      while (!within.getFirst().at().isAfter(d.at().minus(window))) {
        records -= within.removeFirst().records();
      }
      most = Math.max(most, records);
    }
    return most / seconds(window);
  }

  private static double seconds(Duration span) {
    return span.toMillis() / 1000.0;
  }
}
