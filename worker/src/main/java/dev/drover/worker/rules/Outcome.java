package dev.drover.worker.rules;

import dev.drover.wire.batch.Row;
import dev.drover.wire.decision.Verdict;

/** What the rules made of one record. */
public sealed interface Outcome {
  /**
   * The record goes on.
   *
   * @param row by {@link Rules#output}; the very row that came in if the rules change no value
   */
  record Passed(Row row) implements Outcome {}

  /**
   * The record ends here.
   *
   * @param verdict {@link Verdict.Filtered} or {@link Verdict.Failed} of class {@code Record}
   */
  record NotPassed(Verdict verdict) implements Outcome {}
}
