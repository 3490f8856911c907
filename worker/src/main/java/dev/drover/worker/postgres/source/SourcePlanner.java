package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.database.SourcePlan;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Plans an extract stage: which tables it reads, and in which splits. */
public final class SourcePlanner {
  private static final Duration SHORT = Duration.ofSeconds(30);

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
      tables.add(table.withSplits(SplitCutter.cut(connection, table, stage.splitRecords())));
    }
    List<Finding> findings = new ArrayList<>(found.findings());
    shortTimeout(connection, index).ifPresent(findings::add);
    if (stage.consistency() == StageSpec.Consistency.Snapshot) {
      findings.add(snapshotHeld(index));
    }
    return new SourcePlan(tables, findings);
  }

  private static Finding snapshotHeld(int index) {
    return Finding.warning(
        "SnapshotHeld",
        "spec.stages[" + index + "].extract.consistency",
        "one transaction stays open at the source until all is read: meanwhile it cannot clean up old row versions, and TRUNCATE, ALTER and DROP of these tables wait");
  }

  /** A limit that reads keep to, but by which one may be surprised. */
  private static Optional<Finding> shortTimeout(Connection connection, int index)
      throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT setting::int8, current_setting(name) FROM pg_catalog.pg_settings"
                    + " WHERE name = 'statement_timeout'")) {
      row.next();
      long millis = row.getLong(1);
      return millis == 0 || millis >= SHORT.toMillis()
          ? Optional.empty()
          : Optional.of(
              Finding.warning(
                  "ShortStatementTimeout",
                  "spec.stages[" + index + "].extract.connectionName",
                  "the source ends each statement of this login after %s (statement_timeout), so its tables are read in many small pieces: a longer one for the login makes it faster"
                      .formatted(row.getString(2))));
    }
  }
}
