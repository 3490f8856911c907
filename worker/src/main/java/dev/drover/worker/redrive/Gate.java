package dev.drover.worker.redrive;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.replay.RedriveOrder;
import java.util.function.Supplier;

/**
 * How many records may be sent when: it waits for the ramp, the rate, and for room among the
 * batches under way, and closes when too many fail, when the Redrive is suspended or withdrawn, or
 * when the worker has to leave. {@link #leave} may be called by any thread, the rest by one.
 */
final class Gate {
  /** Batches under way: enough to keep a stage busy, few enough to find again after a crash. */
  private static final int UNDER_WAY = 32;

  /** Where failures stop a Redrive, what is under way cannot be stopped any more. */
  private static final int UNDER_WAY_WATCHED = 2;

  private static final long PAUSE_MILLIS = 50;

  private final Supplier<RedriveOrder> order;
  private final Outcomes outcomes;
  private final Tell tell;
  private final Runnable idle;
  private final Rate rate = new Rate();
  private volatile boolean leaving;

  /** Tells how far the Redrive is; called often. */
  @FunctionalInterface
  interface Tell {
    /** Tells, if it is time to. */
    void now() throws InterruptedException;
  }

  /**
   * @param idle called often while nothing may be sent
   */
  Gate(Supplier<RedriveOrder> order, Outcomes outcomes, Tell tell, Runnable idle) {
    this.idle = idle;
    this.order = order;
    this.outcomes = outcomes;
    this.tell = tell;
  }

  void leave() {
    leaving = true;
  }

  boolean leaving() {
    return leaving;
  }

  boolean suspended() {
    return order.get().suspend();
  }

  boolean withdrawn() {
    return order.get().withdrawn();
  }

  boolean tooManyFailed() {
    Counts counts = outcomes.counts();
    return order
        .get()
        .stops(counts.failed(), counts.passed() + counts.filtered() + counts.failed());
  }

  /**
   * Waits until some records may be sent.
   *
   * @param wanted how many there are
   * @return how many may go now; 0 if the gate has closed
   */
  int take(int wanted) throws InterruptedException {
    while (!leaving && !suspended() && !withdrawn()) {
      tell.now();
      RedriveOrder now = order.get();
      Ramp ramp = Ramp.at(now.ramp(), outcomes.sent());
      long undecided = outcomes.undecided();
      if (undecided >= (watched(now) ? UNDER_WAY_WATCHED : UNDER_WAY)
          || (ramp.afterAll() && undecided > 0)) {
        outcomes.look();
        if (outcomes.undecided() == undecided) {
          pause();
        }
        continue;
      }
      if (watched(now)) {
        outcomes.look();
      }
      if (tooManyFailed()) {
        return 0;
      }
      int allowed = rate.allowed(now.ratePerSecond(), System.nanoTime());
      if (allowed > 0) {
        return (int) Math.min(Math.min(wanted, allowed), ramp.more());
      }
      outcomes.look();
      pause();
    }
    return 0;
  }

  private static boolean watched(RedriveOrder order) {
    return order.stopCount() != null || order.stopPercent() != null;
  }

  /** So many were sent. */
  void went(int records) {
    rate.went(records, order.get().ratePerSecond(), System.nanoTime());
  }

  void pause() throws InterruptedException {
    idle.run();
    Thread.sleep(PAUSE_MILLIS);
  }
}
