package dev.drover.operator.validation;

import dev.drover.api.v1alpha1.ErrorBudget;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.wire.plan.Finding;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What must hold of error budgets. Pure. */
final class BudgetRules {
  private BudgetRules() {}

  static List<Finding> check(MigrationSpec spec) {
    List<Finding> findings = new ArrayList<>(check("spec.errorBudget", spec.errorBudget()));
    for (int i = 0; i < spec.stages().size(); i++) {
      findings.addAll(
          check("spec.stages[" + i + "].errorBudget", spec.stages().get(i).errorBudget()));
    }
    return findings;
  }

  private static List<Finding> check(String path, @Nullable ErrorBudget budget) {
    List<Finding> findings = new ArrayList<>();
    if (budget == null) {
      return findings;
    }
    Integer percent = budget.maxPercent();
    Integer window = budget.windowSeconds();
    if (percent == null && budget.maxRecords() == null) {
      findings.add(
          Finding.error("BudgetWithoutLimit", path, "give maxRecords, maxPercent or both"));
    }
    if (percent == null && budget.minRecords() != null) {
      findings.add(
          Finding.error(
              "BudgetInvalid",
              path + ".minRecords",
              "it says when maxPercent is judged; give maxPercent too, or remove it"));
    }
    if (percent != null && (percent < 0 || percent > 99)) {
      findings.add(
          Finding.error(
              "BudgetInvalid",
              path + ".maxPercent",
              percent + " is no share that can be exceeded; write 0 to 99"));
    }
    if (window != null && window < 10) {
      findings.add(
          Finding.error(
              "BudgetInvalid",
              path + ".windowSeconds",
              window + " is too short to count in; write 10 or more, or remove it"));
    }
    return findings;
  }
}
