package dev.drover.worker.postgres.source;

import java.sql.Connection;
import java.sql.SQLException;

/** The session that rows are read over. Used by one thread. */
interface SourceSession {
  /**
   * The session, in no transaction; opened anew if it was given up.
   *
   * @throws SQLException if the source does not answer, or there may be no session now
   */
  Connection get() throws SQLException;

  /** Whether reading should be interrupted soon, and {@link #get} be called. */
  default boolean mustRest() {
    return false;
  }

  /** Nothing is read for a while: others may have it meanwhile. */
  default void pause() {
    // A session that nobody counts is missed by nobody.
  }

  /** Ends it. */
  void giveUp();

  /** A session that is there already, and is not opened again. */
  static SourceSession of(Connection connection) {
    return new SourceSession() {
      @Override
      public Connection get() {
        return connection;
      }

      @Override
      public void giveUp() {
        try {
          connection.close();
        } catch (SQLException e) {
          org.slf4j.LoggerFactory.getLogger(SourceSession.class)
              .debug("closing a session failed", e);
        }
      }
    };
  }
}
