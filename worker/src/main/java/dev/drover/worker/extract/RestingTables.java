package dev.drover.worker.extract;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Tables that a source does not give as they are, each of which rests for longer the more often it
 * was tried in vain, so that a split of it keeps no split of another table waiting. Not
 * thread-safe.
 */
final class RestingTables {
  private static final Duration FIRST = Duration.ofMillis(500);
  private static final Duration LONGEST = Duration.ofSeconds(10);

  private final LongSupplier nanoTime;
  private final Map<String, Rest> rests = new HashMap<>();

  private record Rest(Duration pause, long until) {}

  RestingTables(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** A table was tried in vain; how long it rests now. */
  Duration begin(String table) {
    Rest before = rests.get(table);
    Duration doubled = before == null ? FIRST : before.pause().multipliedBy(2);
    Duration pause = doubled.compareTo(LONGEST) > 0 ? LONGEST : doubled;
    rests.put(table, new Rest(pause, nanoTime.getAsLong() + pause.toNanos()));
    return pause;
  }

  /** How much longer a table rests; zero if it may be tried. */
  Duration left(String table) {
    Rest rest = rests.get(table);
    long left = rest == null ? 0 : rest.until() - nanoTime.getAsLong();
    return Duration.ofNanos(Math.max(0, left));
  }

  /** A table was read: the next time counts as the first. */
  void over(String table) {
    rests.remove(table);
  }
}
