package dev.drover.worker.plan;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.database.Databases;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.jetstream.Backoff;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
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
  private final Databases databases;

  /** A job for a revision whose spec is in the bucket. */
  public PlanJob(StateStore state, String revision, String migrationUid, Databases databases) {
    this.state = state;
    this.revision = revision;
    this.migrationUid = migrationUid;
    this.databases = databases;
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
      } catch (SystemFailure e) {
        LOG.warn("cannot plan yet: {}", e.getMessage());
        tell(e.reason() + ": " + e.getMessage());
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

  private ChainPlan planOnce() throws SystemFailure, IOException, JetStreamApiException {
    ChainSpec spec =
        state
            .spec(revision)
            .orElseThrow(() -> new IOException("the state bucket lacks spec " + revision));
    try (PlanningSessions sessions = new PlanningSessions(spec, databases)) {
      return new Planner(spec, migrationUid, sessions).plan();
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
