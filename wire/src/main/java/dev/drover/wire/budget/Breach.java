package dev.drover.wire.budget;

import dev.drover.wire.decision.Cause;
import org.jspecify.annotations.Nullable;

/**
 * That a stage's error budget is exceeded: the stage is paused until its budget is written anew.
 * Written once a budget under {@code breach.<stage>} by whichever worker finds it first; the others
 * count the same decisions and find the same. One that is of an earlier budget says nothing.
 *
 * @param edition of the budget
 * @param after of the budget
 * @param at when the decision was written that exceeded it, ISO-8601 instant
 * @param excess what was counted then
 * @param cause the cause with the most failures; null if its decision could not be read
 */
public record Breach(
    String edition, long after, String at, BudgetTerms.Excess excess, @Nullable Cause cause) {
  /** The key of a stage's breach. */
  public static String key(String stage) {
    return "breach." + stage;
  }

  /** Whether it is about this budget. */
  public boolean isOf(BudgetOrder order) {
    return edition.equals(order.edition()) && after == order.after();
  }
}
