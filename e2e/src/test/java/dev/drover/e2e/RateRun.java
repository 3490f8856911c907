package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import io.nats.client.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Whether a stage keeps to its records a second while its workers are rolled, killed and scaled and
 * the operator starts anew. Run by {@code bench/rate}, which sets RATE.
 */
class RateRun {
  private static final String NAME = "rate";
  private static final String TABLE = "rate.item";
  private static final int WORKERS = 3;
  private static final Duration WINDOW = Duration.ofSeconds(10);

  /** What happens between two faults. */
  private static final Duration CALM = Duration.ofSeconds(15);

  private final int rate = Integer.parseInt(System.getenv("RATE"));

  @Test
  void it_keeps_to_its_rate_whatever_happens_to_its_workers() throws Exception {
    try (Cluster cluster = new Cluster();
        Connection nats = new NatsEndpoint(System.getenv("NATS_URL"), null, null).connect(NAME)) {
      StagePods pods = new StagePods(cluster, NAME);
      cluster.delete(NAME);
      Cluster.schemaInBoth(NAME, "CREATE TABLE item (id bigint PRIMARY KEY, a int)");
      long rows = rate * 600L;
      Cluster.execute(
          "legacy",
          "INSERT INTO %s SELECT i, i FROM generate_series(1, %d) i".formatted(TABLE, rows),
          "ANALYZE " + TABLE);
      ChainNames names =
          ChainNames.of("default", NAME, cluster.apply(manifest()).getMetadata().getUid());
      awaitWorkers(pods, WORKERS);
      Instant from = Instant.now();
      calm();

      Set<String> before = pods.names("clean");
      SpecEdit.of(cluster, NAME)
          .stage(
              "clean",
              "\"transform\": {\"steps\": [{\"set\": [{\"field\": \"a\", \"to\": \"record.a + 2\"}]}]}")
          .apply();
      await("all are rolled")
          .atMost(Cluster.SOON)
          .until(
              () ->
                  pods.ready("clean").size() == WORKERS
                      && pods.names("clean").stream().noneMatch(before::contains));
      calm();
      cluster.killPods(NAME, "clean");
      awaitWorkers(pods, WORKERS);
      calm();
      restartOperator(cluster);
      calm();
      SpecEdit.of(cluster, NAME).stage("clean", "\"scale\": " + scale(1, rate)).apply();
      awaitWorkers(pods, 1);
      calm();
      SpecEdit.of(cluster, NAME).stage("clean", "\"scale\": " + scale(WORKERS, rate)).apply();
      awaitWorkers(pods, WORKERS);
      calm();
      Instant to = Instant.now();
      assertThat(pods.status("clean").backlogRecords()).as("there was always work").isPositive();

      SpecEdit.of(cluster, NAME).stage("clean", "\"scale\": {\"maxReplicas\": 3}").apply();
      cluster.awaitCondition(NAME, "Completed", "True");
      cluster.awaitCondition(NAME, "Balanced", "True");
      assertThat(Cluster.query("target", "SELECT count(*) FROM " + TABLE))
          .containsExactly(Long.toString(rows));
      List<Decided> decisions = Decided.by("clean", nats, names, rows);
      keep(
          Rate.mean(decisions, from, to),
          Rate.peak(decisions, from, to, WINDOW),
          Duration.between(from, to));
      cluster.delete(NAME);
    }
  }

  private void keep(double mean, double peak, Duration span) throws Exception {
    ObjectNode figures = new ObjectMapper().createObjectNode();
    figures.put("rate_cap", rate);
    figures.put("rate_mean", Math.round(mean));
    figures.put("rate_peak_10s", Math.round(peak));
    figures.put("rate_span_s", span.toSeconds());
    ScalingFigures.keep(figures);
  }

  private static void awaitWorkers(StagePods pods, int workers) {
    await(workers + " workers")
        .atMost(Cluster.SOON)
        .until(() -> pods.ready("clean").size() == workers && pods.all("clean").size() == workers);
  }

  private static void calm() {
    await().pollDelay(CALM).timeout(CALM.multipliedBy(2)).until(() -> true);
  }

  private static void restartOperator(Cluster cluster) {
    cluster
        .client
        .pods()
        .inNamespace("drover-system")
        .withLabel("app.kubernetes.io/name", "drover-operator")
        .withGracePeriod(0)
        .delete();
  }

  private static String scale(int workers, int rate) {
    return "{\"minReplicas\": %1$d, \"maxReplicas\": %1$d, \"maxRecordsPerSecond\": %2$d}"
        .formatted(workers, rate);
  }

  private String manifest() {
    return Manifest.chain(NAME, TABLE, "{set: [{field: a, to: \"record.a + 1\"}]}")
        .replace("splitRecords: 20000", "splitRecords: 200")
        .replace("- name: clean\n", "- name: clean\n      scale: " + scale(WORKERS, rate) + "\n");
  }
}
