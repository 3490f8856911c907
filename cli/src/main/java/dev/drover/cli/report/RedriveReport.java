package dev.drover.cli.report;

import dev.drover.cli.outcome.ExitCode;
import org.jspecify.annotations.Nullable;

/**
 * What {@code redrive}, and {@code waive} with a selector, answer.
 *
 * @param result DryRun (only that was asked), NotSent (the user said no, or nothing can be sent),
 *     or the reason with which the Redrive ended: Resolved, SomeFailed, Waived, TooManyFailed, …
 * @param dryRun what the dry run before found
 * @param redrive what came of the Redrive; null if none was made
 */
public record RedriveReport(
    String namespace,
    String migration,
    String action,
    String result,
    RedriveView dryRun,
    @Nullable RedriveView redrive) {

  /** How a command ends with it. */
  public ExitCode exitCode() {
    if (redrive == null) {
      return !dryRun.canBeSent()
          ? ExitCode.NotAsHoped
          : result.equals("DryRun") ? ExitCode.Ok : ExitCode.Cancelled;
    }
    if (!redrive.ended()) {
      return ExitCode.TimedOut;
    }
    return redrive.isAsHoped() ? ExitCode.Ok : ExitCode.NotAsHoped;
  }
}
