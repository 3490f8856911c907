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
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Test;

/**
 * Two Redrives of the same many records while everybody who takes part is killed or cut off in
 * turn, run by bench/chaos-redrive, which prepares the databases. It reads SEED, ROWS and RATE from
 * the environment. Each record must end once: in the target, or in the error queue if what the
 * Redrive made of it is refused once more, by the rule or by the target.
 */
class RedriveChaosRun {
  private static final String NAME = "returns";
  private static final List<String> REDRIVES = List.of("returns-a", "returns-b");
  private static final Duration LIMIT = Duration.ofMinutes(15);
  private static final Path ROOT = Path.of(System.getProperty("drover.root"));

  /** A Job waits longer before each next pod, after the fourth some minutes. */
  private static final int KILLS_OF_REDRIVES = 6;

  private static final Fault[] FAULTS = {
    fault(Fault.Kind.Kill, "redrive", Fault.EVERYBODY, 0),
    fault(Fault.Kind.Kill, "clean", Fault.EVERYBODY, 0),
    fault(Fault.Kind.Kill, "load", Fault.EVERYBODY, 0),
    fault(Fault.Kind.Kill, "operator", Fault.EVERYBODY, 0),
    fault(Fault.Kind.Kill, "nats", Fault.EVERYBODY, 0),
    fault(Fault.Kind.Kill, "target", Fault.EVERYBODY, 0),
    fault(Fault.Kind.Reset, "redrive", "nats", 1),
    fault(Fault.Kind.Cut, "redrive", "nats", 5),
  };

  private final long seed = number("SEED", ThreadLocalRandom.current().nextLong(1_000_000));
  private final int rows = (int) number("ROWS", 200_000);
  private final long rate = number("RATE", 1_000);
  private final Instant began = Instant.now();
  private final Map<String, Integer> happened = new TreeMap<>();

  private static Fault fault(Fault.Kind kind, String victim, String peer, int seconds) {
    return new Fault(kind, victim, peer, Duration.ofSeconds(seconds), Duration.ZERO);
  }

  @Test
  void every_record_is_sent_once_whatever_dies() throws Exception {
    say("seed %d: %d records, two Redrives with %d a second each", seed, rows, rate);
    try (Cluster cluster = new Cluster();
        Connection nats =
            new NatsEndpoint(System.getenv("NATS_URL"), null, null).connect("chaos")) {
      Migration migration =
          cluster.apply(Files.readString(ROOT.resolve("bench/chaos-redrive.yaml")));
      ChainNames names = ChainNames.of("default", NAME, migration.getMetadata().getUid());
      cluster.awaitCondition(NAME, "Completed", "True");
      assertThat(Arrivals.errorQueue(nats, names)).hasSize(rows);
      say("all failed; the Redrives begin");
      REDRIVES.forEach(name -> begin(cluster, name));
      faultsInTurn(cluster);
      awaitBalance(cluster);
      judge(cluster, Arrivals.errorQueue(nats, names));
      for (String name : REDRIVES) {
        cluster.client.resources(Redrive.class).inNamespace("default").withName(name).delete();
      }
      cluster.delete(NAME);
    }
  }

