package dev.drover.e2e.caps;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.e2e.Cluster;
import dev.drover.e2e.ScalingFigures;
import dev.drover.wire.nats.NatsEndpoint;
import io.nats.client.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Whether any database ever lists a session too many, whatever happens to the workers and the
 * operator. Run by {@code bench/caps}, which prepares the databases and sets ROWS.
 */
class ConnectionCapRun {
  private final long rows = Long.parseLong(System.getenv("ROWS"));

  @Test
  void no_database_ever_lists_a_session_too_many() throws Exception {
    try (Cluster cluster = new Cluster();
        Connection nats =
            new NatsEndpoint(System.getenv("NATS_URL"), null, null).connect("bench-caps");
        SessionSampler source = sampler("legacy", Ordeal.SOURCE_CAP);
        SessionSampler target = sampler("target", Ordeal.TARGET_CAP)) {
      Ordeal ordeal = new Ordeal(cluster, nats, source, target);
      try {
        run(ordeal);
      } catch (Exception | AssertionError e) {
        try {
          ordeal.tellHowThingsStand();
        } catch (RuntimeException | AssertionError unknown) {
          e.addSuppressed(unknown);
        }
        throw e;
      }
      keep(source.record(), target.record(), ordeal);
      judge(cluster, source.record(), target.record());
      ordeal.tidyUp();
    }
  }

  private void run(Ordeal ordeal) throws Exception {
    ordeal.begin();
    ordeal.scaleUp();
    ordeal.scaleDownWhileTransactionsLastAndUpAgain();
    ordeal.changeARule();
    ordeal.rollAllWhoConnect();
    ordeal.killOne("load");
    ordeal.killOne("look");
    ordeal.killOne("read");
    ordeal.killAllLoaders();
    ordeal.loseANode();
    ordeal.redriveFromTheSource();
    ordeal.killTheOperator();
    ordeal.lowerCaps();
    ordeal.killOne("load");
    ordeal.raiseCaps();
    ordeal.killOne("load");
    assertThat(loaded()).as("rows loaded when all was done; raise ROWS").isLessThan(rows);
    ordeal.finish();
  }

  private static SessionSampler sampler(String database, int cap) {
    return new SessionSampler(Cluster.database(database), Ordeal.LOGIN, new SessionRecord(cap));
  }

  private static long loaded() throws Exception {
    return Long.parseLong(
        Cluster.database("target").query("SELECT count(*) FROM " + Ordeal.TABLE).getFirst());
  }

  private static void keep(SessionRecord source, SessionRecord target, Ordeal ordeal)
      throws Exception {
    ObjectNode figures = new ObjectMapper().createObjectNode();
    figures.put("sessions_cap", Ordeal.TARGET_CAP);
    figures.put("sessions_peak", target.peak());
    figures.put("sessions_source_cap", Ordeal.SOURCE_CAP);
    figures.put("sessions_source_peak", source.peak());
    figures.put("sessions_over_cap", source.over() + target.over());
    figures.put("sessions_samples", source.samples() + target.samples());
    figures.put(
        "sessions_longest_gap_s", seconds(longer(source.longestGap(), target.longestGap())));
    figures.put(
        "sessions_cap_lowered_s",
        seconds(longer(source.longestLowering(), target.longestLowering())));
    figures.put("sessions_lost_node_listed_s", seconds(ordeal.lostNodeListed()));
    ScalingFigures.keep(figures);
  }

  private static void judge(Cluster cluster, SessionRecord source, SessionRecord target)
      throws Exception {
    for (SessionRecord record : List.of(source, target)) {
      assertThat(record.findings()).as("answers with a session too many").isEmpty();
      assertThat(record.over()).isZero();
      assertThat(record.samples())
          .as("questions in %s, longest gap %s", record.length(), record.longestGap())
          .isGreaterThan(record.length().dividedBy(SessionSampler.PERIOD) / 2);
    }
    assertThat(target.peak()).isEqualTo(Ordeal.TARGET_CAP);
    assertThat(source.peak()).isEqualTo(Ordeal.SOURCE_CAP);
    assertThat(Cluster.database("target").checksum(Ordeal.TABLE))
        .isEqualTo(
            Cluster.database("legacy")
                .checksum("(SELECT id, a, b, id % 7 AS mark FROM " + Ordeal.TABLE + ")"));
    assertThat(cluster.condition(Ordeal.NAME, "Balanced").map(Condition::status)).contains("True");
    assertThat(cluster.status(Ordeal.NAME).progress().failedRecords()).isZero();
    assertThat(cluster.condition(Ordeal.NAME, "CapAdvisory").map(Condition::status))
        .as("whether the caps hold only as far as is known")
        .isNotEqualTo(Optional.of("True"));
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? other : one;
  }

  private static double seconds(Duration time) {
    return time.toMillis() / 1000.0;
  }
}
