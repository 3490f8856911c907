package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * How soon a stage gets workers once it has a backlog, and how soon an edit is in effect. Run by
 * {@code bench/reaction}, which sets ROWS.
 */
class ReactionRun {
  private static final String NAME = "reaction";
  private static final String TABLE = "reaction.item";
  private static final int SLOW = 2000;

  /** How often each stage is started to see how long that takes. */
  private static final int STARTS = 3;

  private static final Pattern FIRST_BATCH =
      Pattern.compile("first batch (\\d+) ms after the start of the process");

  private final long rows = Long.parseLong(System.getenv("ROWS"));

  @Test
  void stages_follow_their_backlog_and_edits() throws Exception {
    try (Cluster cluster = new Cluster();
        Connection nats = new NatsEndpoint(System.getenv("NATS_URL"), null, null).connect(NAME)) {
      StagePods pods = new StagePods(cluster, NAME);
      cluster.delete(NAME);
      Cluster.schemaInBoth(NAME, "CREATE TABLE item (id bigint PRIMARY KEY, a int, b text)");
      fill();
      ChainNames names =
          ChainNames.of("default", NAME, cluster.apply(manifest()).getMetadata().getUid());
      await()
          .atMost(Cluster.SOON)
          .ignoreExceptions()
          .until(() -> pods.status("read").passedRecords() == rows && pods.ready("read").isEmpty());
      assertThat(pods.ready("clean")).isEmpty();

      ObjectNode figures = new ObjectMapper().createObjectNode();
      Instant let = edit(cluster, "clean", "\"suspend\": false");
      await().atMost(Cluster.SOON).ignoreExceptions().until(() -> !pods.ready("clean").isEmpty());
      figures.put("reaction_s", seconds(let, readyAt(pods, "clean")));

      Set<String> first = pods.names("clean");
      figures.put(
          "edit_min_replicas_s",
          effect(
              () -> edit(cluster, "clean", scale("\"minReplicas\": 2, \"maxReplicas\": 3")),
              () -> pods.status("clean").desiredReplicas() == 2));
      await().atMost(Cluster.SOON).ignoreExceptions().until(() -> pods.ready("clean").size() == 2);
      figures.put(
          "edit_rate_cap_s",
          effect(
              () ->
                  edit(
                      cluster,
                      "clean",
                      scale(
                          "\"minReplicas\": 2, \"maxReplicas\": 3, \"maxRecordsPerSecond\": "
                              + 2 * SLOW)),
              () -> toldRate(nats, names) == 2 * SLOW));
      Set<String> two = pods.names("clean");
      assertThat(two).as("no edit restarted a pod").containsAll(first).hasSize(2);
      figures.put(
          "edit_max_replicas_s",
          effect(
              () -> edit(cluster, "clean", scale("\"minReplicas\": 0, \"maxReplicas\": 1")),
              () -> pods.status("clean").desiredReplicas() == 1));
      await().atMost(Cluster.SOON).ignoreExceptions().until(() -> pods.names("clean").size() == 1);
      assertThat(two).as("the one that stays is one of both").containsAll(pods.names("clean"));

      edit(cluster, "clean", "\"scale\": null");
      cluster.awaitCondition(NAME, "Completed", "True");
      assertThat(Cluster.checksum("target", TABLE)).isEqualTo(Cluster.checksum("legacy", TABLE));
      cluster.delete(NAME);
      ScalingFigures.keep(figures);
    }
  }

