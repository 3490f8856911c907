package dev.drover.e2e.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.e2e.Cluster;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import io.nats.client.Connection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A Redrive of many records while everybody who takes part is killed in turn, run by
 * bench/chaos-redrive, which prepares the databases. It reads SEED, ROWS and RATE from the
 * environment. Each record must end once: in the target, or in the error queue if the target
 * refuses what the Redrive made of it.
 */
class RedriveChaosRun {
  private static final String NAME = "returns";
  private static final Duration LIMIT = Duration.ofMinutes(15);
  private static final Path ROOT = Path.of(System.getProperty("drover.root"));
  private static final List<String> VICTIMS =
      List.of("redrive", "clean", "load", "operator", "nats", "target");

  private final long seed = number("SEED", ThreadLocalRandom.current().nextLong(1_000_000));
  private final long rows = number("ROWS", 200_000);
  private final long rate = number("RATE", 2_000);
  private final Instant began = Instant.now();
  private final Map<String, Integer> killed = new TreeMap<>();

  @Test
  void every_record_is_sent_once_whatever_dies() throws Exception {
    say("seed %d: %d records, %d a second", seed, rows, rate);
    try (Cluster cluster = new Cluster();
        Connection nats =
            new NatsEndpoint(System.getenv("NATS_URL"), null, null).connect("chaos")) {
      Migration migration =
          cluster.apply(Files.readString(ROOT.resolve("bench/chaos-redrive.yaml")));
      ChainNames names = ChainNames.of("default", NAME, migration.getMetadata().getUid());
      cluster.awaitCondition(NAME, "Completed", "True");
      assertThat(Arrivals.errorQueue(nats, names)).hasSize((int) rows);
      say("all failed; the Redrive begins");
      cluster
          .client
          .resource(
              cluster
                  .client
                  .getKubernetesSerialization()
                  .unmarshal(
                      """
                      apiVersion: drover.dev/v1alpha1
                      kind: Redrive
                      metadata: {name: returns}
                      spec:
                        migrationName: returns
                        set: [{field: qty, to: "-record.qty"}]
                        ratePerSecond: %d
                      """
                          .formatted(rate),
                      Redrive.class))
          .inNamespace("default")
          .serverSideApply();
      killInTurn(cluster);
      awaitBalance(cluster);
      judge(cluster, Arrivals.errorQueue(nats, names));
      cluster.client.resources(Redrive.class).inNamespace("default").withName(NAME).delete();
      cluster.delete(NAME);
    }
  }

  private void killInTurn(Cluster cluster) throws Exception {
    Random random = new Random(seed);
    List<String> turn = new ArrayList<>(VICTIMS);
    Instant end = Instant.now().plus(LIMIT);
    try (FaultInjector injector =
        new FaultInjector(cluster, new NatsServers(cluster, 1), NAME, seed)) {
      for (int i = 0; !complete(cluster); i++) {
        assertThat(Instant.now()).as("complete in time: " + status(cluster)).isBefore(end);
        if (i % VICTIMS.size() == 0) {
          Collections.shuffle(turn, random);
        }
        Duration before = Duration.ofMillis(1_000 + random.nextInt(3_500));
        Thread.sleep(before);
        Fault fault =
            new Fault(
                Fault.Kind.Kill,
                turn.get(i % VICTIMS.size()),
                Fault.EVERYBODY,
                Duration.ZERO,
                before);
        Optional<String> hit = injector.inject(fault);
        hit.ifPresent(pod -> killed.merge(fault.victim(), 1, Integer::sum));
        RedriveStatus status = status(cluster);
        say(
            "%s%s; sent %s, resolved %s",
            fault,
            hit.map(h -> " (" + h + ")").orElse(": nobody"),
            status == null ? null : status.sent(),
            status == null ? null : status.resolved());
      }
    }
    say("complete; killed %s", killed);
  }

  private static @Nullable RedriveStatus status(Cluster cluster) {
    return Patiently.get(
        () ->
            cluster
                .client
                .resources(Redrive.class)
                .inNamespace("default")
                .withName(NAME)
                .get()
                .getStatus());
  }

  private static boolean complete(Cluster cluster) {
    RedriveStatus status = status(cluster);
    return status != null
        && status.conditions().stream()
            .anyMatch(c -> c.type().equals("Complete") && c.status().equals("True"));
  }

  private void awaitBalance(Cluster cluster) {
    await("Balanced, and nothing is on its way")
        .atMost(LIMIT)
        .pollInterval(Duration.ofSeconds(1))
        .ignoreExceptions()
        .until(
            () ->
                condition(cluster, "Balanced")
                    && condition(cluster, "Completed")
                    && stage(cluster, "load").passedRecords()
                            + stage(cluster, "load").failedRecords()
                        == rows);
  }

  private static boolean condition(Cluster cluster, String type) {
    return "True".equals(cluster.condition(NAME, type).map(Condition::status).orElse(""));
  }

  private static StageStatus stage(Cluster cluster, String name) {
    return cluster.status(NAME).stages().stream()
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private void judge(Cluster cluster, List<FailedMessage> failures) throws Exception {
    int[] ended = new int[(int) rows + 1];
    long wrong = 0;
    for (String id : Cluster.database("target").query("SELECT id::text FROM returns.item")) {
      ended[Integer.parseInt(id)]++;
    }
    long loaded = 0;
    for (int n : ended) {
      loaded += n;
    }
    wrong +=
        Long.parseLong(
            Cluster.database("target")
                .query("SELECT count(*) FROM returns.item WHERE qty <> 1 + id % 1000")
                .getFirst());
    for (FailedMessage failure : failures) {
      int id = Integer.parseInt(failure.detail().key());
      ended[id]++;
      boolean due = 1 + id % 1000 == 7 && failure.detail().stage().equals("load");
      wrong += due ? 0 : 1;
    }
    long lost = 0;
    long doubled = 0;
    for (int id = 1; id <= rows; id++) {
      lost += ended[id] == 0 ? 1 : 0;
      doubled += Math.max(0, ended[id] - 1);
    }
    RedriveStatus status = status(cluster);
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("seed", seed);
    figures.put("records", rows);
    figures.put("faults", killed.values().stream().mapToInt(Integer::intValue).sum());
    figures.put("killed", killed);
    figures.put("lost", lost);
    figures.put("doubled", doubled);
    figures.put("wrong", wrong);
    figures.put("loaded", loaded);
    figures.put("failed_again", failures.size());
    figures.put("seconds", Duration.between(began, Instant.now()).toSeconds());
    String json = new ObjectMapper().writeValueAsString(Map.of("figures", figures));
    say("%s", json);
    Files.writeString(ROOT.resolve("bench/results/chaos-redrive.json"), json + "\n");
    assertThat(List.of(lost, doubled, wrong)).as("lost, doubled, wrong").containsOnly(0L);
    assertThat(killed.keySet()).as("each was killed").containsAll(VICTIMS);
    assertThat(List.of(status.selected(), status.sent())).containsOnly(rows);
    assertThat(status.resolved()).isEqualTo(loaded);
    assertThat(status.failedAgain()).isEqualTo(failures.size());
    assertThat(stage(cluster, "load").passedRecords()).isEqualTo(loaded);
  }

  private void say(String format, Object... values) {
    System.out.printf(
        "[%5.1fs] %s%n",
        Duration.between(began, Instant.now()).toMillis() / 1000.0, format.formatted(values));
  }

  private static long number(String variable, long otherwise) {
    String value = System.getenv(variable);
    return value == null || value.isBlank() ? otherwise : Long.parseLong(value);
  }
}
