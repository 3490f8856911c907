package dev.drover.worker.postgres.source;

import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How big a table is, without reading it.
 *
 * @param pages blocks of its file, or of all its partitions' files
 * @param records rows, estimated
 */
record TableSize(long pages, long records) {
  /** Below so many pages the server takes a table that was never analysed for this big. */
  private static final long ASSUMED_PAGES = 10;

  private static final Pattern ROWS = Pattern.compile(" rows=(\\d+) ");

  private static final String PAGES =
      """
      SELECT (sum(pg_relation_size(part)) / current_setting('block_size')::int8)::int8,
        bool_or(reltuples < 0)
      FROM (
        SELECT ?::regclass AS part
        UNION
        SELECT relid FROM pg_partition_tree(?::regclass)
      ) AS parts JOIN pg_class ON pg_class.oid = part
      """;

  /**
   * The size of a table. The rows are what the server's planner expects: the density that was found
   * when the table was last analysed, or else follows from the width of its columns, times the
   * pages that it has now.
   */
  static TableSize of(Connection connection, TableSql table, String name) throws SQLException {
    long pages;
    boolean analysed;
    try (PreparedStatement query = connection.prepareStatement(PAGES)) {
      query.setString(1, Quote.table(name));
      query.setString(2, Quote.table(name));
      try (ResultSet row = query.executeQuery()) {
        row.next();
        pages = row.getLong(1);
        analysed = !row.getBoolean(2);
      }
    }
    if (pages == 0) {
      return new TableSize(0, 0);
    }
    long records = expectedRows(connection, table);
    if (!analysed && pages < ASSUMED_PAGES) {
      records = Math.ceilDiv(records * pages, ASSUMED_PAGES);
    }
    return new TableSize(pages, records);
  }

  private static long expectedRows(Connection connection, TableSql table) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("EXPLAIN SELECT 1 FROM " + table.from())) {
      row.next();
      Matcher rows = ROWS.matcher(row.getString(1));
      if (!rows.find()) {
        throw new SQLException("EXPLAIN names no rows: " + row.getString(1), "XX000");
      }
      return Long.parseLong(rows.group(1));
    }
  }
}
