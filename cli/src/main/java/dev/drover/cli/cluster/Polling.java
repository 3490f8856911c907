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
   * What was seen last, wanted or not. An API server that is away is asked again for a while, also
   * after the time is over.
   *
   * @param timeout the longest to wait; null for as long as it takes
   */
  public static <T> T until(
      Supplier<T> look, Predicate<T> wanted, @Nullable Duration timeout, InstantSource clock) {
    Instant end = timeout == null ? Instant.MAX : clock.instant().plus(timeout);
    int failures = 0;
    while (true) {
      try {
        T seen = look.get();
        failures = 0;
        if (wanted.test(seen) || !clock.instant().isBefore(end)) {
          return seen;
        }
      } catch (CommandFailedException e) {
        if (e.exitCode() != ExitCode.Unreachable || ++failures > MOST_FAILURES) {
          throw e;
        }
      }
      pause(INTERVAL);
    }
  }

  /**
   * The same after something was asked: an API server that is away then does not mean that nothing
   * was.
   *
   * @param what was asked
   * @throws CommandFailedException with {@link ExitCode#TimedOut} if it stays away
   */
  public static <T> T afterAsking(
      String what,
      Supplier<T> look,
      Predicate<T> wanted,
      @Nullable Duration timeout,
      InstantSource clock) {
    try {
      return until(look, wanted, timeout, clock);
    } catch (CommandFailedException e) {
      throw e.exitCode() == ExitCode.Unreachable
          ? new CommandFailedException(
              ExitCode.TimedOut,
              what + " was asked, and what came of it is not known: " + e.getMessage(),
              "look before you ask again: kubectl drover status")
          : e;
    }
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
