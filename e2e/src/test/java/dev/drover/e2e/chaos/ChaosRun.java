package dev.drover.e2e.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import dev.drover.e2e.Cluster;
import dev.drover.e2e.Database;
import dev.drover.e2e.chaos.Arrivals.Failure;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import io.nats.client.Connection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * The whole of it, run by bench/chaos, which prepares the databases. It reads SEED, FAULTS, ROWS,
 * RULES (2 changes the rules half way) and NATS (how many servers there are) from the environment.
 * Faults and changes follow from the seed; how they fall together does not, so a seed that fails
 * may have to be tried again.
 */
class ChaosRun {
  private static final String NAME = "chaos";
  private static final List<String> TABLES = List.of("chaos.keyed", "chaos.plain");
  private static final Duration LIMIT = Duration.ofMinutes(15);
  private static final Path ROOT = Path.of(System.getProperty("drover.root"));

  private final long seed = number("SEED", ThreadLocalRandom.current().nextLong(1_000_000));
  private final int faults = (int) number("FAULTS", 100);
  private final int rows = (int) number("ROWS", 1_000_000);
  private final boolean changeRules = number("RULES", 1) == 2;
  private final int servers = (int) number("NATS", 1);
  private final Instant began = Instant.now();
  private final List<Instant> happened = new CopyOnWriteArrayList<>();
  private final Map<String, Integer> kinds = new TreeMap<>();

  @Test
  void every_row_ends_once_whatever_dies() throws Exception {
    say(
        "seed %d: %d rows, %d faults, NATS servers: %d%s",
        seed, rows, faults, servers, changeRules ? ", rules change" : "");
    Map<String, Expectation> expectations = new LinkedHashMap<>();
    TABLES.forEach(t -> expectations.put(t, new Expectation(rows / 2 * 4)));
    try (Cluster cluster = new Cluster();
        Connection nats =
            new NatsEndpoint(System.getenv("NATS_URL"), null, null).connect("chaos")) {
      Migration migration = cluster.apply(manifest());
      cluster.awaitCondition(NAME, "Planned", "True");
      ChainNames names = ChainNames.of("default", NAME, migration.getMetadata().getUid());
      ReadingPosition position = new ReadingPosition(nats, names);
      SourceLife life =
          new SourceLife(
              Cluster.database("legacy"),
              position,
              position.splits(cluster.status(NAME).plan().revision(), rows / 2 * 4),
              expectations,
              seed);
      Thread users = Thread.ofPlatform().name("source").start(life);
      try {
        storm(cluster);
        awaitCompleted(cluster);
      } finally {
        life.stop();
        users.join();
      }
      say("rows changed at the source, by where the reader was: %s", life.changes());
      Instant completed =
          Instant.parse(cluster.condition(NAME, "Completed").orElseThrow().lastTransitionTime());
      long within = happened.stream().filter(at -> at.isBefore(completed)).count();
      judge(cluster.status(NAME), within, expectations, Arrivals.inErrorQueue(nats, names));
      cluster.delete(NAME);
    }
  }

  private String manifest() throws IOException {
    return Files.readString(ROOT.resolve("bench/chaos.yaml"))
        .replace("maxBytes: 8Mi", "maxBytes: 8Mi, replicas: " + servers);
  }

  private void storm(Cluster cluster) throws Exception {
    Database target = Cluster.database("target");
    await().atMost(LIMIT).until(() -> !target.query("SELECT 1 FROM chaos.keyed LIMIT 1").isEmpty());
    try (FaultInjector injector =
            new FaultInjector(cluster, new NatsServers(cluster, servers), NAME, seed);
        TargetPace pace = new TargetPace(target, rows, () -> (double) happened.size() / faults)) {
      for (Fault fault : Fault.of(seed, 3 * faults, servers)) {
        if (happened.size() == faults || completed(cluster)) {
          break;
        }
        Thread.sleep(fault.before());
        if (changeRules && happened.size() == faults / 2) {
          changeRules(cluster);
        }
        Optional<String> hit = injector.inject(fault);
        if (hit.isPresent()) {
          happened.add(Instant.now());
          kinds.merge(fault.kind().name().toLowerCase(Locale.ROOT), 1, Integer::sum);
          if (fault.kind() == Fault.Kind.Kill && fault.victim().equals("nats")) {
            kinds.merge("kill of NATS", 1, Integer::sum);
          }
        }
        say("%d: %s%s", happened.size(), fault, hit.map(h -> " (" + h + ")").orElse(": nobody"));
      }
      say("NATS was whole again after at most %s", injector.longestWait());
    }
    say("the faults are over: %s", kinds);
  }

