package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import io.nats.client.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/**
 * How long a stage that has no pod takes for a long queue, beside how long all workers that it may
 * have would take. What the stage does waits and does not compute, so that more workers do more on
 * however few cores. Run by {@code bench/drain}, which sets ROWS and RUNS.
 */
class DrainRun {
  private static final String NAME = "drain";
  private static final String TABLE = "drain.item";
  private static final int WORKERS = 4;
  private static final Duration LIMIT = Duration.ofMinutes(10);

  private final long rows = Long.parseLong(System.getenv("ROWS"));
  private final int runs = Integer.parseInt(System.getenv("RUNS"));

  @Test
  void a_long_queue_is_worked_off_by_as_many_as_may_be() throws Exception {
    List<Drain> drains = new ArrayList<>();
    try (Cluster cluster = new Cluster();
        Connection nats = new NatsEndpoint(System.getenv("NATS_URL"), null, null).connect(NAME)) {
      for (int run = 0; run < runs; run++) {
        drains.add(drain(cluster, nats));
        System.out.println(drains.getLast() + ", ratio " + drains.getLast().ratio());
      }
      cluster.delete(NAME);
    }
    Drain median =
        drains.stream().sorted(Comparator.comparing(Drain::ratio)).toList().get(runs / 2);
    ObjectNode figures = new ObjectMapper().createObjectNode();
    figures.put("drain_to_ideal_ratio", rounded(median.ratio()));
    figures.put("drain_s", rounded(median.seconds()));
    figures.put("drain_ideal_s", rounded(median.idealSeconds()));
    figures.put("drain_records", median.records());
    figures.put("drain_workers", WORKERS);
    ScalingFigures.keep(figures);
  }

  private static double rounded(double figure) {
    return Math.round(figure * 1000) / 1000.0;
  }

  private Drain drain(Cluster cluster, Connection nats) throws Exception {
    StagePods pods = new StagePods(cluster, NAME);
    cluster.delete(NAME);
    Cluster.schemaInBoth(NAME, "CREATE TABLE item (id bigint PRIMARY KEY, a int)");
    Cluster.execute("target", "ALTER TABLE " + TABLE + " ADD mark bigint");
    Cluster.execute(
        "legacy",
        "INSERT INTO %s SELECT i, i %% 50 FROM generate_series(1, %d) i".formatted(TABLE, rows),
        "ANALYZE " + TABLE);
    ChainNames names =
        ChainNames.of("default", NAME, cluster.apply(manifest()).getMetadata().getUid());
    await("all is queued")
        .atMost(LIMIT)
        .ignoreExceptions()
        .until(() -> pods.status("read").passedRecords() == rows && pods.all("read").isEmpty());
    assertThat(pods.all("look")).isEmpty();

    Instant let = SpecEdit.of(cluster, NAME).stage("look", "\"suspend\": false").apply();
    AtomicReference<Instant> allSince = new AtomicReference<>();
    AtomicReference<Instant> allUntil = new AtomicReference<>();
    await("the queue is empty")
        .atMost(LIMIT)
        .pollInSameThread()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(200))
        .ignoreExceptions()
        .until(
            () -> {
              if (pods.ready("look").size() == WORKERS) {
                allSince.compareAndSet(null, Instant.now());
                allUntil.set(Instant.now());
              }
              return completed(cluster);
            });
    assertThat(allSince.get())
        .as("when all %d workers were ready; if never, raise ROWS", WORKERS)
        .isNotNull();
    assertThat(Cluster.checksum("target", TABLE))
        .isEqualTo(Cluster.checksum("legacy", "(SELECT id, a, id % 7 AS mark FROM " + TABLE + ")"));
    return Drain.of(Decided.by("look", nats, names, rows), let, allSince.get(), allUntil.get());
  }

  private static boolean completed(Cluster cluster) {
    return cluster.condition(NAME, "Completed").map(Condition::status).orElse("").equals("True");
  }

  /** Ten records that are looked up take 10 ms; a batch has 500, so that the last ends soon. */
  private static String manifest() {
    return """
    apiVersion: drover.dev/v1alpha1
    kind: Migration
    metadata: {name: %s, namespace: default}
    spec:
      queueDeletionPolicy: Delete
      connections:
        - name: legacy
          jdbc: {url: "%s", credentialsSecretRef: {name: legacy-db}}
        - name: target
          jdbc: {url: "%s", credentialsSecretRef: {name: target-db}}
          maxConnections: %d
      stages:
        - name: read
          extract: {connectionName: legacy, tables: ["%s"], splitRecords: 500}
        - name: look
          from: read
          suspend: true
          enrich: {connectionName: target, query: "select :id %% 7 as mark from pg_sleep(case :id %% 10 when 0 then 0.01 else 0 end)"}
          scale: {maxReplicas: %d}
        - name: load
          from: look
          load: {connectionName: target}
    """
        .formatted(
            NAME,
            System.getenv("LEGACY_JDBC_URL"),
            System.getenv("TARGET_JDBC_URL"),
            2 * WORKERS,
            TABLE,
            WORKERS);
  }
}
