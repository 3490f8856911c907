package dev.drover.worker.database;

import java.sql.Connection;
import java.sql.SQLException;

/** As of when a source is read: what each transaction of a reader begins with. */
@FunctionalInterface
public interface SourceView {
  /** As of when the transaction begins to read. */
  SourceView NOW = connection -> {};

  /**
   * Makes a transaction that has just begun, and read nothing yet, see the source so.
   *
   * @throws ViewUnavailableException if that cannot be had, now or ever
   */
  void enter(Connection connection) throws SQLException;
}
