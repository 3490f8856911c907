package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.database.SplitSource;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.postgres.session.Endpoint;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Splits of a PostgreSQL database over one connection, opened when needed. Used by one thread. */
public final class PostgresSplitSource implements SplitSource, SourceSession {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresSplitSource.class);

  private final Endpoint endpoint;
  private final String application;
  private final SourceView view;
  private final int maxRecordBytes;
  private @Nullable Connection connection;

  /**
   * Reads an endpoint; the server lists the session under the application's name.
   *
   * @param maxRecordBytes the most bytes of a row; a larger one is told and not had
   */
  public PostgresSplitSource(
      Endpoint endpoint, String application, SourceView view, int maxRecordBytes) {
    this.maxRecordBytes = maxRecordBytes;
    this.view = view;
    this.endpoint = endpoint;
    this.application = application;
  }

  @Override
  public @Nullable List<String> greatestKey(TablePlan table) throws SystemFailure {
    try {
      return RangeReader.maxKey(get(), view, table.schema(), table.key());
    } catch (SQLException e) {
      close();
      throw SourceFailure.of(e);
    }
  }

  @Override
  public Rows read(TablePlan table, KeyRange range) throws SystemFailure {
    try {
      return new PostgresRows(this, view, table, range, maxRecordBytes);
    } catch (SQLException e) {
      close();
      throw SourceFailure.of(e);
    }
  }

  @Override
  public List<KeyRange> tail(
      TablePlan table, KeyRange range, List<String> readUpTo, long read, long records)
      throws SystemFailure {
    try {
      return TailCutter.cut(get(), view, table, range, readUpTo, read, records);
    } catch (SQLException e) {
      close();
      throw SourceFailure.of(e);
    }
  }

  @Override
  public Connection get() throws SQLException {
    rest();
    Connection known = connection;
    if (known == null || known.isClosed()) {
      known = endpoint.open(application);
      connection = known;
      LockLimit.set(known);
    }
    return known;
  }

  private void rest() {
    if (connection != null && !endpoint.mayKeep(connection)) {
      giveUp();
    }
  }

  @Override
  public void idle() {
    rest();
    if (connection != null && endpoint.isMissed(connection)) {
      giveUp();
    }
  }

  @Override
  public boolean mustRest() {
    return connection != null && endpoint.mustRest(connection);
  }

  @Override
  public void pause() {
    if (endpoint.isCounted()) {
      giveUp();
    }
  }

  @Override
  public void giveUp() {
    close();
  }

  @Override
  public void close() {
    if (connection != null) {
      try {
        connection.close();
      } catch (SQLException e) {
        LOG.debug("closing a session failed", e);
      }
      connection = null;
    }
  }
}
