package dev.drover.worker.postgres.target;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Runs single statements, and several as one transaction. */
final class Statements {
  private Statements() {}

  /** Statements that belong together. */
  @FunctionalInterface
  interface Work {
    void run() throws SQLException;
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Executes statements, separated by semicolons: how many rows they wrote. */
  static int count(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
      int count = 0;
      while (statement.getUpdateCount() != -1) {
        count += statement.getUpdateCount();
        statement.getMoreResults();
      }
      return count;
    }
  }

  /** The one boolean that a query answers. */
  static boolean ask(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getBoolean(1);
    }
  }

  /** Statements that belong together and answer something. */
  @FunctionalInterface
  interface Question<T> {
    T ask() throws SQLException;
  }

  /** Runs in a transaction of its own: the connection must have none open. */
  static void inTransaction(Connection connection, Work work) throws SQLException {
    askInTransaction(
        connection,
        () -> {
          work.run();
          return true;
        });
  }

  /** As {@link #inTransaction}, with an answer. */
  static <T> T askInTransaction(Connection connection, Question<T> question) throws SQLException {
    boolean autoCommit = connection.getAutoCommit();
    connection.setAutoCommit(false);
    try {
      T answer = question.ask();
      connection.commit();
      return answer;
    } catch (SQLException e) {
      rollBack(connection, e);
      throw e;
    } finally {
      if (!connection.isClosed()) {
        connection.setAutoCommit(autoCommit);
      }
    }
  }

  private static void rollBack(Connection connection, SQLException failure) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }
}
