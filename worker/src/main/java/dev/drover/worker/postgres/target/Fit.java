package dev.drover.worker.postgres.target;

import java.util.function.Predicate;

/** What a column does to the values of a field that it takes. */
sealed interface Fit {
  /** It keeps all of them. */
  record Exact() implements Fit {}

  /**
   * It changes some of them.
   *
   * @param changes whether it would change a value
   */
  record Checked(Predicate<Object> changes) implements Fit {}

  /** It changes some, and which of them cannot be told without it. */
  record Lossy() implements Fit {}
}
