package dev.drover.worker.postgres.session;

import dev.drover.worker.session.SessionRoster;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** The sessions that PostgreSQL lists. */
final class ListedSessions implements SessionRoster {
  // Of its own login everybody sees all. Workers that help a session with a query have its name.
  private static final String SESSIONS =
      """
      SELECT application_name, pid = pg_catalog.pg_backend_pid(), usename = session_user
      FROM pg_catalog.pg_stat_activity
      WHERE application_name LIKE 'drover/%' AND backend_type = 'client backend'
      """;

  @Override
  public List<Listed> read(Connection session) throws SQLException {
    List<Listed> listed = new ArrayList<>();
    try (Statement statement = session.createStatement();
        ResultSet rows = statement.executeQuery(SESSIONS)) {
      while (rows.next()) {
        listed.add(new Listed(rows.getString(1), rows.getBoolean(2), rows.getBoolean(3)));
      }
    }
    if (!session.getAutoCommit()) {
      session.rollback();
    }
    return listed;
  }
}
