package dev.drover.cli.outcome;

/** What the program's exit code says. Scripts rely on these numbers: none may change. */
public enum ExitCode {
  /** Done, and it came out as asked. */
  Ok(0),
  /** Carried out, but not as hoped: failed again, refused by the operator, nothing selected. */
  NotAsHoped(1),
  /** The command line, or what was edited, is wrong. */
  Usage(2),
  /** There is no such resource, or Drover is not installed. */
  NotFound(3),
  /** The user may not do that. */
  Forbidden(4),
  /** The API server cannot be reached, or does not know the user. */
  Unreachable(5),
  /** The user said no, or left the editor without a change; nothing was sent. */
  Cancelled(6),
  /** It was sent, and what came of it was not known in time. */
  TimedOut(7),
  /** The API server refused for another reason, such as a conflict. */
  Refused(8),
  /** A bug. */
  Internal(70);

  private final int number;

  ExitCode(int number) {
    this.number = number;
  }

  /** The number that the shell sees. */
  public int number() {
    return number;
  }
}
