package dev.drover.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

class PollingTest {
  private int looks;

  private static CommandFailedException failure(ExitCode code) {
    return new CommandFailedException(code, "the way is closed", null);
  }

  @Test
  void a_first_look_that_does_not_get_through_is_made_again() {
    String seen =
        Polling.until(
            () -> {
              if (++looks == 1) {
                throw failure(ExitCode.Unreachable);
              }
              return "done";
            },
            "done"::equals,
            Duration.ofMinutes(1),
            InstantSource.system());

    assertThat(seen).isEqualTo("done");
    assertThat(looks).isEqualTo(2);
  }

  @Test
  void a_refusal_is_told_as_it_is() {
    assertThatThrownBy(
            () ->
                Polling.afterAsking(
                    "this",
                    () -> {
                      throw failure(ExitCode.NotFound);
                    },
                    x -> true,
                    null,
                    InstantSource.system()))
        .isInstanceOfSatisfying(
            CommandFailedException.class,
            e -> assertThat(e.exitCode()).isEqualTo(ExitCode.NotFound));
  }

  @Test
  void who_stays_away_after_something_was_asked_does_not_say_that_nothing_was() {
    assertThatThrownBy(
            () ->
                Polling.afterAsking(
                    "Waive of FailedRecord f",
                    () -> {
                      throw failure(ExitCode.Unreachable);
                    },
                    x -> true,
                    null,
                    InstantSource.system()))
        .isInstanceOfSatisfying(
            CommandFailedException.class,
            e -> assertThat(e.exitCode()).isEqualTo(ExitCode.TimedOut))
        .hasMessageStartingWith("Waive of FailedRecord f was asked");
  }
}
