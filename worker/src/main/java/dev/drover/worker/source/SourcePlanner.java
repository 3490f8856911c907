package dev.drover.worker.source;

import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Plans an extract stage: which tables it reads, and in which splits. */
public final class SourcePlanner {
  private SourcePlanner() {}

  /**
   * The plan of a stage. With errors among the findings nothing is cut.
   *
   * @param connection to the stage's source, in no transaction
   * @param index the stage's index in {@code spec.stages}, which findings cite
   */
  public static SourcePlan plan(Connection connection, int index, StageSpec.Extract stage)
      throws SQLException {
    SourcePlan found = Catalog.read(connection, index, stage);
    if (found.hasErrors()) {
      return found;
    }
    List<TablePlan> tables = new ArrayList<>();
    for (TablePlan table : found.tables()) {
      tables.add(
          new TablePlan(
              table.stage(),
              table.table(),
              table.schema(),
              table.key(),
              table.after(),
              table.estimatedRecords(),
              SplitCutter.cut(connection, table, stage.splitRecords())));
    }
    return new SourcePlan(tables, found.findings());
  }
}
