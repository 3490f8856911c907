package dev.drover.worker.postgres.source;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** How long a reader waits for a table that somebody has locked. */
final class LockLimit {
  /** So that who holds a table up is told of, unless the login waits for less. */
  private static final String LIMIT =
      """
      SELECT pg_catalog.set_config('lock_timeout', '5s', false) FROM pg_catalog.pg_settings
      WHERE name = 'lock_timeout' AND (setting::int8 = 0 OR setting::int8 > 5000)
      """;

  private LockLimit() {}

  /**
   * Sets it for a session. Not within the transaction that reads: a query there would take the
   * snapshot of a login that reads repeatably, before the lock.
   */
  static void set(Connection session) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.execute(LIMIT);
    }
  }
}