  private static boolean completed(Cluster cluster) {
    return "True".equals(cluster.condition(NAME, "Completed").map(Condition::status).orElse(""));
  }

  private boolean changed;

  private void changeRules(Cluster cluster) throws IOException {
    if (!changed) {
      changed = true;
      say("the rules change");
      cluster.apply(
          manifest()
              .replace("record.qty > 0", "record.qty >= 0")
              .replace("record.rule + 1", "record.rule + 2"));
    }
  }

  private void awaitCompleted(Cluster cluster) {
    AtomicInteger turn = new AtomicInteger();
    await("Completed")
        .atMost(LIMIT)
        .pollInterval(Duration.ofSeconds(1))
        .ignoreExceptions()
        .until(
            () -> {
              if (turn.incrementAndGet() % 15 == 0) {
                cluster
                    .status(NAME)
                    .stages()
                    .forEach(s -> say("  %s %s: %s", s.name(), s.state(), s));
              }
              return completed(cluster);
            });
    say("completed");
  }

  /**
   * Looks for each row.
   *
   * @param within faults between the first row at the target and Completed
   */
  private void judge(
      MigrationStatus status,
      long within,
      Map<String, Expectation> expectations,
      List<Failure> failures)
      throws Exception {
    Set<Integer> rules = changeRules ? Set.of(1, 2) : Set.of(1);
    Audit load = new Audit("load", expectations, rules);
    Audit archive = new Audit("archive", expectations, rules);
    for (String table : TABLES) {
      String name = table.substring(table.indexOf('.') + 1);
      Arrivals.inTable(Cluster.database("target"), "chaos", name, load::loaded);
      Arrivals.inTable(Cluster.database("target"), "chaos_archive", name, archive::loaded);
    }
    for (Failure failure : failures) {
      load.failed(failure);
      if (failure.stage().equals("clean")) {
        archive.failed(failure);
      }
    }
    load.finish();
    archive.finish();
    long differing = load.differingFrom(archive);
    List<String> findings = new ArrayList<>(load.findings());
    findings.addAll(archive.findings());
    findings.addAll(tally(status, load, archive));
    findings.forEach(f -> say("%s", f));
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("seed", seed);
    figures.put("faults", within);
    figures.put("kinds", kinds);
    figures.put("nats_servers", servers);
    figures.put("rows", rows);
    figures.put("lost", load.lost() + archive.lost());
    figures.put("doubled", load.doubled() + archive.doubled());
    figures.put("wrong", load.wrong() + archive.wrong() + differing);
    figures.put("loaded", load.loaded());
    figures.put("failed_records", load.failed());
    figures.put("rules", rules.size());
    figures.put(
        "changed_at_source_while_read",
        expectations.values().stream().mapToLong(Expectation::eitherWay).sum());
    figures.put("seconds", Duration.between(began, Instant.now()).toSeconds());
    String json = new ObjectMapper().writeValueAsString(Map.of("figures", figures));
    say("%s", json);
    String scenario = (servers > 1 ? "-nats" + servers : "") + (changeRules ? "-rules" : "");
    Files.writeString(ROOT.resolve("bench/results/chaos" + scenario + ".json"), json + "\n");
    assertThat(findings).isEmpty();
    assertThat(within).as("faults while the migration ran").isEqualTo(faults);
  }

  /** The operator's sums, against what was counted where rows ended. */
  private static List<String> tally(MigrationStatus status, Audit load, Audit archive) {
    Map<String, StageStatus> stages = new LinkedHashMap<>();
    status.stages().forEach(s -> stages.put(s.name(), s));
    StageStatus clean = stages.get("clean");
    List<String> wrong = new ArrayList<>();
    expect(wrong, "read", stages.get("read").passedRecords(), clean.inRecords());
    expect(
        wrong,
        "clean",
        clean.inRecords(),
        clean.passedRecords() + clean.filteredRecords() + clean.failedRecords());
    expect(wrong, "handed to load", clean.passedRecords(), stages.get("load").inRecords());
    expect(wrong, "handed to archive", clean.passedRecords(), stages.get("archive").inRecords());
    expect(wrong, "load", stages.get("load").passedRecords(), load.loaded());
    expect(wrong, "archive", stages.get("archive").passedRecords(), archive.loaded());
    expect(
        wrong,
        "error queue",
        clean.failedRecords() + stages.get("load").failedRecords(),
        load.failed());
    if (status.conditions().stream()
        .noneMatch(c -> c.type().equals("Balanced") && c.status().equals("True"))) {
      wrong.add("tally: not Balanced");
    }
    return wrong;
  }

  private static void expect(List<String> wrong, String what, long said, long counted) {
    if (said != counted) {
      wrong.add("tally: %s: %d is not %d".formatted(what, said, counted));
    }
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
