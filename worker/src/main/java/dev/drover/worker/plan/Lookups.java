package dev.drover.worker.plan;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.LookupPlan;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePattern;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.lookup.HttpQuestion;
import dev.drover.worker.lookup.LookupRefusedException;
import dev.drover.worker.lookup.QueryText;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** What the enrich stages of a chain add to records of each table. Used by one thread. */
final class Lookups {
  private final PlanningSessions sessions;
  private final Collection<Finding> findings;
  private final List<LookupPlan> plans = new ArrayList<>();

  /**
   * @param findings receives what is wrong with the lookups
   */
  Lookups(PlanningSessions sessions, Collection<Finding> findings) {
    this.sessions = sessions;
    this.findings = findings;
  }

  List<LookupPlan> all() {
    return List.copyOf(plans);
  }

  /**
   * Records of a table as an enrich hands them on.
   *
   * @param index of the stage
   * @return empty if the lookup was refused, which the findings tell
   * @throws SystemFailure if the database is away
   */
  Optional<RecordSchema> plan(int index, StageSpec.Enrich stage, RecordSchema input)
      throws SystemFailure {
    if (!TablePattern.anyMatches(stage.tables(), input.table())) {
      return Optional.of(input);
    }
    try {
      List<Column> columns =
          switch (stage.lookup()) {
            case LookupSpec.Query q ->
                sessions.of(q.connectionName()).answers(QueryText.parse(q.query()), input);
            case LookupSpec.Http h -> HttpQuestion.of(h, input).columns();
          };
      LookupPlan plan = new LookupPlan(stage.name(), input.table(), columns);
      plans.add(plan);
      return Optional.of(plan.output(input));
    } catch (LookupRefusedException e) {
      findings.add(
          Finding.error(
              "LookupInvalid",
              "spec.stages[" + index + "].enrich." + e.path(),
              String.valueOf(e.getMessage())));
      return Optional.empty();
    }
  }
}
