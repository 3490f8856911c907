package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A chain in full flow with real workers, into which tests graft stages. */
abstract class GraftScenario {
  static final int ROWS = 60_000;
  static final Duration SOON = Duration.ofSeconds(120);
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private static NatsServer server;
  private static EmbeddedPostgres postgres;
  @TempDir static Path secrets;

  @BeforeAll
  static void start() throws Exception {
    server = NatsServer.start();
    postgres = EmbeddedPostgres.builder().start();
    execute("postgres", "CREATE DATABASE legacy", "CREATE DATABASE target");
    for (String connection : List.of("legacy", "target")) {
      Path folder = Files.createDirectory(secrets.resolve(connection));
      Files.writeString(folder.resolve("username"), "postgres");
      Files.writeString(folder.resolve("password"), "postgres");
    }
    execute(
        "legacy",
        "CREATE TABLE item (id integer PRIMARY KEY, qty integer, note text)",
        "INSERT INTO item SELECT i, i % 10, 'note ' || i FROM generate_series(1, " + ROWS + ") i",
        "CREATE TABLE mark (digit integer PRIMARY KEY, mark text)",
        "INSERT INTO mark SELECT d, 'mark ' || d FROM generate_series(0, 9) d",
        "ANALYZE");
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
    postgres.close();
  }

  @BeforeEach
  void targets() throws Exception {
    execute(
        "target",
        "DROP SCHEMA IF EXISTS public CASCADE",
        "DROP SCHEMA IF EXISTS copy CASCADE",
        "CREATE SCHEMA public",
        "CREATE SCHEMA copy",
        "CREATE TABLE public.item (id integer PRIMARY KEY, qty integer, note text)",
        "CREATE TABLE copy.item (id integer PRIMARY KEY, qty integer, note text, mark text)");
  }

  static String url(String database) {
    return "jdbc:postgresql://localhost:" + postgres.getPort() + "/" + database;
  }

  static void execute(String database, String... statements) throws Exception {
    try (Connection c = DriverManager.getConnection(url(database), "postgres", "postgres");
        Statement s = c.createStatement()) {
      for (String sql : statements) {
        s.execute(sql);
      }
    }
  }

  static List<String> query(String database, String sql) throws Exception {
    try (Connection c = DriverManager.getConnection(url(database), "postgres", "postgres");
        Statement s = c.createStatement();
        ResultSet r = s.executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (r.next()) {
        rows.add(r.getString(1));
      }
      return rows;
    }
  }

  static long count(String sql) throws Exception {
    return Long.parseLong(query("target", sql).getFirst());
  }

  static StageSpec read() {
    return new StageSpec.Extract("read", "legacy", List.of("public.item"), 500);
  }

  static StageSpec transform(String name, String from, String field, String to) {
    return new StageSpec.Transform(
        name,
        from,
        List.of(
            new Step(
                List.of(),
                null,
                null,
                List.of(new Step.Assignment(field, to)),
                List.of(),
                List.of())));
  }

  static StageSpec clean(String from) {
    return transform("clean", from, "qty", "record.qty + 100");
  }

  static StageSpec load(String name, String from, String schema) {
    return new StageSpec.Load(name, from, "target", schema, LoadMode.Insert, List.of());
  }

  static ChainSpec chain(StageSpec... stages) {
    return new ChainSpec(
        List.of(
            new ConnectionSpec("legacy", url("legacy"), 4),
            new ConnectionSpec("target", url("target"), 4)),
        List.of(stages));
  }

  static ChainSpec plain() {
    return chain(read(), clean("read"), load("load", "clean", "public"));
  }

  static RunningChain running(ChainSpec spec) throws Exception {
    return running("64Mi", spec);
  }

  static RunningChain running(String maxBytes, ChainSpec spec) throws Exception {
    return new RunningChain(server, "graft-" + NUMBER.incrementAndGet(), secrets, maxBytes, spec);
  }

  static ChainSnapshot visitUntil(RunningChain chain, Predicate<ChainSnapshot> wanted) {
    Callable<ChainSnapshot> visit = chain::visit;
    return await().atMost(SOON).pollInterval(Duration.ofMillis(150)).until(visit, wanted::test);
  }

  static StageSnapshot stage(ChainSnapshot seen, String name) {
    return seen.stages().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
  }

  /** In the middle: a third is loaded, and the source is read at a pace that leaves the rest. */
  static void inFlow(RunningChain chain) throws Exception {
    chain.pace("read", 8000);
    visitUntil(chain, seen -> stage(seen, "load").counts().passed() > ROWS / 4);
  }

  /** The source rests while the edit is planned, however long that takes here. */
  static void edit(RunningChain chain, ChainSpec spec) throws Exception {
    chain.idle("read", true);
    chain.apply("rev2", spec);
    chain.idle("read", false);
  }

  static ChainSnapshot toTheEnd(RunningChain chain) {
    chain.pace("read", 1_000_000);
    ChainSnapshot end = visitUntil(chain, ChainSnapshot::complete);
    assertThat(end.balance().balanced()).as(end.balance().message()).isTrue();
    assertThat(end.failures().causes()).isEmpty();
    return end;
  }

  /** Every row is there once, as the source has it but for what rules changed. */
  static void assertEveryRow() throws Exception {
    assertThat(count("SELECT count(*) FROM public.item")).isEqualTo(ROWS);
    assertThat(query("target", "SELECT id::text FROM public.item ORDER BY id"))
        .isEqualTo(query("legacy", "SELECT id::text FROM item ORDER BY id"));
  }
}
