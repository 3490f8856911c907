package dev.drover.worker.redrive;

import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.postgres.Endpoint;
import dev.drover.worker.postgres.NoPermitException;
import dev.drover.worker.postgres.SessionPermits;
import dev.drover.worker.source.KeyedRows;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sessions at the sources of a chain, one a connection, opened when rows are asked for. A source
 * that is away is waited for, and said to be. Used by one thread.
 */
public final class SourceSessions implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SourceSessions.class);
  private static final String SOURCE = "source";

  /** The source ended the statement. */
  private static final String QUERY_CANCELED = "57014";

  private final Path secrets;
  private final String application;
  private final Stalls stalls;
  private final SessionPermits permits;
  private final Map<String, Endpoint> endpoints = new HashMap<>();
  private final Map<String, Connection> open = new HashMap<>();
  private Waiting waiting = why -> {};

  /** Told what is waited for. */
  @FunctionalInterface
  interface Waiting {
    /** Tells it. */
    void since(String why) throws InterruptedException;
  }

  /**
   * Sessions by the secrets of a pod.
   *
   * @param secrets folder of the connections' secrets
   * @param application the name under which the server lists the sessions
   * @param stalls shows what is waited for
   * @param permits says how many sessions there may be
   */
  public SourceSessions(Path secrets, String application, Stalls stalls, SessionPermits permits) {
    this.secrets = secrets;
    this.application = application;
    this.stalls = stalls;
    this.permits = permits;
  }

  void tell(Waiting someone) {
    waiting = someone;
  }

  /** Rows by their keys, see {@link KeyedRows}; whenever the source gives them. */
  Map<String, KeyedRows.Found> read(
      ConnectionSpec connection, TablePlan table, Collection<String> keys, int most)
      throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10));
    while (true) {
      try {
        Map<String, KeyedRows.Found> rows = KeyedRows.of(session(connection), table, keys, most);
        stalls.over(SOURCE);
        return rows;
      } catch (SQLException e) {
        close();
        String reason = reason(e);
        String message =
            "cannot read %s at connection %s again: %s"
                .formatted(table.table(), connection.name(), e.getMessage());
        stalls.begin(SOURCE, reason, message);
        waiting.since("waits, " + reason + ": " + message);
      }
      backoff.pause();
    }
  }

  private static String reason(SQLException e) {
    String noPermit = NoPermitException.stallReason(e.getSQLState());
    if (noPermit != null) {
      return noPermit;
    }
    String state = String.valueOf(e.getSQLState());
    if (state.equals(QUERY_CANCELED)) {
      return "SourceTimeout";
    }
    return state.startsWith("42") ? "SourceChanged" : "DatabaseUnavailable";
  }

  /** To be called while nothing is read: gives up what others wait for. */
  void idle() {
    open.entrySet().removeIf(each -> !isKept(endpoints.get(each.getKey()), each.getValue()));
  }

  private static boolean isKept(@Nullable Endpoint endpoint, Connection session) {
    if (endpoint == null || (endpoint.mayKeep(session) && !endpoint.isMissed(session))) {
      return true;
    }
    close(session);
    return false;
  }

  private Connection session(ConnectionSpec connection) throws SQLException {
    Endpoint endpoint =
        endpoints.computeIfAbsent(
            connection.name(),
            name -> new Endpoint(connection, ConnectionFiles.under(secrets, name), permits));
    Connection known = open.get(connection.name());
    if (known != null && !endpoint.mayKeep(known)) {
      known.close();
    }
    if (known == null || known.isClosed()) {
      known = endpoint.open(application);
      open.put(connection.name(), known);
    }
    return known;
  }

  @Override
  public void close() {
    open.values().forEach(SourceSessions::close);
    open.clear();
  }

  private static void close(Connection session) {
    try {
      session.close();
    } catch (SQLException e) {
      LOG.debug("closing a session failed", e);
    }
  }
}
