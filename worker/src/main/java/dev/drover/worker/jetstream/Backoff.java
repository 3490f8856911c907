package dev.drover.worker.jetstream;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

/**
 * Pauses that double up to a bound, each with a random quarter off. Of a worker that was asked to
 * leave they come to an end: it tries again for a moment, and then gives up. Not thread-safe.
 */
public final class Backoff {
  private final Duration first;
  private final Duration longest;
  private final Leaving leaving;
  private final LongSupplier nanos;
  private Duration next;
  private boolean waiting;
  private long since;

  /** Starts with {@code first} and stays at {@code longest}, whoever is asked to leave. */
  public Backoff(Duration first, Duration longest) {
    this(first, longest, new Leaving());
  }

  /** The same for a worker that may be asked to leave. */
  public Backoff(Duration first, Duration longest, Leaving leaving) {
    this(first, longest, leaving, System::nanoTime);
  }

  Backoff(Duration first, Duration longest, Leaving leaving, LongSupplier nanos) {
    this.first = first;
    this.longest = longest;
    this.leaving = leaving;
    this.nanos = nanos;
    this.next = first;
  }

  /**
   * Waits the next pause.
   *
   * @throws InterruptedException also if this worker is to leave and has waited for a moment since
   *     the first pause
   */
  public void pause() throws InterruptedException {
    if (!waiting) {
      waiting = true;
      since = nanos.getAsLong();
    }
    long millis = next.toMillis();
    Duration pause =
        Duration.ofMillis(millis - ThreadLocalRandom.current().nextLong(millis / 4 + 1));
    if (leaving.asked()) {
      Duration left = Leaving.MOMENT.minusNanos(nanos.getAsLong() - since);
      if (!left.isPositive()) {
        throw new InterruptedException("this worker is to leave and waits no longer");
      }
      Thread.sleep(pause.compareTo(left) < 0 ? pause : left);
    } else {
      leaving.await(pause);
    }
    Duration doubled = next.multipliedBy(2);
    next = doubled.compareTo(longest) > 0 ? longest : doubled;
  }

  /** What was waited for has come: what follows is another wait. */
  public void reset() {
    next = first;
    waiting = false;
  }

  /** Starts again with the first pause, though it is the same wait. */
  public void shorten() {
    next = first;
  }
}
