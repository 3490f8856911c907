package dev.drover.worker.postgres.source;

import dev.drover.worker.database.HeldSnapshot;
import dev.drover.worker.database.SystemFailure;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A snapshot that lasts as long as the transaction of its session. Used by one thread. */
public final class PostgresSnapshot implements HeldSnapshot {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresSnapshot.class);

  private final Connection session;
  private final ExportedSnapshot snapshot;

  private PostgresSnapshot(Connection session, ExportedSnapshot snapshot) {
    this.session = session;
    this.snapshot = snapshot;
  }

  /**
   * Takes one, see {@link ExportedSnapshot#take}. The session is closed with it, and if there is
   * none.
   */
  public static PostgresSnapshot take(Connection session, List<String> tables)
      throws SystemFailure {
    try {
      return new PostgresSnapshot(session, ExportedSnapshot.take(session, tables));
    } catch (SQLException e) {
      end(session);
      throw SourceFailure.of(e);
    }
  }

  @Override
  public String name() {
    return snapshot.name();
  }

  @Override
  public String extent() {
    return snapshot.extent();
  }

  @Override
  public void look() throws SystemFailure {
    try (Statement statement = session.createStatement()) {
      statement.execute("SELECT");
    } catch (SQLException e) {
      throw SourceFailure.of(e);
    }
  }

  @Override
  public void close() {
    end(session);
  }

  private static void end(Connection session) {
    try {
      session.close();
    } catch (SQLException e) {
      LOG.debug("closing a session failed", e);
    }
  }
}
