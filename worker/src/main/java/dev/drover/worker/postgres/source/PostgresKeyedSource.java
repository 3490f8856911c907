package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.database.KeyedSource;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.postgres.session.Endpoint;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Single rows of a PostgreSQL database over one session, opened when needed. */
public final class PostgresKeyedSource implements KeyedSource {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresKeyedSource.class);

  private final Endpoint endpoint;
  private final String application;
  private @Nullable Connection open;

  /** Reads an endpoint; the server lists the session under the application's name. */
  public PostgresKeyedSource(Endpoint endpoint, String application) {
    this.endpoint = endpoint;
    this.application = application;
  }

  @Override
  public Map<String, Found> read(TablePlan table, Collection<String> keys, int most)
      throws SystemFailure {
    try {
      return KeyedRows.of(session(), table, keys, most);
    } catch (SQLException e) {
      close();
      throw SourceFailure.of(e);
    }
  }

  private Connection session() throws SQLException {
    Connection known = open;
    if (known != null && !endpoint.mayKeep(known)) {
      known.close();
    }
    if (known == null || known.isClosed()) {
      known = endpoint.open(application);
      open = known;
      LockLimit.set(known);
    }
    return known;
  }

  @Override
  public void idle() {
    Connection known = open;
    if (known != null && (!endpoint.mayKeep(known) || endpoint.isMissed(known))) {
      close();
    }
  }

  @Override
  public void close() {
    Connection known = open;
    open = null;
    if (known != null) {
      try {
        known.close();
      } catch (SQLException e) {
        LOG.debug("closing a session failed", e);
      }
    }
  }
}
