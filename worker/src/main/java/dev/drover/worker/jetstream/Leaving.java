package dev.drover.worker.jetstream;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Whether this worker was asked to leave. What it has begun it finishes; but it waits for nothing
 * that is away, beyond a moment: whoever comes next can do that as well. Thread-safe.
 */
public final class Leaving {
  /** Who waits no longer than this sees backpressure at work, or a server that changes its mind. */
  static final Duration MOMENT = Duration.ofSeconds(3);

  private final CountDownLatch asked = new CountDownLatch(1);

  /** Asks to leave; asking again changes nothing. */
  public void ask() {
    asked.countDown();
  }

  /** Whether it was asked to. */
  public boolean asked() {
    return asked.getCount() == 0;
  }

  /** Waits for a while, or until it is asked to leave; returns whether it was. */
  public boolean await(Duration atMost) throws InterruptedException {
    return asked.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
  }
}
