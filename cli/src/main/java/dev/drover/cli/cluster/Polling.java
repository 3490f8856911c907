package dev.drover.cli.cluster;

import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Looks again and again until something is so, or the time is over. */
public final class Polling {
  private static final Duration INTERVAL = Duration.ofMillis(500);

  /** How long an API server may be away in between: about ten seconds. */
  private static final int MOST_FAILURES = 20;

  private Polling() {}

  /**
   * What was seen last, wanted or not.
   *
   * @param timeout the longest to wait; null for as long as it takes
   */
  public static <T> T until(
      Supplier<T> look, Predicate<T> wanted, @Nullable Duration timeout, InstantSource clock) {
    Instant end = timeout == null ? Instant.MAX : clock.instant().plus(timeout);
    T seen = look.get();
    int failures = 0;
    while (!wanted.test(seen) && clock.instant().isBefore(end)) {
      pause(INTERVAL);
      try {
        seen = look.get();
        failures = 0;
      } catch (CommandFailedException e) {
        if (e.exitCode() != ExitCode.Unreachable || ++failures > MOST_FAILURES) {
          throw e;
        }
      }
    }
    return seen;
  }

  /** Sleeps. */
  public static void pause(Duration duration) {
    try {
      Thread.sleep(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailedException(ExitCode.Cancelled, "interrupted", null);
    }
  }
}