  /** Each stage in turn, alone on the machine, with its whole queue before it. */
  @Test
  void workers_that_start_soon_have_a_batch() throws Exception {
    List<String> stages = List.of("read", "clean", "load");
    Map<String, List<Double>> seconds = new TreeMap<>();
    try (Cluster cluster = new Cluster()) {
      StagePods pods = new StagePods(cluster, NAME);
      for (int run = 0; run < STARTS; run++) {
        cluster.delete(NAME);
        Cluster.schemaInBoth(NAME, "CREATE TABLE item (id bigint PRIMARY KEY, a int, b text)");
        fill();
        cluster.apply(suspended(stages));
        cluster.awaitCondition(NAME, "Planned", "True");
        for (String stage : stages) {
          await()
              .atMost(Cluster.SOON)
              .ignoreExceptions()
              .until(() -> stages.stream().allMatch(s -> pods.all(s).isEmpty()));
          edit(cluster, stage, "\"suspend\": false");
          await()
              .atMost(Cluster.SOON)
              .pollInterval(Duration.ofMillis(200))
              .ignoreExceptions()
              .until(() -> !firstBatches(pods, stage).isEmpty());
          seconds
              .computeIfAbsent(stage, s -> new ArrayList<>())
              .add(firstBatches(pods, stage).getFirst());
        }
        cluster.awaitCondition(NAME, "Completed", "True");
      }
      cluster.delete(NAME);
    }
    ObjectNode figures = new ObjectMapper().createObjectNode();
    seconds.forEach(
        (stage, all) ->
            figures.put(
                "first_batch_" + stage + "_s", all.stream().sorted().toList().get(STARTS / 2)));
    ScalingFigures.keep(figures);
  }

  /** Seconds from the start of its process to a worker's first batch, of those that had one. */
  private static List<Double> firstBatches(StagePods pods, String stage) {
    return pods.all(stage).stream()
        .map(p -> pods.cluster().client.pods().resource(p).getLog())
        .flatMap(log -> FIRST_BATCH.matcher(log).results())
        .map(found -> Integer.parseInt(found.group(1)) / 1000.0)
        .toList();
  }

  private void fill() throws Exception {
    Cluster.execute(
        "legacy",
        "INSERT INTO %s SELECT i, i %% 50, rpad('row ' || i, 80, '.') FROM generate_series(1, %d) i"
            .formatted(TABLE, rows),
        "ANALYZE " + TABLE);
  }

  private static String suspended(List<String> stages) {
    String manifest =
        Manifest.chain(NAME, TABLE, "{require: {that: \"record.a >= 0\", code: Negative}}");
    for (String stage : stages) {
      manifest =
          manifest.replace("name: " + stage + "\n", "name: " + stage + "\n      suspend: true\n");
    }
    return manifest;
  }

  private static String manifest() {
    return Manifest.chain(NAME, TABLE, "{require: {that: \"record.a >= 0\", code: Negative}}")
        .replace(
            "name: clean",
            "name: clean\n      suspend: true\n      scale: {maxRecordsPerSecond: " + SLOW + "}");
  }

  private static String scale(String edit) {
    return "\"scale\": {\"maxRecordsPerSecond\": " + SLOW + ", " + edit + "}";
  }

  private static Instant edit(Cluster cluster, String stage, String fields) throws IOException {
    return SpecEdit.of(cluster, NAME).stage(stage, fields).apply();
  }

  private static double effect(Callable<Instant> edit, Callable<Boolean> inEffect)
      throws Exception {
    Instant made = edit.call();
    await()
        .atMost(Cluster.SOON)
        .ignoreExceptions()
        .pollInterval(Duration.ofMillis(100))
        .until(inEffect);
    return seconds(made, Instant.now());
  }

  private static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toMillis() / 1000.0;
  }

  /** What the workers of the stage are told, who look each second. */
  private static long toldRate(Connection nats, ChainNames names) throws Exception {
    return WireJson.parse(
            StateStore.open(nats, names).bucket().get(Pace.key("clean")).getValue(), Pace.class)
        .recordsPerSecond();
  }

  /** By the API server, in whole seconds. */
  private static Instant readyAt(StagePods pods, String stage) {
    return pods.ready(stage).stream()
        .map(StagePods::readySince)
        .min(Comparator.naturalOrder())
        .orElseThrow();
  }
}
