package dev.drover.worker.postgres.target;

import dev.drover.wire.schema.Fingerprints;
import dev.drover.worker.postgres.session.SqlFailure;
import dev.drover.worker.postgres.target.TargetColumn.Filling;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Writes rows by {@code COPY} into a temporary table and from there by {@code INSERT … ON CONFLICT
 * DO UPDATE}: a row whose key exists replaces it, unless it is the same, and of several rows of one
 * key the last wins. For one transaction.
 */
final class StagedWriter implements RowWriter {
  /** Two rows of one key in one statement. */
  static final String KEY_TWICE = "21000";

  private final Connection connection;
  private final CopyWriter copy;
  private final String staging;
  private final StagingCadence cadence;
  private final UnaryOperator<String> upsert;
  private final String staged;
  private final String lastOfEach;
  private final String keyTwice;
  private final Optional<RowsThere> rowsThere;

  /** Whether an attempt of this transaction left its rows in the staging table. */
  private boolean dirty;

  /**
   * @param columns the columns that rows bring, in order
   * @param key those among them that identify a row
   * @param cadence what was learnt about the table; updated
   */
  StagedWriter(
      Connection connection,
      TargetTable table,
      List<String> columns,
      List<String> key,
      StagingCadence cadence)
      throws SQLException {
    this.connection = connection;
    this.staging = stagingName(table, columns);
    this.copy = new CopyWriter(connection, staging, columns);
    this.cadence = cadence;
    this.staged = "SELECT %s FROM %s s".formatted(CopyWriter.quoted(columns), staging);
    this.lastOfEach = lastOfEachKey(columns, key, staging);
    this.keyTwice =
        "SELECT EXISTS (SELECT FROM %s GROUP BY %s HAVING pg_catalog.count(*) > 1)"
            .formatted(staging, CopyWriter.quoted(key));
    this.rowsThere = RowsThere.of(table, columns, key);
    this.upsert = rows -> upsert(table, columns, key, rows);
  }

  /** The name of the staging table for some columns of a table, as their types are now. */
  static String stagingName(TargetTable table, List<String> columns) {
    List<String> shape = new ArrayList<>(List.of(table.sqlName()));
    for (String column : columns) {
      shape.add(column);
      shape.add(table.column(column).map(TargetColumn::nativeType).orElse(""));
    }
    return "pg_temp.drover_staging_" + Fingerprints.of(shape.toArray(String[]::new));
  }

  /** Creates the staging table in this session, unless it is there; its rows end with a commit. */
  static void createStaging(Connection connection, TargetTable table, List<String> columns)
      throws SQLException {
    String name = stagingName(table, columns);
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TEMP TABLE IF NOT EXISTS %s ON COMMIT DELETE ROWS AS SELECT %s FROM %s WITH NO DATA"
              .formatted(name, CopyWriter.quoted(columns), table.sqlName()));
    }
  }

  @Override
  public void write(EncodedRows rows, int from, int to) throws SQLException {
    // Ranges are written to find out what is refused.
    boolean together = !dirty && from == 0 && to == rows.size() && to > 1;
    try (Statement statement = connection.createStatement()) {
      if (dirty) {
        statement.execute("TRUNCATE " + staging);
      }
      copy.write(rows, from, to);
      dirty = true;
      if (cadence.keysRepeat()) {
        statement.execute(upsert.apply(lastOfEach));
      } else if (!together || rowsThere.isEmpty() || !written(rowsThere.get(), rows.size())) {
        statement.execute(upsert.apply(staged));
      }
    } catch (SQLException e) {
      if (KEY_TWICE.equals(e.getSQLState())) {
        cadence.keyRepeated();
      }
      throw e;
    }
  }

  /** Whether all rows are written as far as they have to be, by a cheaper way than the usual. */
  private boolean written(RowsThere there, int size) throws SQLException {
    String settings = RowsThere.settings(connection.getMetaData().getDatabaseMajorVersion());
    if (cadence.compareNext()) {
      String changed = upsert.apply(staged + " WHERE " + there.differs());
      int written = Statements.count(connection, settings + changed);
      // Where some are not written the server does not notice that a key comes twice: the last of
      // its rows may be the one that is there.
      if (written < size && Statements.ask(connection, keyTwice)) {
        throw new SQLException("a key comes twice", KEY_TWICE);
      }
      cadence.compared(size - written, size);
      return true;
    }
    if (cadence.updateNext()) {
      // As many as there are rows: each has a key of its own, and was there.
      boolean all = updated(settings + there.update(staging)) == size;
      cadence.updated(all);
      return all;
    }
    return false;
  }

  /**
   * How many rows were updated; none where an update is refused. Before the rows that are new are
   * there it may be for a foreign key that holds once they are.
   */
  private int updated(String update) throws SQLException {
    try {
      return Statements.count(
          connection, "SAVEPOINT drover_update; " + update + "; RELEASE SAVEPOINT drover_update");
    } catch (SQLException e) {
      if (SqlFailure.classify(e) == SqlFailure.System
          || LockHolders.LOCKED.equals(e.getSQLState())) {
        throw e;
      }
      Statements.execute(connection, "ROLLBACK TO SAVEPOINT drover_update");
      return 0;
    }
  }

  /**
   * Only for tables whose keys are known to come twice in a load, since it sorts. What COPY wrote
   * lies in the order in which it came.
   */
  private static String lastOfEachKey(List<String> columns, List<String> key, String staging) {
    return "SELECT DISTINCT ON (%2$s) %1$s FROM %3$s ORDER BY %2$s, ctid DESC"
        .formatted(CopyWriter.quoted(columns), CopyWriter.quoted(key), staging);
  }

  private static String upsert(
      TargetTable table, List<String> columns, List<String> key, String rows) {
    return """
        INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE
        %s
        %s
        """
        .formatted(
            table.sqlName(), CopyWriter.quoted(columns), rows, conflict(table, columns, key));
  }

  /** What becomes of a row whose key exists. */
  static String conflict(TargetTable table, List<String> columns, List<String> key) {
    String assignments =
        columns.stream()
            .filter(c -> !key.contains(c))
            .filter(c -> table.column(c).map(StagedWriter::isUpdatable).orElse(true))
            .map(c -> Quote.identifier(c) + " = excluded." + Quote.identifier(c))
            .collect(Collectors.joining(", "));
    return "ON CONFLICT (%s) DO %s"
        .formatted(
            CopyWriter.quoted(key),
            assignments.isEmpty() ? "NOTHING" : "UPDATE SET " + assignments);
  }

  /** An identity that is always generated may be given at insertion and never changed after. */
  static boolean isUpdatable(TargetColumn column) {
    return column.filling() == Filling.Open;
  }
}
