package dev.drover.worker.postgres.target;

/**
 * Whether an upsert into one table tries a plain {@code COPY} first, which is fast and fails if any
 * key exists, or goes through staging at once. Learns from what conflicted: after a conflict the
 * next loads use staging; then one tries a {@code COPY} again, and each further conflict doubles
 * the number of loads until the next try. Not thread-safe.
 */
final class StagingCadence {
  private static final int FIRST = 4;
  private static final int MOST = 64;

  private int stretch = FIRST;
  private int stagedLoadsLeft;
  private boolean keysRepeat;

  /** Whether the next load uses staging from the start. */
  boolean stageNext() {
    if (stagedLoadsLeft > 0) {
      stagedLoadsLeft--;
      return true;
    }
    return false;
  }

  /** A plain {@code COPY} met a key that exists. */
  void conflicted() {
    stagedLoadsLeft = stretch;
    stretch = Math.min(MOST, 2 * stretch);
  }

  /** Whether some load had two rows of one key, of which the last is to win. */
  boolean keysRepeat() {
    return keysRepeat;
  }

  /** A load had two rows of one key. */
  void keyRepeated() {
    keysRepeat = true;
  }

  /** A plain {@code COPY} met none. */
  void clear() {
    stretch = FIRST;
  }
}
