package dev.drover.worker.plan;

import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.worker.postgres.Endpoint;
import dev.drover.worker.postgres.NoPermitException;
import dev.drover.worker.postgres.ServerWords;
import dev.drover.worker.postgres.SessionPermits;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;

/** One session per connection of a chain, opened when first asked for. Used by one thread. */
final class Endpoints implements AutoCloseable {
  private final ChainSpec spec;
  private final Path secrets;
  private final String application;
  private final SessionPermits permits;
  private final Map<String, Connection> open = new HashMap<>();

  Endpoints(ChainSpec spec, Path secrets, String application, SessionPermits permits) {
    this.permits = permits;
    this.spec = spec;
    this.secrets = secrets;
    this.application = application;
  }

  /** The session of a connection. */
  Connection session(String connection) throws SQLException {
    Connection known = open.get(connection);
    if (known == null) {
      known = connect(connection);
      open.put(connection, known);
    }
    return known;
  }

  /** A failure names the connection: two databases may well have the same user. */
  private Connection connect(String connection) throws SQLException {
    ConnectionSpec endpoint = spec.connection(connection);
    try {
      return new Endpoint(endpoint, ConnectionFiles.under(secrets, connection), permits)
          .openToHold(application);
    } catch (NoPermitException e) {
      throw e; // names the connection itself
    } catch (SQLException e) {
      throw new SQLException(
          "spec.connections[%d] (%s): %s: %s"
              .formatted(
                  spec.connections().indexOf(endpoint),
                  connection,
                  endpoint.jdbcUrl().replaceFirst("^jdbc:postgresql://([^?]*).*$", "$1"),
                  ServerWords.of(e)),
          e.getSQLState(),
          e);
    }
  }

  @Override
  public void close() {
    for (Connection c : open.values()) {
      try {
        c.close();
      } catch (SQLException e) {
        org.slf4j.LoggerFactory.getLogger(Endpoints.class).debug("closing a session failed", e);
      }
    }
    open.clear();
  }
}
