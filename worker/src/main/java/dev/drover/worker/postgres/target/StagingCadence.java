package dev.drover.worker.postgres.target;

/**
 * What was learnt about upserts into one table: whether the next tries a plain {@code COPY} first,
 * which is fast and fails if any key exists, or goes through staging at once; whether what is
 * staged is compared with what is there, which pays where some of it is the same; and whether it is
 * taken to be there, which is in vain where one row is not. Not thread-safe.
 */
final class StagingCadence {
  /** Comparing a row costs a fifth of writing it, about. */
  private static final int LEAST_SAME_IN = 5;

  private final Abstention fromCopy = new Abstention();
  private final Abstention fromComparing = new Abstention();
  private final Abstention fromUpdating = new Abstention();
  private boolean keysRepeat;

  /** Whether the next load uses staging from the start. */
  boolean stageNext() {
    return fromCopy.next();
  }

  /** A plain {@code COPY} met a key that exists. */
  void conflicted() {
    fromCopy.failed();
  }

  /** A plain {@code COPY} met none. */
  void clear() {
    fromCopy.succeeded();
  }

  /** Whether the rows of the next load through staging are to be compared with those there. */
  boolean compareNext() {
    return !fromComparing.next();
  }

  /** Some of the rows of a load were there as they came. */
  void compared(int same, int rows) {
    if (same * LEAST_SAME_IN < rows) {
      fromComparing.failed();
    } else {
      fromComparing.succeeded();
    }
  }

  /** Whether the rows of the next load that are not compared are to be updated. */
  boolean updateNext() {
    return !fromUpdating.next();
  }

  /** The rows of a load were updated, all or only some of them. */
  void updated(boolean all) {
    if (all) {
      fromUpdating.succeeded();
    } else {
      fromUpdating.failed();
    }
  }

  /** Whether some load had two rows of one key, of which the last is to win. */
  boolean keysRepeat() {
    return keysRepeat;
  }

  /** A load had two rows of one key. */
  void keyRepeated() {
    keysRepeat = true;
  }

  /**
   * For how many loads something that failed is not tried: some at first, then it is tried again,
   * and each further failure doubles their number.
   */
  private static final class Abstention {
    private static final int FIRST = 4;
    private static final int MOST = 64;

    private int stretch = FIRST;
    private int left;

    boolean next() {
      if (left > 0) {
        left--;
        return true;
      }
      return false;
    }

    void failed() {
      left = stretch;
      stretch = Math.min(MOST, 2 * stretch);
    }

    void succeeded() {
      stretch = FIRST;
    }
  }
}
