package dev.drover.worker.slots;

import java.time.Duration;

/**
 * Whether a holder should ask the server for those who are silent, and whether he comes to it: who
 * is in something long does not. Thread-safe.
 */
final class Doubts {
  /** Who has not asked in this time is not waited for, see {@link Slot#listed}. */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  private boolean open;
  private long since;

  /**
   * A look at all slots.
   *
   * @param there whether there is anything that the server could be asked
   * @param nanos of the clock that never jumps
   */
  synchronized void seen(boolean there, long nanos) {
    if (there && !open) {
      since = nanos;
    }
    open = there;
  }

  /** The server was asked; what is doubtful yet is so by the next look. */
  synchronized void asked() {
    open = false;
  }

  /** Whether the server should be asked. */
  synchronized boolean open() {
    return open;
  }

  /** Whether it should have been asked long ago. */
  synchronized boolean passed(long nanos) {
    return open && nanos - since > PATIENCE.toNanos();
  }
}
