package dev.drover.operator.chain;

import dev.drover.wire.budget.BudgetTerms;

/**
 * The error budget that a stage should have.
 *
 * @param edition hash of what it is made of: the budget as it stands in the spec, and the stage's
 *     own work. Another edition is another count
 * @param terms how many records may fail
 * @param idle whether the stage has no workers now, so that none of those that were paused goes on
 *     with work that was edited
 */
public record BudgetWish(String edition, BudgetTerms terms, boolean idle) {}
