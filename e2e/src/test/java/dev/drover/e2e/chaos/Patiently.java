package dev.drover.e2e.chaos;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;

/** Asks what the faults may have made unreachable for a while. */
final class Patiently {
  private Patiently() {}

  /** The first answer that is no exception. */
  static <T> T get(Callable<T> question) {
    return Awaitility.await()
        .pollInSameThread()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(200))
        .atMost(Duration.ofMinutes(3))
        .ignoreExceptions()
        .until(question, answer -> true);
  }
}
