package dev.drover.cli.outcome;

import org.jspecify.annotations.Nullable;

/** A command that could not do its work; the message says what happened and to what. */
public final class CommandFailedException extends RuntimeException {
  private final ExitCode exitCode;
  private final @Nullable String advice;

  /**
   * With what the user can do about it.
   *
   * @param advice what to do; null if the message says it
   */
  public CommandFailedException(ExitCode exitCode, String message, @Nullable String advice) {
    super(message);
    this.exitCode = exitCode;
    this.advice = advice;
  }

  /** How the program ends. */
  public ExitCode exitCode() {
    return exitCode;
  }

  /** What happened and what to do, as it is shown. */
  public String text() {
    return "error: " + getMessage() + (advice == null ? "" : "\n  to do: " + advice);
  }
}
