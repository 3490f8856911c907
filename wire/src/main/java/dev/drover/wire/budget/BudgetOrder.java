package dev.drover.wire.budget;

/**
 * The error budget of a stage. Written by the operator under {@code budget.<stage>}, read by the
 * stage's workers every second; no key, no budget. A count begins with it: decisions before it are
 * not counted.
 *
 * @param edition what was written in the spec, as a hash: another edition is another count
 * @param terms how many records may fail
 * @param after the last sequence of the stream of decisions when it was written
 */
public record BudgetOrder(String edition, BudgetTerms terms, long after) {
  /** The key of a stage's budget. */
  public static String key(String stage) {
    return "budget." + stage;
  }
}
