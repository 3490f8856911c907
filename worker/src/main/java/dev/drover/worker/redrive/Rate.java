package dev.drover.worker.redrive;

import org.jspecify.annotations.Nullable;

/**
 * Spreads records over time: a tenth of a second's worth at a time, nothing saved up while nobody
 * sends. Times are {@link System#nanoTime}. Not thread-safe.
 */
final class Rate {
  private static final long SECOND = 1_000_000_000L;

  private long next = Long.MIN_VALUE;

  /** How many may go now; 0 means later. */
  int allowed(@Nullable Integer perSecond, long now) {
    if (perSecond == null) {
      return Integer.MAX_VALUE;
    }
    return next != Long.MIN_VALUE && now - next < 0 ? 0 : Math.max(1, perSecond / 10);
  }

  /** So many went. */
  void went(int records, @Nullable Integer perSecond, long now) {
    if (perSecond != null) {
      long from = next == Long.MIN_VALUE || now - next > SECOND / 5 ? now : next;
      next = from + records * SECOND / perSecond;
    }
  }
}
