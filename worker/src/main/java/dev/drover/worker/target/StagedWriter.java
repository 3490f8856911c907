package dev.drover.worker.target;

import dev.drover.wire.schema.Fingerprints;
import dev.drover.worker.postgres.Quote;
import dev.drover.worker.target.TargetColumn.Filling;
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
  /** Orders the staged rows. */
  private static final String PLACE = "drover_staged_place";

  private final Connection connection;
  private final CopyWriter copy;
  private final String staging;
  private final String merge;

  /** Whether an attempt of this transaction left its rows in the staging table. */
  private boolean dirty;

  /**
   * @param columns the columns that rows bring, in order
   * @param key those among them that identify a row
   */
  StagedWriter(Connection connection, TargetTable table, List<String> columns, List<String> key)
      throws SQLException {
    this.connection = connection;
    this.staging = stagingName(table, columns);
    this.copy = new CopyWriter(connection, staging, columns);
    this.merge = merge(table, columns, key, staging);
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
      statement.execute(
          "ALTER TABLE %s ADD COLUMN IF NOT EXISTS %s bigint GENERATED ALWAYS AS IDENTITY"
              .formatted(name, PLACE));
    }
  }

  @Override
  public void write(EncodedRows rows, int from, int to) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      if (dirty) {
        statement.execute("TRUNCATE " + staging);
      }
      copy.write(rows, from, to);
      statement.execute(merge);
      dirty = true;
    }
  }

  private static String merge(
      TargetTable table, List<String> columns, List<String> key, String staging) {
    String assignments =
        columns.stream()
            .filter(c -> !key.contains(c) && isUpdatable(table, c))
            .map(c -> Quote.identifier(c) + " = excluded." + Quote.identifier(c))
            .collect(Collectors.joining(", "));
    return """
        INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE
        SELECT %2$s FROM (SELECT DISTINCT ON (%3$s) * FROM %4$s ORDER BY %3$s, %5$s DESC) staged
        ON CONFLICT (%3$s) DO %6$s
        """
        .formatted(
            table.sqlName(),
            CopyWriter.quoted(columns),
            CopyWriter.quoted(key),
            staging,
            PLACE,
            assignments.isEmpty() ? "NOTHING" : "UPDATE SET " + assignments);
  }

  /** An identity that is always generated may be given at insertion and never changed after. */
  private static boolean isUpdatable(TargetTable table, String column) {
    return table.column(column).map(c -> c.filling() == Filling.Open).orElse(true);
  }
}
