package dev.drover.worker.postgres.source;

import dev.drover.worker.database.SourceView;
import dev.drover.worker.database.ViewUnavailableException;
import dev.drover.worker.postgres.session.ServerWords;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * A snapshot that one session of a source has exported for others, see the server's {@code
 * pg_export_snapshot}. It can be entered while that session's transaction lasts.
 *
 * @param name by which others enter it
 * @param extent which transactions it sees, as the server tells of every snapshot
 */
public record ExportedSnapshot(String name, String extent) implements SourceView {
  private static final String EXTENT = "pg_catalog.txid_current_snapshot()::text";

  /** A session that waits for nothing but its end must not be ended for that. */
  private static final String FOR_LONG =
      """
      SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
      WHERE name IN ('idle_in_transaction_session_timeout', 'statement_timeout', 'transaction_timeout')
      """;

  private static final String LOCKABLE =
      "SELECT FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass(%s) AND relkind IN ('r', 'p')";

  /**
   * Takes a snapshot and exports it. The session keeps it until its transaction ends, and with it
   * the tables as they are: what would make a snapshot see other rows than there were, such as
   * {@code TRUNCATE} or the rewriting of a table, waits until then.
   *
   * @param session in no transaction; it has one open afterwards, to be left alone
   * @param tables what will be read, {@code schema.table}
   * @throws SQLException if the source is away, or a table is not there or not to be had
   */
  public static ExportedSnapshot take(Connection session, List<String> tables) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.executeQuery(FOR_LONG).close();
      statement.execute("SET lock_timeout = '10s'");
      List<String> lockable = new ArrayList<>();
      for (String table : tables) {
        String name = Quote.table(table);
        try (ResultSet row = statement.executeQuery(LOCKABLE.formatted(Quote.literal(name)))) {
          if (row.next()) {
            lockable.add(name);
          }
        }
      }
      session.setReadOnly(true);
      session.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      session.setAutoCommit(false);
      // Locks first: the snapshot is taken by the first query, and sees what they protect.
      for (String name : lockable) {
        statement.execute("LOCK TABLE " + name + " IN ACCESS SHARE MODE");
      }
      try (ResultSet row =
          statement.executeQuery("SELECT pg_catalog.pg_export_snapshot(), " + EXTENT)) {
        row.next();
        return new ExportedSnapshot(row.getString(1), row.getString(2));
      }
    }
  }

  @Override
  public void enter(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      statement.execute("SET TRANSACTION SNAPSHOT " + Quote.literal(name));
      try (ResultSet row = statement.executeQuery("SELECT " + EXTENT)) {
        row.next();
        if (!row.getString(1).equals(extent)) {
          throw new ViewUnavailableException(
              ViewUnavailableException.LOST,
              "snapshot " + name + " of the source is another than the one asked for",
              null);
        }
      }
    } catch (ViewUnavailableException e) {
      throw e;
    } catch (SQLException e) {
      String state = String.valueOf(e.getSQLState());
      // There is no such snapshot, or the transaction that it is of has just ended.
      if (state.equals("42704") || state.equals("22023") || state.equals("55000")) {
        throw new ViewUnavailableException(ViewUnavailableException.LOST, ServerWords.of(e), e);
      }
      throw e;
    }
  }
}
