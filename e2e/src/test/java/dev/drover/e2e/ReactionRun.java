package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.nats.client.Connection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
import java.util.stream.Collectors;
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
      cluster.delete(NAME);
      Cluster.schemaInBoth(NAME, "CREATE TABLE item (id bigint PRIMARY KEY, a int, b text)");
      fill();
      ChainNames names =
          ChainNames.of("default", NAME, cluster.apply(manifest()).getMetadata().getUid());
      await()
          .atMost(Cluster.SOON)
          .ignoreExceptions()
          .until(
              () ->
                  stage(cluster, "read").passedRecords() == rows
                      && ready(cluster, "read").isEmpty());
      assertThat(ready(cluster, "clean")).isEmpty();

      ObjectNode figures = new ObjectMapper().createObjectNode();
      Instant let = edit(cluster, "clean", "\"suspend\": false");
      await()
          .atMost(Cluster.SOON)
          .ignoreExceptions()
          .until(() -> !ready(cluster, "clean").isEmpty());
      figures.put("reaction_s", seconds(let, readyAt(cluster, "clean")));

      Set<String> first = names(cluster, "clean");
      figures.put(
          "edit_min_replicas_s",
          effect(
              () -> edit(cluster, "clean", scale("\"minReplicas\": 2, \"maxReplicas\": 3")),
              () -> stage(cluster, "clean").desiredReplicas() == 2));
      await()
          .atMost(Cluster.SOON)
          .ignoreExceptions()
          .until(() -> ready(cluster, "clean").size() == 2);
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
      Set<String> two = names(cluster, "clean");
      assertThat(two).as("no edit restarted a pod").containsAll(first).hasSize(2);
      figures.put(
          "edit_max_replicas_s",
          effect(
              () -> edit(cluster, "clean", scale("\"minReplicas\": 0, \"maxReplicas\": 1")),
              () -> stage(cluster, "clean").desiredReplicas() == 1));
      await()
          .atMost(Cluster.SOON)
          .ignoreExceptions()
          .until(() -> names(cluster, "clean").size() == 1);
      assertThat(two).as("the one that stays is one of both").containsAll(names(cluster, "clean"));

      edit(cluster, "clean", "\"scale\": null");
      cluster.awaitCondition(NAME, "Completed", "True");
      assertThat(Cluster.checksum("target", TABLE)).isEqualTo(Cluster.checksum("legacy", TABLE));
      cluster.delete(NAME);
      keep(figures);
    }
  }

  /** Each stage in turn, alone on the machine, with its whole queue before it. */
  @Test
  void workers_that_start_soon_have_a_batch() throws Exception {
    List<String> stages = List.of("read", "clean", "load");
    Map<String, List<Double>> seconds = new TreeMap<>();
    try (Cluster cluster = new Cluster()) {
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
              .until(() -> stages.stream().allMatch(s -> pods(cluster, s).isEmpty()));
          edit(cluster, stage, "\"suspend\": false");
          await()
              .atMost(Cluster.SOON)
              .pollInterval(Duration.ofMillis(200))
              .ignoreExceptions()
              .until(() -> !firstBatches(cluster, stage).isEmpty());
          seconds
              .computeIfAbsent(stage, s -> new ArrayList<>())
              .add(firstBatches(cluster, stage).getFirst());
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
    keep(figures);
  }

  /** Seconds from the start of its process to a worker's first batch, of those that had one. */
  private static List<Double> firstBatches(Cluster cluster, String stage) {
    return pods(cluster, stage).stream()
        .map(p -> cluster.client.pods().resource(p).getLog())
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

  /** Merges into one stage of the spec, as an edit by hand would; returns when it was accepted. */
  private static Instant edit(Cluster cluster, String stage, String fields) throws IOException {
    ObjectMapper json = new ObjectMapper();
    Migration migration = cluster.migration(NAME);
    ObjectNode spec =
        json.valueToTree(
            cluster
                .client
                .getKubernetesSerialization()
                .convertValue(migration, java.util.Map.class)
                .get("spec"));
    for (var s : spec.get("stages")) {
      if (s.get("name").asText().equals(stage)) {
        ObjectNode change = (ObjectNode) json.readTree("{" + fields + "}");
        ((ObjectNode) s).setAll(change);
      }
    }
    ObjectNode patch = json.createObjectNode();
    patch.putObject("spec").set("stages", spec.get("stages"));
    cluster
        .client
        .resource(migration)
        .patch(PatchContext.of(PatchType.JSON_MERGE), patch.toString());
    return Instant.now();
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

  private static StageStatus stage(Cluster cluster, String name) {
    return cluster.status(NAME).stages().stream()
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** What the workers of the stage are told, who look each second. */
  private static long toldRate(Connection nats, ChainNames names) throws Exception {
    return WireJson.parse(
            StateStore.open(nats, names).bucket().get(Pace.key("clean")).getValue(), Pace.class)
        .recordsPerSecond();
  }

  private static List<Pod> pods(Cluster cluster, String stage) {
    return cluster
        .client
        .pods()
        .inNamespace("default")
        .withLabel("drover.dev/migration", NAME)
        .withLabel("drover.dev/stage", stage)
        .list()
        .getItems();
  }

  private static Set<String> names(Cluster cluster, String stage) {
    return pods(cluster, stage).stream()
        .map(p -> p.getMetadata().getName())
        .collect(Collectors.toSet());
  }

  private static List<Pod> ready(Cluster cluster, String stage) {
    return pods(cluster, stage).stream().filter(p -> readySince(p) != null).toList();
  }

  /** By the API server, in whole seconds. */
  private static Instant readyAt(Cluster cluster, String stage) {
    return ready(cluster, stage).stream()
        .map(ReactionRun::readySince)
        .min(Comparator.naturalOrder())
        .orElseThrow();
  }

  private static @org.jspecify.annotations.Nullable Instant readySince(Pod pod) {
    return pod.getStatus().getConditions().stream()
        .filter(c -> c.getType().equals("Ready") && c.getStatus().equals("True"))
        .map(c -> Instant.parse(c.getLastTransitionTime()))
        .findFirst()
        .orElse(null);
  }

  private static void keep(ObjectNode figures) throws IOException {
    ObjectMapper json = new ObjectMapper();
    Path file = Path.of(System.getProperty("drover.root"), "bench/results/scaling.json");
    ObjectNode all =
        Files.exists(file)
            ? (ObjectNode) json.readTree(file.toFile())
            : json.createObjectNode().set("figures", json.createObjectNode());
    ((ObjectNode) all.get("figures")).setAll(figures);
    Files.writeString(file, json.writeValueAsString(all) + "\n");
    System.out.println(figures);
  }
}
