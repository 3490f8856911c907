package dev.drover.worker.postgres.target;

import dev.drover.wire.schema.Fingerprints;
import dev.drover.worker.postgres.target.TargetColumn.Filling;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Writes rows by {@code COPY} into a temporary table and from there by {@code INSERT … ON CONFLICT
 * DO UPDATE}: a row whose key exists replaces it, and of several rows of one key the last wins. For
 * one transaction.
 */
final class StagedWriter implements RowWriter {
  /** Two rows of one key in one statement. */
  static final String KEY_TWICE = "21000";

  private final Connection connection;
  private final CopyWriter copy;
  private final String staging;
  private final StagingCadence cadence;
  private final String merge;
  private final String mergeLast;

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
    String staged = "SELECT %s FROM %s".formatted(CopyWriter.quoted(columns), staging);
    this.merge = merge(table, columns, key, staged);
    this.mergeLast = merge(table, columns, key, lastOfEachKey(columns, key, staging));
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
    try (Statement statement = connection.createStatement()) {
      if (dirty) {
        statement.execute("TRUNCATE " + staging);
      }
      copy.write(rows, from, to);
      dirty = true;
      statement.execute(cadence.keysRepeat() ? mergeLast : merge);
    } catch (SQLException e) {
      if (KEY_TWICE.equals(e.getSQLState())) {
        cadence.keyRepeated();
      }
      throw e;
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

  private static String merge(
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
            .filter(c -> !key.contains(c) && isUpdatable(table, c))
            .map(c -> Quote.identifier(c) + " = excluded." + Quote.identifier(c))
            .collect(Collectors.joining(", "));
    return "ON CONFLICT (%s) DO %s"
        .formatted(
            CopyWriter.quoted(key),
            assignments.isEmpty() ? "NOTHING" : "UPDATE SET " + assignments);
  }

  /** An identity that is always generated may be given at insertion and never changed after. */
  private static boolean isUpdatable(TargetTable table, String column) {
    return table.column(column).map(c -> c.filling() == Filling.Open).orElse(true);
  }
}
