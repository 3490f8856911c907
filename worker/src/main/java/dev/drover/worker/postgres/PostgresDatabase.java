package dev.drover.worker.postgres;

import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.worker.database.Database;
import dev.drover.worker.database.HeldSnapshot;
import dev.drover.worker.database.KeyedSource;
import dev.drover.worker.database.LoadOrder;
import dev.drover.worker.database.LoadTarget;
import dev.drover.worker.database.PlanningSession;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.database.SplitSource;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.lookup.Lookup;
import dev.drover.worker.postgres.lookup.PostgresLookup;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.source.ExportedSnapshot;
import dev.drover.worker.postgres.source.PostgresKeyedSource;
import dev.drover.worker.postgres.source.PostgresSnapshot;
import dev.drover.worker.postgres.source.PostgresSplitSource;
import dev.drover.worker.postgres.source.SourceFailure;
import dev.drover.worker.postgres.target.PostgresLoadTarget;
import dev.drover.worker.session.NoPermitException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** A PostgreSQL database. */
record PostgresDatabase(ConnectionSpec connection, Endpoint endpoint, String application)
    implements Database {
  @Override
  public PlanningSession plan() throws SystemFailure {
    try {
      return new PostgresPlanningSession(endpoint.openToHold(application));
    } catch (NoPermitException e) {
      throw SourceFailure.of(e);
    } catch (SQLException e) {
      SystemFailure failure = SourceFailure.of(e);
      throw failure.told(place() + ": " + failure.getMessage());
    }
  }

  /** Server, port and database, without options. */
  private String place() {
    return connection.jdbcUrl().replaceFirst("^jdbc:postgresql://([^?]*).*$", "$1");
  }

  @Override
  public SplitSource splits(SourceView view, int maxRecordBytes) {
    return new PostgresSplitSource(endpoint, application, view, maxRecordBytes);
  }

  @Override
  public KeyedSource rows() {
    return new PostgresKeyedSource(endpoint, application);
  }

  @Override
  public HeldSnapshot takeSnapshot(List<String> tables) throws SystemFailure {
    try {
      return PostgresSnapshot.take(endpoint.openToHold(application), tables);
    } catch (SQLException e) {
      throw SourceFailure.of(e);
    }
  }

  @Override
  public void enter(Connection transaction, String snapshot, String extent) throws SQLException {
    new ExportedSnapshot(snapshot, extent).enter(transaction);
  }

  @Override
  public LoadTarget target(LoadOrder order) {
    return PostgresLoadTarget.of(endpoint, application, order);
  }

  @Override
  public Lookup lookup(int timeoutSeconds) {
    return new PostgresLookup(endpoint, application, timeoutSeconds);
  }
}
