package dev.drover.worker.enrich;

import java.time.Duration;

/**
 * What became of the attempts to look up one batch, and so whether it is the server that is away or
 * this batch alone that gets no answer. Pure: times are nanoseconds of a clock that never jumps,
 * answers are all that the server has given so far, about any batch. Not thread-safe.
 */
final class Attempts {
  /** Fewer may fail by chance. */
  private static final int SOME = 2;

  /** A server that restarts is away for less; what it had answered would be asked for again. */
  private static final Duration A_WHILE = Duration.ofSeconds(10);

  /** After this whoever is behind gets a try, whatever is known of the server. */
  private static final Duration LONG = Duration.ofMinutes(5);

  private final long answersBefore;
  private final boolean again;
  private boolean begun;
  private int fruitless;
  private long since;

  /**
   * Of a batch about which nobody was asked yet.
   *
   * @param again whether it was delivered before, perhaps with attempts in vain: then one is enough
   */
  Attempts(long answers, boolean again) {
    this.answersBefore = answers;
    this.again = again;
  }

  /** Whether there was one. */
  boolean begun() {
    return begun;
  }

  /** One begins. */
  void begin() {
    begun = true;
  }

  /**
   * One has failed.
   *
   * @param some whether some keys got their answer
   */
  void failed(boolean some, long now) {
    if (some) {
      fruitless = 0;
    } else if (fruitless++ == 0) {
      since = now;
    }
  }

  /**
   * Whether the batch is to make room for others, since the server answers, but not about the keys
   * that are left of it.
   *
   * @param asked how long the server asks to be left alone with such keys; zero if it does not
   */
  boolean areInVain(long answers, Duration asked, long now) {
    boolean othersAreAnswered = answers > answersBefore;
    if (othersAreAnswered && asked.compareTo(A_WHILE) > 0) {
      return true;
    }
    if (othersAreAnswered && again) {
      return fruitless > 0;
    }
    Duration waited = Duration.ofNanos(now - since);
    return fruitless >= SOME
        && (othersAreAnswered && waited.compareTo(A_WHILE) >= 0 || waited.compareTo(LONG) >= 0);
  }
}
