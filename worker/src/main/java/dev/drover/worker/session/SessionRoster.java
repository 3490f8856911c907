package dev.drover.worker.session;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Asks a server, over one of its sessions, which sessions of Drover it has. Thread-safe. */
@FunctionalInterface
public interface SessionRoster {
  /**
   * One session that the server lists.
   *
   * @param applicationName what it was opened as
   * @param own whether it is the one that was asked over
   * @param sameLogin whether it is of the same login
   */
  record Listed(String applicationName, boolean own, boolean sameLogin) {}

  /** Asks over a session in no transaction, and leaves it in none. */
  List<Listed> read(Connection session) throws SQLException;
}
