package dev.drover.worker.postgres.target;

/**
 * Whether a load into one table is tried as a whole first, which is fastest if no row is refused,
 * or isolated within the server at once. Learns from what was refused: after some loads in a row
 * with refusals the next ones spare the attempt; after some without, it is made again. Not
 * thread-safe.
 */
final class RefusalCadence {
  private static final int REFUSED = 3;
  private static final int CLEAN = 2;

  private boolean expects;

  /** How many loads in a row came out other than expected. */
  private int surprises;

  /** Whether the next load is expected to have rows that are refused. */
  boolean expectsRefusals() {
    return expects;
  }

  /** A load is done. */
  void loaded(boolean refusals) {
    surprises = refusals == expects ? 0 : surprises + 1;
    if (surprises == (expects ? CLEAN : REFUSED)) {
      expects = refusals;
      surprises = 0;
    }
  }
}
