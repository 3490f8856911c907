package dev.drover.worker.postgres.target;

/**
 * Decides which range of rows to write next, so that every row is either written within a range
 * that was accepted or refused all by itself, in order, with few attempts. Pure: the caller writes
 * {@code [from, to)}, undoes the attempt if the server refuses it, and reports what happened.
 *
 * <p>A refusal often tells which row was to blame (the line of a {@code COPY}, the key of a
 * violated constraint). The hint only shortens the search: the rows before it are written next,
 * then the suspect alone, so that a wrong hint costs attempts and never a wrong verdict. Without a
 * hint the range is halved. After a row is refused, ranges grow again from the length of the last
 * run of good rows: with few bad rows an attempt covers about twice the gap between two, with all
 * bad the cost is one attempt a row.
 */
final class Isolation {
  private static final int NONE = -1;

  private final int size;
  private int from;
  private int to;
  private int run;
  private int suspect = NONE;

  /** End of the last refused range: {@code [from, knownBad)} holds a bad row unless it is empty. */
  private int knownBad;

  /** Whether the current range was expected to be accepted, because a hint lay behind its end. */
  private boolean expectedGood;

  Isolation(int size) {
    this.size = size;
    this.to = size;
  }

  /** Whether every row is written or refused. */
  boolean done() {
    return from >= size;
  }

  /** First row of the range to write next. */
  int from() {
    return from;
  }

  /** End of the range to write next, exclusive. */
  int to() {
    return to;
  }

  /** The range was written. */
  void accepted() {
    run += to - from;
    int length = to - from;
    from = to;
    if (from == suspect) {
      choose(1, false);
    } else if (from < knownBad) {
      choose(Math.max(1, (knownBad - from) / 2), false);
    } else {
      choose(2 * length, false);
    }
  }

  /**
   * The range was refused.
   *
   * @param blamed the row that the refusal points to, or a negative number if it points to none
   * @return whether the range was a single row, which is thereby settled
   */
  boolean refused(int blamed) {
    int length = to - from;
    suspect = NONE;
    if (length == 1) {
      from = to;
      knownBad = from;
      choose(Math.max(1, 2 * run), false);
      run = 0;
      return true;
    }
    knownBad = to;
    if (blamed < from || blamed >= to) {
      choose(length / 2, false);
    } else if (blamed == from) {
      choose(1, false);
    } else if (expectedGood) {
      // The rows before a hint were refused too, so hints mislead here: never walk back row by row.
      choose(Math.min(blamed - from, length / 2), false);
    } else {
      suspect = blamed;
      choose(blamed - from, true);
    }
    return false;
  }

  private void choose(int length, boolean good) {
    expectedGood = good;
    to = (int) Math.min(size, (long) from + length);
  }
}
