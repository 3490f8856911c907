package dev.drover.worker.postgres.source;

import java.time.Duration;

/**
 * How much of a range is read in one transaction, so that no snapshot is held at the source for
 * long and no read runs into the source's own limit: a time, and rows where even that was too much.
 * Smaller after each read that the source ended, larger again after each that it let be. Pure; not
 * thread-safe.
 */
final class Pieces {
  /** Long enough for opening again to cost nothing visible, short for a vacuum. */
  private static final long LONGEST = Duration.ofSeconds(20).toNanos();

  private static final long SHORTEST = Duration.ofMillis(50).toNanos();

  /** Where a read ended before it gave a row, so few are asked for at a time. */
  private static final int FEW = 1000;

  private long nanos;
  private int rows;

  /**
   * @param longestMillis the longest that the source lets a read take; 0 for ever
   */
  Pieces(long longestMillis) {
    long half = Duration.ofMillis(longestMillis).toNanos() / 2;
    nanos = half == 0 ? LONGEST : Math.clamp(half, SHORTEST, LONGEST);
  }

  /** The longest that the next read may take. */
  long nanos() {
    return nanos;
  }

  /** The most rows of the next read; 0 for any number. */
  int rows() {
    return rows;
  }

  /** The source let a read come to the end of its rows. */
  void complete() {
    rows = rows > FEW ? 0 : rows * 2;
  }

  /**
   * The source ended a read.
   *
   * @param read how many rows it had given
   * @return whether less may be tried; if not, not even one row can be had now
   */
  boolean ended(long read) {
    nanos = Math.max(SHORTEST, nanos / 2);
    if (read > 0) {
      return true;
    }
    boolean less = rows != 1;
    rows = rows == 0 ? FEW : Math.max(1, rows / 10);
    return less;
  }
}
