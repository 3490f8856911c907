package dev.drover.worker.postgres;

import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.PlanningSession;
import dev.drover.worker.database.SourcePlan;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.database.TableDetails;
import dev.drover.worker.database.TargetPlanner;
import dev.drover.worker.lookup.LookupRefusedException;
import dev.drover.worker.lookup.QueryText;
import dev.drover.worker.postgres.lookup.LookupDescription;
import dev.drover.worker.postgres.source.DetailsCatalog;
import dev.drover.worker.postgres.source.SourceFailure;
import dev.drover.worker.postgres.source.SourcePlanner;
import dev.drover.worker.postgres.target.PostgresTargetPlanner;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a plan asks of a PostgreSQL database. */
final class PostgresPlanningSession implements PlanningSession {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresPlanningSession.class);

  private final Connection session;
  private final TargetPlanner target;

  PostgresPlanningSession(Connection session) {
    this.session = session;
    this.target = new PostgresTargetPlanner(session);
  }

  @Override
  public SourcePlan source(int place, StageSpec.Extract stage) throws SystemFailure {
    try {
      return SourcePlanner.plan(session, place, stage);
    } catch (SQLException e) {
      throw SourceFailure.of(e);
    }
  }

  @Override
  public TableDetails details(String table) throws SystemFailure {
    try {
      return DetailsCatalog.read(session, table);
    } catch (SQLException e) {
      throw SourceFailure.of(e);
    }
  }

  @Override
  public List<Column> answers(QueryText query, RecordSchema input)
      throws LookupRefusedException, SystemFailure {
    try {
      return LookupDescription.columns(session, query, input);
    } catch (SQLException e) {
      throw SourceFailure.of(e);
    }
  }

  @Override
  public TargetPlanner target() {
    return target;
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (SQLException e) {
      LOG.debug("closing a session failed", e);
    }
  }
}
