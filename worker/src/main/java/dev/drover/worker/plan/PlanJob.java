package dev.drover.worker.plan;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.postgres.NoPermitException;
import dev.drover.worker.postgres.ServerWords;
import dev.drover.worker.postgres.SessionPermits;
import dev.drover.worker.target.SystemFailure;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plans a revision and writes the plan into the state bucket. While a database is away it says so
 * there and tries again, for as long as it takes.
 */
public final class PlanJob {
  private static final Logger LOG = LoggerFactory.getLogger(PlanJob.class);

  private final StateStore state;
  private final String revision;
  private final String migrationUid;
  private final Path secrets;
  private final String application;
  private final SessionPermits permits;

  /** A job whose sessions nobody counts, see the other constructor. */
  public PlanJob(
      StateStore state, String revision, String migrationUid, Path secrets, String application) {
    this(state, revision, migrationUid, secrets, application, SessionPermits.UNLIMITED);
  }

  /**
   * A job for a revision whose spec is in the bucket.
   *
   * @param secrets folder of the connections' secrets
   * @param application what the databases list the planner's sessions as
   */
  public PlanJob(
      StateStore state,
      String revision,
      String migrationUid,
      Path secrets,
      String application,
      SessionPermits permits) {
    this.permits = permits;
    this.state = state;
    this.revision = revision;
    this.migrationUid = migrationUid;
    this.secrets = secrets;
    this.application = application;
  }

  /** Runs to the end. */
  public void run() throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10));
    while (true) {
      try {
        ChainPlan plan = planOnce();
        keep(plan);
        LOG.info(
            "planned revision {}: {} tables, {} findings",
            revision,
            plan.tables().size(),
            plan.findings().size());
        return;
      } catch (SQLException | SystemFailure e) {
        String why = e instanceof SQLException sql ? ServerWords.of(sql) : e.getMessage();
        LOG.warn("cannot plan yet: {}", why);
        tell(reason(e) + ": " + why);
      } catch (IOException | JetStreamApiException | IllegalStateException e) {
        LOG.warn("cannot plan yet: {}", e.getMessage());
        tell("NatsUnavailable: " + e.getMessage());
      }
      backoff.pause();
    }
  }

  private void keep(ChainPlan plan) throws IOException, JetStreamApiException {
    try {
      state.putPlan(revision, plan);
    } catch (IllegalArgumentException e) {
      // The NATS client's, for a message that is larger than the server takes.
      throw new IOException("the plan is too large, raise NATS' max_payload: " + e.getMessage(), e);
    }
  }

  private static String reason(Exception e) {
    String noPermit =
        e instanceof SQLException sql ? NoPermitException.stallReason(sql.getSQLState()) : null;
    return noPermit == null ? "DatabaseUnavailable" : noPermit;
  }

  private ChainPlan planOnce()
      throws SQLException, SystemFailure, IOException, JetStreamApiException {
    ChainSpec spec =
        state
            .spec(revision)
            .orElseThrow(() -> new IOException("the state bucket lacks spec " + revision));
    try (Endpoints endpoints = new Endpoints(spec, secrets, application, permits)) {
      return new Planner(spec, migrationUid, endpoints).plan();
    }
  }

  private void tell(String why) {
    try {
      state.putPlanProgress(revision, why);
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      LOG.debug("cannot tell why planning waits", e);
    }
  }
}
