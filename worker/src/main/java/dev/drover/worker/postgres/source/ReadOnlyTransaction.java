package dev.drover.worker.postgres.source;

import dev.drover.worker.database.SourceView;
import dev.drover.worker.postgres.session.KeptSession;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * A transaction that cannot write, on a connection that otherwise commits each statement. Its end
 * leaves the connection as it was; whatever was {@code SET LOCAL} is undone.
 */
final class ReadOnlyTransaction implements AutoCloseable {
  private final Connection connection;

  /**
   * Begins one that sees the source as it is now.
   *
   * @param settings SQL to run first, such as {@code SET LOCAL …}
   */
  ReadOnlyTransaction(Connection connection, String settings) throws SQLException {
    this(connection, SourceView.NOW, settings);
  }

  /** Begins one that sees the source as the view does. */
  ReadOnlyTransaction(Connection connection, SourceView view, String settings) throws SQLException {
    this.connection = connection;
    connection.setReadOnly(true);
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      view.enter(connection);
      KeptSession.require(connection);
      statement.execute(settings);
    } catch (SQLException e) {
      try {
        close();
      } catch (SQLException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  @Override
  public void close() throws SQLException {
    if (!connection.isClosed()) {
      connection.rollback();
      connection.setAutoCommit(true);
      connection.setReadOnly(false);
    }
  }
}
