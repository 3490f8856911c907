package dev.drover.worker.postgres.target;

import dev.drover.worker.database.SystemFailure;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.SortedMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes rows within an open transaction as {@link IsolatingWrite} does, in two steps however many
 * are refused: one {@code COPY} into a staging table, where only values are refused that no column
 * of their kind could hold, and one call of an {@link IsolationRoutine}.
 */
final class ServerSideIsolation {
  private static final Logger LOG = LoggerFactory.getLogger(ServerSideIsolation.class);
  private static final String TOO_LONG = "57014";
  private static final String SAVEPOINT = "SAVEPOINT drover_server";

  private final Connection connection;
  private final TargetTable table;
  private final IsolatingWrite isolating;
  private final IsolationRoutine routine;

  ServerSideIsolation(
      Connection connection,
      TargetTable table,
      IsolatingWrite isolating,
      IsolationRoutine routine) {
    this.connection = connection;
    this.table = table;
    this.isolating = isolating;
    this.routine = routine;
  }

  /**
   * Writes the rows that the server takes.
   *
   * @param writer the way without the routine: asked whether the server would take any row if one
   *     is refused with a code that does not tell whose fault it is
   * @return the rows that were refused and why; empty if the routine does not work for this table,
   *     when nothing of it is left
   * @throws SystemFailure if the rows are not to blame
   * @throws SQLException if the connection or a savepoint fails
   */
  Optional<SortedMap<Integer, Refusal>> write(EncodedRows rows, RowWriter writer)
      throws SQLException, SystemFailure {
    Statements.execute(connection, SAVEPOINT);
    Optional<SortedMap<Integer, Refusal>> refused = tryWrite(rows);
    if (refused.isEmpty()) {
      Statements.execute(connection, "ROLLBACK TO " + SAVEPOINT);
      return refused;
    }
    if (refused.get().values().stream().anyMatch(refusal -> !refusal.isRecord())) {
      isolating.probe(rows, writer);
    }
    Statements.execute(connection, "RELEASE " + SAVEPOINT + "; " + routine.clear());
    return refused;
  }

  private Optional<SortedMap<Integer, Refusal>> tryWrite(EncodedRows rows)
      throws SQLException, SystemFailure {
    try {
      if (!Statements.ask(connection, routine.exists())) {
        if (!Statements.ask(connection, routine.isSuited())) {
          return Optional.empty();
        }
        Statements.execute(connection, routine.create());
      }
      SortedMap<Integer, Refusal> refused = isolating.write(rows, staged(rows));
      if (refused.values().stream().anyMatch(refusal -> !refusal.isValue())) {
        return Optional.empty();
      }
      call(rows, refused);
      return Optional.of(refused);
    } catch (SQLException e) {
      Refusal refusal = Refusal.of(e);
      // One long statement may exceed the login's statement_timeout where many short ones do not.
      boolean tooLong = TOO_LONG.equals(refusal.sqlState());
      if (!tooLong && refusal.isSystem(e) || Refusal.ALTERED.contains(refusal.sqlState())) {
        throw TargetFailure.of("table " + table.displayName(), e);
      }
      LOG.info(
          "rows that table {} refuses are found from outside the server: SQLSTATE {}",
          table.displayName(),
          refusal.sqlState());
      return Optional.empty();
    }
  }

  /** The number of a row is set before each attempt, since an undone one has counted its rows. */
  private RowWriter staged(EncodedRows rows) throws SQLException {
    CopyWriter copy = new CopyWriter(connection, "pg_temp." + routine.staging(), rows.columns());
    return (all, from, to) -> {
      Statements.execute(connection, routine.numberFrom(from));
      copy.write(all, from, to);
    };
  }

  private void call(EncodedRows rows, SortedMap<Integer, Refusal> refused) throws SQLException {
    isolating.countAttempt();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(routine.call(rows.size()))) {
      while (row.next()) {
        String column = row.getString(3);
        int place = row.getInt(4);
        refused.put(
            row.getInt(1),
            Refusal.reported(
                row.getString(2),
                column.isEmpty() && place > 0 ? rows.columns().get(place - 1) : column,
                row.getString(5),
                row.getString(6)));
      }
    }
  }
}
