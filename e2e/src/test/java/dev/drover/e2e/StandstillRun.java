package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import io.fabric8.kubernetes.api.model.Pod;
import io.nats.client.Connection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * A target that stops for a while without a word: all its processes are halted by SIGSTOP, so that
 * connections stay open and nothing answers. Run by bench/standstill, which sets SECONDS and ROWS.
 */
class StandstillRun {
  private static final String NAME = "standstill";
  private static final String TABLE = "standstill.item";
  private static final int QUEUE_MIB = 8;
  private static final long QUEUE_BYTES = (long) QUEUE_MIB << 20;

  /** By then whatever was under way has ended, and each queue is as full as it gets. */
  private static final Duration SETTLING = Duration.ofSeconds(30);

  private final Duration length = Duration.ofSeconds(number("STANDSTILL_SECONDS"));
  private final long rows = number("ROWS");

  @Test
  void a_target_that_stops_fills_the_queues_and_nothing_more() throws Exception {
    try (Cluster cluster = new Cluster();
        Connection nats = new NatsEndpoint(System.getenv("NATS_URL"), null, null).connect(NAME)) {
      cluster.delete(NAME);
      prepare();
      ChainNames names =
          ChainNames.of("default", NAME, cluster.apply(manifest()).getMetadata().getUid());
      await().atMost(Cluster.SOON).until(() -> loaded() > 0);
      double before = rateUntil(rows / 3);

      List<ProcessHandle> target = PodProcesses.of(pod(cluster, "target-db-0"));
      signal("STOP", target);
      Standstill seen;
      Instant resumed;
      try {
        seen = watch(cluster, nats, names);
      } finally {
        resumed = Instant.now();
        signal("CONT", target);
      }
      cluster.awaitCondition(NAME, "Completed", "True");
      record(cluster.status(NAME), seen, before, resumption(resumed));
      cluster.delete(NAME);
    }
  }

  private void prepare() throws Exception {
    Cluster.schemaInBoth(
        NAME, "CREATE TABLE item (id bigint PRIMARY KEY, a int, b text, c numeric(12,2))");
    Cluster.execute(
        "legacy",
        "INSERT INTO "
            + TABLE
            + " SELECT i, i % 50, rpad('row ' || i, 80, '.'), i / 3.0 FROM generate_series(1, "
            + rows
            + ") i",
        "ANALYZE " + TABLE);
  }

  private static String manifest() {
    return Manifest.chain(NAME, TABLE, "{set: [{field: b, to: \"record.b.upperAscii()\"}]}")
        .replace("spec:\n", "spec:\n  queues: {maxBytes: " + QUEUE_MIB + "Mi}\n");
  }

  /** What was seen while the target stood still. */
  private static final class Standstill {
    long fullestQueue;
    final Map<String, Double> coresByStage = new LinkedHashMap<>();
    final TreeSet<String> told = new TreeSet<>();
    long oldestRead;
  }

  private Standstill watch(Cluster cluster, Connection nats, ChainNames names) throws Exception {
    Standstill seen = new Standstill();
    Instant end = Instant.now().plus(length);
    Thread.sleep(SETTLING);
    Map<String, Duration> usedBefore = used(cluster);
    Instant since = Instant.now();
    while (Instant.now().isBefore(end)) {
      Thread.sleep(Duration.ofSeconds(2));
      for (String stage : List.of("read", "clean")) {
        seen.fullestQueue = Math.max(seen.fullestQueue, bytes(nats, names.queueStream(stage)));
      }
      MigrationStatus status = cluster.status(NAME);
      assertThat(status.progress().failedRecords()).isZero();
      status.stages().forEach(s -> seen.told.add(s.name() + " " + s.state()));
    }
    double seconds = Duration.between(since, Instant.now()).toMillis() / 1000.0;
    used(cluster)
        .forEach(
            (place, used) -> {
              // A pod that came meanwhile has used nothing before.
              Duration spent = used.minus(usedBefore.getOrDefault(place, Duration.ZERO));
              seen.coresByStage.merge(
                  place.split(" ")[0], spent.toMillis() / 1000.0 / seconds, Double::sum);
            });
    seen.oldestRead = oldestRead();
    return seen;
  }

  /** Processor time of each worker, by {@code <stage> <process>}. */
  private static Map<String, Duration> used(Cluster cluster) throws IOException {
    Map<String, Duration> used = new LinkedHashMap<>();
    for (Pod pod :
        cluster
            .client
            .pods()
            .inNamespace("default")
            .withLabel("drover.dev/migration", NAME)
            .withLabel("drover.dev/stage")
            .list()
            .getItems()) {
      for (ProcessHandle process : PodProcesses.of(pod)) {
        process
            .info()
            .totalCpuDuration()
            .ifPresent(
                cpu ->
                    used.put(
                        pod.getMetadata().getLabels().get("drover.dev/stage") + " " + process.pid(),
                        cpu));
      }
    }
    return used;
  }

