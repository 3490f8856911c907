package dev.drover.worker.redrive;

import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.HttpFiles;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.enrich.EnrichOnTheWay;
import dev.drover.worker.enrich.RequestPace;
import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.lookup.HttpLookup;
import dev.drover.worker.lookup.Lookup;
import dev.drover.worker.lookup.LookupSession;
import dev.drover.worker.postgres.Endpoint;
import dev.drover.worker.postgres.ServerWords;
import dev.drover.worker.postgres.SessionPermits;
import dev.drover.worker.source.KeyedRows;
import dev.drover.worker.source.SourceStall;
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
 * Sessions at the sources of a chain, one a connection, opened when rows are asked for; and where
 * stages on the rows' way look up. What is away is waited for, and said to be; who waits for one
 * session holds no other, since that may be the one that is lacking. Used by one thread.
 */
public final class SourceSessions implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SourceSessions.class);
  private static final String SOURCE = "source";

  private final Path secrets;

  private final String application;
  private final Stalls stalls;
  private final SessionPermits permits;
  private final Map<String, Endpoint> endpoints = new HashMap<>();
  private final Map<String, Connection> open = new HashMap<>();
  private final Map<LookedUp, LookupSession> lookups = new HashMap<>();
  private Waiting waiting = why -> {};

  /** Where something is looked up, for all tables by one session. */
  private record LookedUp(ConnectionSpec connection, int timeoutSeconds) {}

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

  /** The enrich of a stage on the way, as a revision has it; it tells its waiting as this does. */
  EnrichOnTheWay enrich(
      ChainView.Planned chain, StageSpec.Enrich stage, RecordSchema input, StateStore state) {
    return new EnrichOnTheWay(
        chain.revision(),
        stage,
        chain.plan(),
        input,
        () -> lookup(chain.spec(), stage, state),
        stalls,
        this::lookupWaits);
  }

  private void lookupWaits(String why) throws InterruptedException {
    giveUp();
    waiting.since(why);
  }

  private Lookup lookup(ChainSpec spec, StageSpec.Enrich stage, StateStore state) {
    return switch (stage.lookup()) {
      case LookupSpec.Query query ->
          lookups.computeIfAbsent(
              new LookedUp(spec.connection(query.connectionName()), stage.timeoutSeconds()),
              at -> new LookupSession(endpoint(at.connection()), application, at.timeoutSeconds()));
      case LookupSpec.Http http ->
          new HttpLookup(
              http,
              HttpFiles.under(secrets, stage.name()),
              stage.timeoutSeconds(),
              new RequestPace(state, stage.name()));
    };
  }

  private Endpoint endpoint(ConnectionSpec connection) {
    return new Endpoint(connection, ConnectionFiles.under(secrets, connection.name()), permits);
  }

  void tell(Waiting someone) {
    waiting = someone;
  }

  /** Rows by their keys, see {@link KeyedRows}; whenever the source gives them. */
  Map<String, KeyedRows.Found> read(
      ConnectionSpec connection, TablePlan table, Collection<String> keys, int most)
      throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10), stalls.leaving());
    while (true) {
      try {
        Map<String, KeyedRows.Found> rows = KeyedRows.of(session(connection), table, keys, most);
        stalls.over(SOURCE);
        return rows;
      } catch (SQLException e) {
        giveUp();
        String reason = SourceStall.reason(e);
        String message =
            "cannot read %s at connection %s again: %s"
                .formatted(table.table(), connection.name(), ServerWords.of(e));
        stalls.begin(SOURCE, reason, message);
        waiting.since("waits, " + reason + ": " + message);
      }
      backoff.pause();
    }
  }

  /** To be called while nothing is read: gives up what others wait for. */
  void idle() {
    open.entrySet().removeIf(each -> !isKept(endpoints.get(each.getKey()), each.getValue()));
    lookups.values().forEach(LookupSession::idle);
  }

  private static boolean isKept(@Nullable Endpoint endpoint, Connection session) {
    if (endpoint == null || (endpoint.mayKeep(session) && !endpoint.isMissed(session))) {
      return true;
    }
    close(session);
    return false;
  }

  private Connection session(ConnectionSpec connection) throws SQLException {
    Endpoint endpoint = endpoints.computeIfAbsent(connection.name(), name -> endpoint(connection));
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

  /** Whatever is needed again is opened again. */
  private void giveUp() {
    open.values().forEach(SourceSessions::close);
    open.clear();
    lookups.values().forEach(LookupSession::close);
  }

  @Override
  public void close() {
    giveUp();
  }

  private static void close(Connection session) {
    try {
      session.close();
    } catch (SQLException e) {
      LOG.debug("closing a session failed", e);
    }
  }
}
