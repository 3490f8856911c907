package dev.drover.worker.load;

import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.postgres.Endpoint;
import dev.drover.worker.target.Finisher;
import dev.drover.worker.target.Ledger;
import dev.drover.worker.target.LoadBatch;
import dev.drover.worker.target.LoadOutcome;
import dev.drover.worker.target.Loader;
import dev.drover.worker.target.SystemFailure;
import dev.drover.worker.target.TablePreparer;
import dev.drover.worker.target.TargetCatalog;
import dev.drover.worker.target.TargetTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The one connection of a load worker, opened when it is needed and given up after a System
 * failure. Used by one thread.
 */
public final class LoadSession implements AutoCloseable {
  private final Endpoint endpoint;
  private final String application;
  private final StageSpec.Load stage;
  private final @Nullable Ledger ledger;
  private final @Nullable TablePreparer preparer;
  private final Map<String, TargetTable> tables = new HashMap<>();
  private volatile @Nullable Connection connection;
  private volatile boolean leaving;
  private @Nullable Loader loader;

  /** Loads into tables as they are, see the other constructor. */
  public LoadSession(
      Endpoint endpoint, String application, StageSpec.Load stage, @Nullable Ledger ledger) {
    this(endpoint, application, stage, ledger, null);
  }

  /**
   * @param ledger without one a batch that comes twice is written twice, by its key
   * @param preparer makes each table ready before its first row; null if there is nothing to do
   */
  public LoadSession(
      Endpoint endpoint,
      String application,
      StageSpec.Load stage,
      @Nullable Ledger ledger,
      @Nullable TablePreparer preparer) {
    this.preparer = preparer;
    this.endpoint = endpoint;
    this.application = application;
    this.stage = stage;
    this.ledger = ledger;
  }

  /**
   * Loads batches of one source table in one transaction.
   *
   * @throws SystemFailure if the target is away or refuses; the session is then given up, unless
   *     all it did was to wait for a lock
   */
  List<LoadOutcome> load(String sourceTable, List<LoadBatch> batches) throws SystemFailure {
    try {
      Loader ready = loader();
      return ready.load(table(sourceTable), batches);
    } catch (SystemFailure e) {
      if (!e.isLocked() || loader == null) {
        close();
      }
      throw e;
    } catch (SQLException e) {
      close();
      throw SystemFailure.of("connecting to " + endpoint.name(), e);
    }
  }

  /** To be called between two pieces of work: gives the session up if others are to have it. */
  void rest() {
    Connection session = connection;
    if (session != null && !endpoint.mayKeep(session)) {
      close();
    }
  }

  /** To be called when nothing is to be loaded: gives the session up if others wait for one. */
  void idle() {
    rest();
    Connection session = connection;
    if (session != null && endpoint.isMissed(session)) {
      close();
    }
  }

  private Loader loader() throws SQLException, SystemFailure {
    if (loader == null) {
      Connection session = endpoint.open(application);
      connection = session;
      if (preparer != null) {
        preparer.begin(session);
      }
      if (ledger != null && ledger.ensure(session) != LoadPromise.ExactlyOnce) {
        throw new SQLException(
            "the login may not keep table %s any more: grant SELECT, INSERT and UPDATE on it"
                .formatted(ledger.displayName()),
            "42501");
      }
      loader = new Loader(session, stage.mode(), ledger);
    }
    return loader;
  }

  /**
   * Does what is left at the target when all is decided. The session is given up afterwards.
   *
   * @throws SystemFailure if the target is away or refuses
   */
  Finisher.Outcome finish(Finisher finisher) throws SystemFailure {
    close();
    try {
      Connection session = endpoint.openToHold(application);
      connection = session;
      if (leaving) {
        throw new SQLException("the worker leaves", "57P01");
      }
      // Building an index says nothing for as long as it takes; keep-alives tell a dead server.
      session.setNetworkTimeout(Runnable::run, 0);
      return finisher.finish(session);
    } catch (SQLException e) {
      throw SystemFailure.of("finishing at " + endpoint.name(), e);
    } finally {
      close();
    }
  }

  /** Ends what {@link #finish} does, now and later. May be called by any thread. */
  void leave() {
    leaving = true;
    Connection session = connection;
    if (session != null) {
      Endpoint.interrupt(session);
    }
  }

  private TargetTable table(String sourceTable) throws SQLException, SystemFailure {
    String target = stage.targetOf(sourceTable);
    TargetTable known = tables.get(target);
    Connection session = connection;
    if (known == null && session != null) {
      prepare(session, target);
      known =
          TargetCatalog.find(session, target)
              .orElseThrow(
                  () ->
                      new SQLException("target table " + target + " is gone: restore it", "42P01"));
      session.commit();
      tables.put(target, known);
    }
    if (known == null) {
      throw new SQLException("no connection", "08003");
    }
    return known;
  }

  private void prepare(Connection session, String target) throws SystemFailure {
    if (preparer == null) {
      return;
    }
    try {
      preparer.prepare(session, target);
    } catch (SQLException e) {
      throw SystemFailure.of("making table " + target + " ready", e);
    }
  }

  @Override
  public void close() {
    tables.clear();
    loader = null;
    Connection session = connection;
    if (session != null) {
      try {
        session.close();
      } catch (SQLException e) {
        org.slf4j.LoggerFactory.getLogger(LoadSession.class).debug("closing a session failed", e);
      }
      connection = null;
    }
  }
}