  private static long bytes(Connection nats, String stream) throws Exception {
    return nats.jetStreamManagement().getStreamInfo(stream).getStreamState().getByteCount();
  }

  /**
   * For how many seconds the reader's oldest transaction at the source has been open; 0 if none.
   */
  private static long oldestRead() throws Exception {
    return Long.parseLong(
        Cluster.query(
                "legacy",
                "SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)::int"
                    + " FROM pg_stat_activity WHERE application_name LIKE 'drover/%'")
            .getFirst());
  }

  /** Rows a second from now until so many are loaded. */
  private double rateUntil(long enough) throws Exception {
    Instant since = Instant.now();
    long before = loaded();
    long now = before;
    while (now < enough) {
      Thread.sleep(Duration.ofSeconds(1));
      now = loaded();
    }
    return (now - before) / (Duration.between(since, Instant.now()).toMillis() / 1000.0);
  }

  /**
   * How a target took up again, by its own commit times: while it recovers it answers nobody who
   * asks.
   *
   * @param afterSeconds from when it went on to the first commit
   * @param rowsPerSecond from that commit to the last one
   */
  private record Resumption(double afterSeconds, double rowsPerSecond) {}

  private static Resumption resumption(Instant moment) throws Exception {
    String[] answer =
        Cluster.query(
                "target",
                """
                WITH later AS (SELECT at FROM (
                    SELECT pg_xact_commit_timestamp(xmin) AS at FROM %1$s) rows
                  WHERE at > timestamptz '%2$s')
                SELECT extract(epoch FROM min(at) - timestamptz '%2$s') || ' '
                  || count(*) FILTER (WHERE at > (SELECT min(at) FROM later))
                    / extract(epoch FROM max(at) - min(at))
                FROM later
                """
                    .formatted(TABLE, moment))
            .getFirst()
            .split(" ");
    return new Resumption(Double.parseDouble(answer[0]), Double.parseDouble(answer[1]));
  }

  private static long loaded() throws Exception {
    return Long.parseLong(Cluster.query("target", "SELECT count(*) FROM " + TABLE).getFirst());
  }

  private void record(MigrationStatus status, Standstill seen, double before, Resumption resumption)
      throws Exception {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("seconds", length.toSeconds());
    figures.put("rows", rows);
    figures.put("queue_max_bytes", QUEUE_BYTES);
    figures.put("fullest_queue_bytes", seen.fullestQueue);
    seen.coresByStage.forEach(
        (stage, cores) -> figures.put("cores_" + stage, Math.round(cores * 10_000) / 10_000.0));
    figures.put("told", seen.told);
    figures.put("oldest_read_transaction_s", seen.oldestRead);
    figures.put("failed_records", status.progress().failedRecords());
    figures.put("rows_per_s_before", Math.round(before));
    figures.put("rows_per_s_after", Math.round(resumption.rowsPerSecond()));
    figures.put("resumed_after_s", Math.round(resumption.afterSeconds() * 10) / 10.0);
    String json = new ObjectMapper().writeValueAsString(Map.of("figures", figures));
    System.out.println(json);
    Files.writeString(
        Path.of(System.getProperty("drover.root"), "bench/results/standstill.json"), json + "\n");
    assertThat(seen.fullestQueue).isPositive().isLessThanOrEqualTo(QUEUE_BYTES);
    assertThat(seen.coresByStage.get("read")).as("cores of extract").isLessThan(0.1);
    assertThat(resumption.rowsPerSecond())
        .as("rows a second afterwards")
        .isGreaterThan(0.8 * before);
    assertThat(status.progress().failedRecords()).isZero();
    assertThat(status.conditions())
        .filteredOn(c -> c.type().equals("Balanced"))
        .extracting(Condition::status)
        .containsExactly("True");
    assertThat(Cluster.checksum("target", TABLE))
        .isEqualTo(
            Cluster.checksum("legacy", "(SELECT id, a, upper(b) AS b, c FROM " + TABLE + ")"));
  }

  private static Pod pod(Cluster cluster, String name) {
    return cluster.client.pods().inNamespace("default").withName(name).get();
  }

  private static void signal(String name, List<ProcessHandle> processes) throws Exception {
    for (ProcessHandle process : processes) {
      Commands.run(List.of("kill", "-" + name, Long.toString(process.pid())));
    }
  }

  private static long number(String variable) {
    return Long.parseLong(System.getenv(variable));
  }
}
