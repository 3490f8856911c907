package dev.drover.worker.load;

import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.postgres.Endpoint;
import dev.drover.worker.target.Ledger;
import dev.drover.worker.target.LoadBatch;
import dev.drover.worker.target.LoadOutcome;
import dev.drover.worker.target.Loader;
import dev.drover.worker.target.SystemFailure;
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
  private final Map<String, TargetTable> tables = new HashMap<>();
  private @Nullable Connection connection;
  private @Nullable Loader loader;

  /** With a null ledger a batch that comes twice is written twice, by its key. */
  public LoadSession(
      Endpoint endpoint, String application, StageSpec.Load stage, @Nullable Ledger ledger) {
    this.endpoint = endpoint;
    this.application = application;
    this.stage = stage;
    this.ledger = ledger;
  }

  /**
   * Loads batches of one source table in one transaction.
   *
   * @throws SystemFailure if the target is away or refuses; the session is then given up
   */
  List<LoadOutcome> load(String sourceTable, List<LoadBatch> batches) throws SystemFailure {
    try {
      Loader ready = loader();
      return ready.load(table(sourceTable), batches);
    } catch (SystemFailure e) {
      close();
      throw e;
    } catch (SQLException e) {
      close();
      throw SystemFailure.of("connecting to " + endpoint.name(), e);
    }
  }

  private Loader loader() throws SQLException, SystemFailure {
    if (loader == null || connection == null) {
      connection = endpoint.openToWrite(application);
      loader = new Loader(connection, stage.mode(), ledger);
    }
    return loader;
  }

  private TargetTable table(String sourceTable) throws SQLException, SystemFailure {
    String target = stage.targetOf(sourceTable);
    TargetTable known = tables.get(target);
    if (known == null && connection != null) {
      known =
          TargetCatalog.find(connection, target)
              .orElseThrow(
                  () ->
                      new SQLException("target table " + target + " is gone: restore it", "42P01"));
      connection.commit();
      tables.put(target, known);
    }
    if (known == null) {
      throw new SQLException("no connection", "08003");
    }
    return known;
  }

  @Override
  public void close() {
    tables.clear();
    loader = null;
    if (connection != null) {
      try {
        connection.close();
      } catch (SQLException e) {
        org.slf4j.LoggerFactory.getLogger(LoadSession.class).debug("closing a session failed", e);
      }
      connection = null;
    }
  }
}
