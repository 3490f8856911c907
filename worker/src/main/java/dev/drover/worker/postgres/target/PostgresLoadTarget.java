package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.database.Finished;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadOrder;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.database.LoadTarget;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.session.KeptSession;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL database to load into: one session, opened when it is needed and given up after a
 * System failure. A transaction that the server ends in a deadlock, or since it cannot be
 * serialized, is tried again in the same session before it is one.
 */
public final class PostgresLoadTarget implements LoadTarget {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresLoadTarget.class);

  /**
   * What a dump is restored with, too: a batch that is ended for taking long comes again as it was,
   * and would be ended again. Locks are waited for no longer than the login may.
   */
  private static final String FOR_LONG =
      """
      SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
      WHERE name IN ('statement_timeout', 'transaction_timeout');
      """;

  /** How often a transaction is tried that the server ends for the sake of others. */
  private static final int ATTEMPTS = 5;

  private static final long LONGEST_PAUSE_MILLIS = 100;

  private final Endpoint endpoint;
  private final String application;
  private final StageSpec.Load stage;
  private final @Nullable Ledger ledger;
  private final @Nullable TablePreparer preparer;
  private final @Nullable Finisher finisher;
  private final Map<String, TargetTable> tables = new HashMap<>();
  private volatile @Nullable Connection connection;
  private volatile boolean leaving;
  private @Nullable Loader loader;

  /** Loads into tables as they are, see the other constructor. */
  public PostgresLoadTarget(
      Endpoint endpoint, String application, StageSpec.Load stage, @Nullable Ledger ledger) {
    this(endpoint, application, stage, ledger, null, null);
  }

  /**
   * @param ledger without one a batch that comes twice is written twice, by its key
   * @param preparer makes each table ready before its first row; null if there is nothing to do
   * @param finisher what is left to do when all is decided; null if nothing ever is
   */
  public PostgresLoadTarget(
      Endpoint endpoint,
      String application,
      StageSpec.Load stage,
      @Nullable Ledger ledger,
      @Nullable TablePreparer preparer,
      @Nullable Finisher finisher) {
    this.preparer = preparer;
    this.finisher = finisher;
    this.endpoint = endpoint;
    this.application = application;
    this.stage = stage;
    this.ledger = ledger;
  }

  /** Does what is asked for, with all that there is to do before the first row and at the end. */
  public static PostgresLoadTarget of(Endpoint endpoint, String application, LoadOrder order) {
    StageSpec.Load stage = order.stage();
    String uid = order.migrationUid();
    return new PostgresLoadTarget(
        endpoint,
        application,
        stage,
        order.ledger() ? Ledgers.of(stage, uid) : null,
        preparer(order),
        new Finisher(uid + "/" + stage.name(), Ledgers.preparation(stage, uid), order.targets()));
  }

  private static @Nullable TablePreparer preparer(LoadOrder order) {
    StageSpec.Load stage = order.stage();
    return order.newTables().isEmpty() && stage.indexes() == StageSpec.Indexes.Keep
        ? null
        : new TablePreparer(
            Ledgers.preparation(stage, order.migrationUid()), order.newTables(), stage.indexes());
  }

  @Override
  public List<LoadOutcome> load(String sourceTable, List<LoadBatch> batches) throws SystemFailure {
    for (int attempt = 1; true; attempt++) {
      try {
        return loadOnce(sourceTable, batches);
      } catch (SystemFailure e) {
        if (!TargetFailure.isConflict(e) || attempt == ATTEMPTS || !pause()) {
          throw e;
        }
        LOG.info("{}: tried again at once, {} of {} times", e.getMessage(), attempt, ATTEMPTS - 1);
      }
    }
  }

  /** Not for as long as the other's, or they meet again; false if this worker is to leave. */
  private static boolean pause() {
    try {
      Thread.sleep(ThreadLocalRandom.current().nextLong(LONGEST_PAUSE_MILLIS));
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private List<LoadOutcome> loadOnce(String sourceTable, List<LoadBatch> batches)
      throws SystemFailure {
    try {
      Loader ready = loader();
      return ready.load(table(sourceTable), batches);
    } catch (SystemFailure e) {
      if (loader == null
          || !(TargetFailure.isLocked(e) || TargetFailure.isConflict(e) && rolledBack())) {
        close();
      }
      throw e;
    } catch (SQLException e) {
      close();
      throw TargetFailure.of("connecting to " + endpoint.name(), e);
    }
  }

  @Override
  public void rest() {
    Connection session = connection;
    if (session != null && !endpoint.mayKeep(session)) {
      close();
    }
  }

  @Override
  public void idle() {
    rest();
    Connection session = connection;
    if (session != null && endpoint.isMissed(session)) {
      close();
    }
  }

  /** Whether the session is free of the transaction that the server has ended. */
  private boolean rolledBack() {
    Connection session = connection;
    try {
      if (session != null && !session.getAutoCommit()) {
        session.rollback();
      }
      return session != null;
    } catch (SQLException e) {
      LOG.debug("a session is given up", e);
      return false;
    }
  }

  private Loader loader() throws SQLException, SystemFailure {
    if (loader == null) {
      Connection session = endpoint.open(application);
      connection = session;
      KeptSession.set(session, FOR_LONG);
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

  @Override
  public Finished finish() throws SystemFailure {
    Finisher left = finisher;
    if (left == null) {
      return new Finished.Done(List.of());
    }
    close();
    try {
      Connection session = endpoint.openToHold(application);
      connection = session;
      if (leaving) {
        throw new SQLException("the worker leaves", "57P01");
      }
      // Building an index says nothing for as long as it takes; keep-alives tell a dead server.
      session.setNetworkTimeout(Runnable::run, 0);
      return left.finish(session);
    } catch (SQLException e) {
      throw TargetFailure.of("finishing at " + endpoint.name(), e);
    } finally {
      close();
    }
  }

  @Override
  public void leave() {
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
      KeptSession.require(session);
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
      throw TargetFailure.of("making table " + target + " ready", e);
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
        LOG.debug("closing a session failed", e);
      }
      connection = null;
    }
  }
}