  private void begin(Cluster cluster, String name) {
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
                    metadata: {name: %s}
                    spec:
                      migrationName: returns
                      set: [{field: qty, to: "record.qty == -5 ? record.qty : -record.qty"}]
                      ratePerSecond: %d
                    """
                        .formatted(name, rate),
                    Redrive.class))
        .inNamespace("default")
        .serverSideApply();
  }

  /** Each fault strikes what moves: the next one waits until something was sent since the last. */
  private void faultsInTurn(Cluster cluster) throws Exception {
    Random random = new Random(seed);
    List<Fault> turn = new ArrayList<>(List.of(FAULTS));
    Instant end = Instant.now().plus(LIMIT);
    long sent = -1;
    try (FaultInjector injector =
        new FaultInjector(cluster, new NatsServers(cluster, 1), NAME, seed)) {
      for (int i = 0; Instant.now().isBefore(end); i++) {
        if (i % FAULTS.length == 0) {
          Collections.shuffle(turn, random);
        }
        Fault fault = turn.get(i % FAULTS.length);
        long before = sent;
        while ((sent = total(cluster, RedriveStatus::sent)) <= before
            && !complete(cluster)
            && Instant.now().isBefore(end)) {
          Thread.sleep(200);
        }
        if (complete(cluster)) {
          break;
        }
        String what = fault.kind() + " " + fault.victim();
        if (what.equals("Kill redrive") && happened.getOrDefault(what, 0) >= KILLS_OF_REDRIVES) {
          continue;
        }
        Thread.sleep(500 + random.nextInt(2_000));
        Optional<String> hit = injector.inject(fault);
        hit.ifPresent(pod -> happened.merge(what, 1, Integer::sum));
        say(
            "%s%s; sent %d, resolved %d",
            fault,
            hit.map(h -> " (" + h + ")").orElse(": nobody"),
            sent,
            total(cluster, RedriveStatus::resolved));
      }
    }
    say("the faults are over: %s", happened);
  }

  private static List<RedriveStatus> statuses(Cluster cluster) {
    return Patiently.get(
        () ->
            REDRIVES.stream()
                .map(
                    name ->
                        cluster
                            .client
                            .resources(Redrive.class)
                            .inNamespace("default")
                            .withName(name)
                            .get()
                            .getStatus())
                .filter(Objects::nonNull)
                .toList());
  }

  private static long total(Cluster cluster, ToLongFunction<RedriveStatus> count) {
    return statuses(cluster).stream().mapToLong(count).sum();
  }

  private static boolean complete(Cluster cluster) {
    return statuses(cluster).stream()
            .filter(
                s ->
                    s.conditions().stream()
                        .anyMatch(c -> c.type().equals("Complete") && c.status().equals("True")))
            .count()
        == REDRIVES.size();
  }

  /** What never comes to this is judged, too. */
  private void awaitBalance(Cluster cluster) {
    try {
      await("Complete, Balanced, and nothing is on its way")
          .atMost(LIMIT)
          .pollInterval(Duration.ofSeconds(1))
          .ignoreExceptions()
          .until(
              () ->
                  complete(cluster)
                      && condition(cluster, "Balanced")
                      && condition(cluster, "Completed")
                      && stage(cluster, "load").passedRecords()
                              + stage(cluster, "load").failedRecords()
                          == rows - refusedAgain(5));
    } catch (ConditionTimeoutException e) {
      say("%s", e.getMessage());
    }
  }

  /** How many records have a quantity of minus so many at the source. */
  private long refusedAgain(int qty) {
    return IntStream.rangeClosed(1, rows).filter(id -> quantity(id) == qty).count();
  }

  private static int quantity(int id) {
    return 1 + id % 1000;
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
    int[] ended = new int[rows + 1];
    long wrong = 0;
    long loaded = 0;
    for (String row :
        Cluster.database("target").query("SELECT id || ' ' || qty FROM returns.item")) {
      String[] columns = row.split(" ");
      int id = Integer.parseInt(columns[0]);
      ended[id]++;
      loaded++;
      wrong += Integer.parseInt(columns[1]) == quantity(id) ? 0 : 1;
    }
    for (FailedMessage failure : failures) {
      int id = Integer.parseInt(failure.detail().key());
      ended[id]++;
      String due = quantity(id) == 5 ? "clean" : quantity(id) == 7 ? "load" : "nowhere";
      wrong += due.equals(failure.detail().stage()) ? 0 : 1;
    }
    long lost = 0;
    long doubled = 0;
    for (int id = 1; id <= rows; id++) {
      lost += ended[id] == 0 ? 1 : 0;
      doubled += Math.max(0, ended[id] - 1);
    }
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("seed", seed);
    figures.put("records", rows);
    figures.put("faults", happened.values().stream().mapToInt(Integer::intValue).sum());
    figures.put("kinds", happened);
    figures.put("lost", lost);
    figures.put("doubled", doubled);
    figures.put("wrong", wrong);
    figures.put("loaded", loaded);
    figures.put("failed_again", failures.size());
    figures.put("seconds", Duration.between(began, Instant.now()).toSeconds());
    String json = new ObjectMapper().writeValueAsString(Map.of("figures", figures));
    say("%s", json);
    assertThat(List.of(lost, doubled, wrong)).as("lost, doubled, wrong").containsOnly(0L);
    assertThat(happened).as("each fault happened").hasSize(FAULTS.length);
    assertThat(total(cluster, RedriveStatus::sent)).as("sent").isEqualTo(rows);
    assertThat(total(cluster, RedriveStatus::resolved))
        .as("passed the rule")
        .isEqualTo(rows - refusedAgain(5));
    assertThat(total(cluster, RedriveStatus::failedAgain)).isEqualTo(refusedAgain(5));
    assertThat(failures).hasSize((int) (refusedAgain(5) + refusedAgain(7)));
    assertThat(stage(cluster, "load").passedRecords()).isEqualTo(loaded);
    assertThat(condition(cluster, "Balanced")).isTrue();
    Files.writeString(ROOT.resolve("bench/results/chaos-redrive.json"), json + "\n");
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
