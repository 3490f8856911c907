package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Which file a table's rows are in. {@code VACUUM FULL}, {@code CLUSTER}, {@code TRUNCATE} and what
 * else rewrites a table puts its rows into another, each at a position of its own.
 */
final class TableFile {
  private TableFile() {}

  /** The file's number; null if there is no such table, or it has no file. */
  static @Nullable Long of(Connection connection, String table) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT pg_catalog.pg_relation_filenode(pg_catalog.to_regclass(?))::int8")) {
      query.setString(1, Quote.table(table));
      try (ResultSet row = query.executeQuery()) {
        row.next();
        long file = row.getLong(1);
        return row.wasNull() ? null : file;
      }
    }
  }

  /**
   * Makes sure that positions of a table's rows mean what they meant when it was planned. Asked
   * before each read and after the last: what was read in between was read from that file.
   *
   * @throws SQLException SQLSTATE 42809 if not
   */
  static void require(Connection connection, TablePlan table) throws SQLException {
    Long planned = table.file();
    if (planned != null && !planned.equals(of(connection, table.table()))) {
      throw new SQLException(
          "%s has no key and was rewritten since it was planned (VACUUM FULL, CLUSTER, TRUNCATE), so its rows are at other positions and nobody knows which were read: delete the Migration and apply it again, or give the table a key"
              .formatted(table.table()),
          "42809");
    }
  }
}
