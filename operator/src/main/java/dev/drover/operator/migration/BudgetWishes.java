package dev.drover.operator.migration;

import static java.util.Objects.requireNonNullElse;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.ErrorBudget;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.chain.BudgetWish;
import dev.drover.wire.budget.BudgetTerms;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.Fingerprints;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** From the error budgets of a spec to what its stages are told. Pure. */
final class BudgetWishes {
  /** minRecords where the spec gives none. */
  private static final long MIN_RECORDS = 1000;

  private BudgetWishes() {}

  /**
   * The stages of a chain that runs whose budgets a spec may tell: all of the spec's own chain, and
   * of one whose stages come and go those that do the same in both, wherever they read. A stage
   * that is drained may be paused, and its budget is what lets it go on.
   */
  static ChainSpec told(MigrationSpec spec, ChainSpec runs) {
    ChainSpec wanted = ChainMapping.chain(spec);
    return new ChainSpec(
        runs.connections(),
        runs.stages().stream()
            .filter(
                s ->
                    wanted.stages().stream()
                        .anyMatch(w -> Revisions.sameWork(s, w) && sameServer(runs, wanted, s)))
            .toList());
  }

  private static boolean sameServer(ChainSpec runs, ChainSpec wanted, StageSpec stage) {
    String name = StageConnections.name(stage);
    return name == null
        || runs.connection(name).jdbcUrl().equals(wanted.connection(name).jdbcUrl());
  }

  /**
   * The budget of each stage that has one.
   *
   * @param chain stages of the spec, as they run
   * @param idle whether a stage has no workers now
   */
  static Map<String, BudgetWish> of(MigrationSpec spec, ChainSpec chain, Predicate<String> idle) {
    Map<String, BudgetWish> wishes = new LinkedHashMap<>();
    for (Stage stage : spec.stages()) {
      ErrorBudget budget = stage.errorBudget() == null ? spec.errorBudget() : stage.errorBudget();
      if (budget != null && chain.stages().stream().anyMatch(s -> s.name().equals(stage.name()))) {
        StageSpec work = chain.stage(stage.name());
        String edition =
            Fingerprints.of(budget.toString(), Revisions.ofStage(work, connection(spec, work)));
        wishes.put(stage.name(), new BudgetWish(edition, terms(budget), idle.test(stage.name())));
      }
    }
    return wishes;
  }

  private static BudgetTerms terms(ErrorBudget budget) {
    return new BudgetTerms(
        budget.maxRecords(),
        budget.maxPercent(),
        requireNonNullElse(budget.minRecords(), MIN_RECORDS),
        budget.windowSeconds(),
        BudgetTerms.Scope.valueOf(budget.per().name()));
  }

  private static @Nullable Connection connection(MigrationSpec spec, StageSpec stage) {
    String name = StageConnections.name(stage);
    return spec.connections().stream().filter(c -> c.name().equals(name)).findFirst().orElse(null);
  }
}
