package dev.drover.worker.extract;

/**
 * Tells when a split has turned out so much longer than planned that its end is worth cutting off:
 * at twice the records that were planned, and from then on after each further such number, in case
 * it was not cut or is too long still. Pure; not thread-safe.
 */
final class Overlength {
  private final long planned;
  private long next;

  /**
   * @param planned about how many records a split should hold; positive
   */
  Overlength(long planned) {
    this.planned = planned;
    this.next = 2 * planned;
  }

  /** Whether its end should be cut off now. */
  boolean at(long recordsRead) {
    if (recordsRead < next) {
      return false;
    }
    next = recordsRead + planned;
    return true;
  }
}
