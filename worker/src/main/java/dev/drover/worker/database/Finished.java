package dev.drover.worker.database;

import java.util.List;

/** How far it came what is left to do at a target once all is decided. */
public sealed interface Finished {
  /** Another worker is at it. */
  record Elsewhere() implements Finished {}

  /** It was done, but for these. */
  record Done(List<Problem> problems) implements Finished {}

  /**
   * Something that could not be made; all else was.
   *
   * @param reason CamelCase
   * @param message what and what to do, for people; holds no record's value
   */
  record Problem(String reason, String message) {}
}
