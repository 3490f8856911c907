package dev.drover.cli.command;

import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.report.RecordOutcome;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether, and how long, a command waits for what comes of what it asked. */
final class WaitOptions {
  private static final Duration DEFAULT = Duration.ofMinutes(2);

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      description = "The longest to wait for what comes of it, such as 30s, 5m, 1h.")
  private @Nullable Duration timeout;

  @Option(names = "--no-wait", description = "Asks, and does not wait for what comes of it.")
  private boolean noWait;

  /** For one record: null for not at all. */
  @Nullable Duration ofRecord() {
    return noWait ? null : timeout == null ? DEFAULT : timeout;
  }

  /** For many: null for as long as it takes. */
  @Nullable Duration ofMany() {
    return timeout;
  }

  boolean isNoWait() {
    return noWait;
  }

  /** Not to have waited is no failure when that was asked. */
  ExitCode exitCode(RecordOutcome outcome) {
    return noWait && outcome.result().equals("Sent") ? ExitCode.Ok : outcome.exitCode();
  }
}
