package dev.drover.worker.jetstream;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Pauses that double up to a bound, each with a random quarter off. Not thread-safe. */
public final class Backoff {
  private final Duration first;
  private final Duration longest;
  private Duration next;

  /** Starts with {@code first} and stays at {@code longest}. */
  public Backoff(Duration first, Duration longest) {
    this.first = first;
    this.longest = longest;
    this.next = first;
  }

  /** Waits the next pause. */
  public void pause() throws InterruptedException {
    long millis = next.toMillis();
    Thread.sleep(millis - ThreadLocalRandom.current().nextLong(millis / 4 + 1));
    Duration doubled = next.multipliedBy(2);
    next = doubled.compareTo(longest) > 0 ? longest : doubled;
  }

  /** Starts again with the first pause. */
  public void reset() {
    next = first;
  }
}
