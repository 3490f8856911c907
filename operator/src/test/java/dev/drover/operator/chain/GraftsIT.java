package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.wire.names.PrivateName;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.MessageInfo;
import io.nats.client.impl.Headers;
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
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Stages that come and go, and rules that change, in a chain in full flow with real workers. The
 * loads insert: a row that came twice would be a failed record.
 */
class GraftsIT {
  private static final int ROWS = 60_000;
  private static final Duration SOON = Duration.ofSeconds(120);
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

  private static String url(String database) {
    return "jdbc:postgresql://localhost:" + postgres.getPort() + "/" + database;
  }

  private static void execute(String database, String... statements) throws Exception {
    try (Connection c = DriverManager.getConnection(url(database), "postgres", "postgres");
        Statement s = c.createStatement()) {
      for (String sql : statements) {
        s.execute(sql);
      }
    }
  }

  private static List<String> query(String database, String sql) throws Exception {
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

  private static long count(String sql) throws Exception {
    return Long.parseLong(query("target", sql).getFirst());
  }

  private static StageSpec read() {
    return new StageSpec.Extract("read", "legacy", List.of("public.item"), 500);
  }

  private static StageSpec transform(String name, String from, String field, String to) {
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

  private static StageSpec clean(String from) {
    return transform("clean", from, "qty", "record.qty + 100");
  }

  private static StageSpec load(String name, String from, String schema) {
    return new StageSpec.Load(name, from, "target", schema, LoadMode.Insert, List.of());
  }

  private static ChainSpec chain(StageSpec... stages) {
    return new ChainSpec(
        List.of(
            new ConnectionSpec("legacy", url("legacy"), 4),
            new ConnectionSpec("target", url("target"), 4)),
        List.of(stages));
  }

  private static ChainSpec plain() {
    return chain(read(), clean("read"), load("load", "clean", "public"));
  }

  private static RunningChain running(ChainSpec spec) throws Exception {
    return running("64Mi", spec);
  }

  private static RunningChain running(String maxBytes, ChainSpec spec) throws Exception {
    return new RunningChain(server, "graft-" + NUMBER.incrementAndGet(), secrets, maxBytes, spec);
  }

  private static ChainSnapshot visitUntil(RunningChain chain, Predicate<ChainSnapshot> wanted) {
    Callable<ChainSnapshot> visit = chain::visit;
    return await().atMost(SOON).pollInterval(Duration.ofMillis(150)).until(visit, wanted::test);
  }

  private static StageSnapshot stage(ChainSnapshot seen, String name) {
    return seen.stages().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
  }

  /** In the middle: a third is loaded, and the source is read at a pace that leaves the rest. */
  private static void inFlow(RunningChain chain) throws Exception {
    chain.pace("read", 8000);
    visitUntil(chain, seen -> stage(seen, "load").counts().passed() > ROWS / 4);
  }

  /** The source rests while the edit is planned, however long that takes here. */
  private static void edit(RunningChain chain, ChainSpec spec) throws Exception {
    chain.idle("read", true);
    chain.apply("rev2", spec);
    chain.idle("read", false);
  }

  private static ChainSnapshot toTheEnd(RunningChain chain) {
    chain.pace("read", 1_000_000);
    ChainSnapshot end = visitUntil(chain, ChainSnapshot::complete);
    assertThat(end.balance().balanced()).as(end.balance().message()).isTrue();
    assertThat(end.failures().causes()).isEmpty();
    return end;
  }

  /** Every row is there once, as the source has it but for what rules changed. */
  private static void assertEveryRow() throws Exception {
    assertThat(count("SELECT count(*) FROM public.item")).isEqualTo(ROWS);
    assertThat(query("target", "SELECT id::text FROM public.item ORDER BY id"))
        .isEqualTo(query("legacy", "SELECT id::text FROM item ORDER BY id"));
  }

  @Test
  void a_second_target_sees_what_the_queue_holds_and_the_first_loses_nothing() throws Exception {
    try (RunningChain chain = running(plain())) {
      chain.pace("read", 8000);
      chain.idle("load", true);
      visitUntil(chain, seen -> stage(seen, "load").backlogMessages() > 0);
      MessageInfo early =
          chain.nats.jetStreamManagement().getFirstMessage(chain.stream("clean"), ">");
      chain.idle("load", false);
      visitUntil(chain, seen -> stage(seen, "load").counts().passed() > ROWS / 4);
      chain.idle("load", true); // so that something is queued
      visitUntil(chain, seen -> stage(seen, "load").backlogMessages() > 10);
      edit(
          chain,
          chain(
              read(),
              clean("read"),
              load("load", "clean", "public"),
              transform("short", "clean", "note", "'short'"),
              load("archive", "short", "copy")));
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u -> {
                assertThat(u.changes())
                    .extracting(Joining.Change::stage)
                    .containsExactly("short", "archive");
                assertThat(u.changes().get(0).kind()).isEqualTo(Joining.Kind.Added);
                assertThat(u.changes().get(0).message())
                    .contains("queued records only", "messages in the queue of clean");
                assertThat(u.changes().get(1).message()).contains("the new stage short");
              });
      visitUntil(chain, seen -> chain.joined());
      // A copy of what had passed before, by a worker that was only paused.
      Headers headers = new Headers(early.getHeaders(), false);
      headers.remove("Nats-Msg-Id");
      chain.nats.jetStream().publish(early.getSubject(), headers, early.getData());
      chain.idle("load", false);
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      assertThat(count("SELECT count(*) FROM public.item WHERE qty < 100")).isZero();
      long archived = stage(end, "archive").counts().passed();
      assertThat(stage(end, "short").counts().passed()).isEqualTo(archived);
      assertThat(archived).isBetween(1L, ROWS - ROWS / 4L);
      assertThat(count("SELECT count(*) FROM copy.item")).isEqualTo(archived);
      assertThat(
              count(
                  "SELECT count(*) FROM copy.item c JOIN public.item i USING (id)"
                      + " WHERE c.qty = i.qty AND c.note = 'short'"))
          .isEqualTo(archived);
      assertThat(end.balance().message())
          .contains("%d had passed before it joined".formatted(ROWS - archived));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"read", "clean"})
  void a_stage_between_two_others_takes_over_and_no_row_is_missed_or_comes_twice(String behind)
      throws Exception {
    boolean first = behind.equals("read");
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      edit(
          chain,
          chain(
              read(),
              transform("stamp", behind, "note", "'stamped'"),
              clean(first ? "stamp" : "read"),
              load("load", first ? "clean" : "stamp", "public")));
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes())
                      .singleElement()
                      .satisfies(
                          c -> {
                            assertThat(c.kind()).isEqualTo(Joining.Kind.Inserted);
                            assertThat(c.message()).contains("hands on from then on");
                          }));
      // Operators come and go meanwhile, none remembers what the one before did.
      AtomicInteger visits = new AtomicInteger();
      visitUntil(
          chain,
          seen -> {
            if (visits.incrementAndGet() % 3 == 0) {
              chain.restartOperator();
            }
            return chain.joined();
          });
      chain.restart("read");
      chain.restartOperator();
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      assertThat(count("SELECT count(*) FROM public.item WHERE qty < 100")).isZero();
      long stamped = count("SELECT count(*) FROM public.item WHERE note = 'stamped'");
      assertThat(stamped).isBetween(1L, ROWS - ROWS / 4L);
      assertThat(stage(end, "stamp").counts().passed()).isEqualTo(stamped);
      assertThat(stage(end, "load").counts().in()).isEqualTo(ROWS);
    }
  }

  @Test
  void a_stage_is_drained_before_it_goes_and_its_neighbours_join() throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      chain.idle("load", true);
      visitUntil(chain, seen -> stage(seen, "load").backlogMessages() > 10);
      edit(chain, chain(read(), load("load", "read", "public")));
      for (int i = 0; i < 5; i++) {
        chain.visit();
      }
      assertThat(chain.joining)
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes())
                      .singleElement()
                      .satisfies(
                          c -> {
                            assertThat(c.draining()).isTrue();
                            assertThat(c.message())
                                .contains(
                                    "messages of the queue of", "queue of read takes nothing");
                          }));
      chain.idle("load", false);
      visitUntil(chain, seen -> chain.joined());
      chain.restartOperator();
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      assertThat(end.stages()).extracting(StageSnapshot::name).containsExactly("read", "load");
      long cleaned = count("SELECT count(*) FROM public.item WHERE qty >= 100");
      assertThat(cleaned).isBetween(ROWS / 4L, ROWS - 1L);
      assertThat(chain.nats.jetStreamManagement().getConsumerNames(chain.stream("read")))
          .containsExactly("load");
      assertThat(chain.nats.jetStreamManagement().getStreamNames())
          .doesNotContain(chain.stream("clean"));

      // Back again: only under another name.
      chain.apply("rev3", plain());
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Refused.class,
              r ->
                  assertThat(r.findings())
                      .singleElement()
                      .returns("NameUsed", Finding::reason)
                      .returns("spec.stages[1].name", Finding::path));
    }
  }

  @Test
  void a_load_in_place_of_another_gets_what_the_other_did_not_row_for_row() throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      chain.idle("load", true);
      visitUntil(chain, seen -> stage(seen, "load").backlogMessages() > 10);
      edit(chain, chain(read(), clean("read"), load("load2", "clean", "copy")));
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes())
                      .extracting(Joining.Change::stage, Joining.Change::kind)
                      .containsExactly(
                          tuple("load2", Joining.Kind.Added), tuple("load", Joining.Kind.Removed)));
      for (int i = 0; i < 5; i++) {
        chain.visit();
      }
      assertThat(chain.joining).isInstanceOf(Joining.Underway.class);
      chain.idle("load", false);
      visitUntil(chain, seen -> chain.joined());
      ChainSnapshot end = toTheEnd(chain);

      long first = count("SELECT count(*) FROM public.item");
      assertThat(first).isBetween(ROWS / 4L, ROWS - 1L);
      assertThat(count("SELECT count(*) FROM copy.item")).isEqualTo(ROWS - first);
      assertThat(
              query(
                  "target",
                  "SELECT id::text FROM (SELECT id FROM public.item UNION ALL"
                      + " SELECT id FROM copy.item) both_loads ORDER BY id"))
          .isEqualTo(query("legacy", "SELECT id::text FROM item ORDER BY id"));
      assertThat(stage(end, "load2").counts().passed()).isEqualTo(ROWS - first);
    }
  }

  /** Few batches fill a queue here: what nobody takes out of it would stop all. */
  private static final String SMALL = "128Ki";

  @Test
  void a_branch_below_a_stage_that_drains_leaves_it_room_to_drain() throws Exception {
    try (RunningChain chain = running(SMALL, plain())) {
      inFlow(chain);
      chain.idle("load", true);
      chain.pace("read", 1_000_000);
      visitUntil(
          chain,
          seen ->
              stage(seen, "load").backlogMessages() > 8
                  && stage(seen, "clean").backlogMessages() > 8);
      chain.apply(
          "rev2",
          chain(
              read(),
              transform("stamp", "read", "note", "'stamped'"),
              clean("stamp"),
              load("load", "clean", "public"),
              load("archive", "clean", "copy")));
      for (int i = 0; i < 5; i++) {
        chain.visit();
      }
      chain.restartOperator();
      chain.visit();
      assertThat(chain.joining).isInstanceOf(Joining.Underway.class);
      chain.idle("load", false);
      visitUntil(chain, seen -> chain.joined());
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      long archived = stage(end, "archive").counts().passed();
      assertThat(archived).isBetween(ROWS / 2L, ROWS - 1L);
      assertThat(count("SELECT count(*) FROM copy.item")).isEqualTo(archived);
      assertThat(count("SELECT count(*) FROM public.item WHERE note = 'stamped'"))
          .isEqualTo(stage(end, "stamp").counts().passed())
          .isPositive();
    }
  }

  @Test
  void an_edit_that_is_refused_and_taken_back_leaves_no_reader_behind() throws Exception {
    ChainSpec before =
        chain(
            read(),
            clean("read"),
            load("load", "clean", "public"),
            load("second", "clean", "copy"));
    try (RunningChain chain = running(SMALL, before)) {
      inFlow(chain);
      chain.idle("second", true);
      visitUntil(chain, seen -> stage(seen, "second").backlogMessages() > 5);
      chain.apply(
          "rev2",
          chain(
              read(),
              clean("read"),
              load("load", "clean", "public"),
              load("third", "clean", "copy")));
      visitUntil(chain, seen -> chain.joining instanceof Joining.Underway);
      chain.restartOperator();
      chain.visit();
      // An operator that ended when it had made the reader and not written so down.
      chain
          .nats
          .jetStreamManagement()
          .createConsumer(
              chain.stream("clean"), ConsumerConfiguration.builder().durable("third").build());
      execute(
          "target",
          "INSERT INTO copy.item SELECT id, 0, 'in the way' FROM public.item"
              + " WHERE id NOT IN (SELECT id FROM copy.item) LIMIT 1");
      chain.idle("second", false);
      visitUntil(chain, seen -> chain.joining instanceof Joining.Refused);
      chain.apply("rev1", before);
      chain.pace("read", 1_000_000);
      visitUntil(chain, ChainSnapshot::complete);

      assertThat(chain.nats.jetStreamManagement().getConsumerNames(chain.stream("clean")))
          .containsExactlyInAnyOrder("load", "second");
      assertEveryRow();
      assertThat(count("SELECT count(*) FROM copy.item")).isEqualTo(ROWS);
    }
  }

  @Test
  void a_stage_whose_records_failed_is_not_removed() throws Exception {
    StageSpec picky =
        new StageSpec.Transform(
            "clean",
            "read",
            List.of(
                new Step(
                    List.of(),
                    new Step.Require("record.id != 7", "Seven", null),
                    null,
                    List.of(),
                    List.of(),
                    List.of())));
    try (RunningChain chain = running(chain(read(), picky, load("load", "clean", "public")))) {
      visitUntil(chain, seen -> stage(seen, "clean").counts().failed() == 1);
      edit(chain, chain(read(), load("load", "read", "public")));
      ChainSnapshot end = visitUntil(chain, seen -> seen.splitsDone() == seen.splitsTotal());

      assertThat(chain.joining)
          .isInstanceOfSatisfying(
              Joining.Refused.class,
              r ->
                  assertThat(r.findings())
                      .singleElement()
                      .returns("StageHoldsFailures", Finding::reason)
                      .satisfies(f -> assertThat(f.message()).contains("clean", "1 of its")));
      assertThat(stage(end, "clean").counts().failed()).isEqualTo(1);
      assertThat(end.failures().causes())
          .singleElement()
          .satisfies(
              f ->
                  assertThat(f.sample().message().detail().revisions())
                      .isEqualTo("read=rev1 clean=rev1"));
      visitUntil(chain, ChainSnapshot::complete);
    }
  }

  @Test
  void a_rule_that_changes_rolls_its_stage_and_no_row_is_missed_or_comes_twice() throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      edit(
          chain,
          chain(
              read(),
              transform("clean", "read", "qty", "record.qty + 200"),
              load("load", "clean", "public")));
      ChainSnapshot end = toTheEnd(chain);

      assertEveryRow();
      long before = count("SELECT count(*) FROM public.item WHERE qty BETWEEN 100 AND 199");
      long after = count("SELECT count(*) FROM public.item WHERE qty >= 200");
      assertThat(before).isPositive();
      assertThat(after).isPositive();
      assertThat(before + after).isEqualTo(ROWS);
      assertThat(stage(end, "clean").counts().passed()).isEqualTo(ROWS);
      // The ledger says of every batch by which revision each stage worked on it.
      assertThat(
              query(
                  "target",
                  "SELECT revision || ' ' || sum(records_in) FROM public.drover_ledger GROUP BY revision ORDER BY 1"))
          .containsExactly(
              "read=rev1 clean=rev1 load=rev1 " + before,
              "read=rev1 clean=rev2 load=rev1 " + after);
    }
  }

  /** What the planner and the workers get of a graft with {@code backfill: true}. */
  private static ChainSpec backfilled(String behind, StageSpec... graft) {
    List<StageSpec> stages = new ArrayList<>(plain().stages());
    String name = graft[0].name();
    stages.addAll(List.of(graft));
    stages.add(
        new StageSpec.Extract(
            new PrivateName(name, "read").toString(), "legacy", List.of("public.item"), 500));
    if (behind.equals("clean")) {
      stages.add(
          transform(
              new PrivateName(name, "clean").toString(),
              new PrivateName(name, "read").toString(),
              "qty",
              "record.qty + 100"));
    }
    return chain(stages.toArray(StageSpec[]::new));
  }

  private static List<String> source(String columns) throws Exception {
    return query("legacy", "SELECT concat_ws('|', " + columns + ") FROM item ORDER BY id");
  }

  private static List<String> loaded(String schema, String columns) throws Exception {
    return query(
        "target", "SELECT concat_ws('|', %s) FROM %s.item ORDER BY id".formatted(columns, schema));
  }

  /** A kind of graft: its stages, what it reads, and the rows that it is to have loaded. */
  private enum Kind {
    LoadBehindTheExtract("read", "id, qty, note"),
    LoadBehindATransform("clean", "id, qty + 100, note"),
    TransformBehindATransform("clean", "id, qty + 100, 'short'"),
    EnrichBehindTheExtract("read", "id, qty, note, 'mark ' || qty");

    private final String behind;
    private final String rows;

    Kind(String behind, String rows) {
      this.behind = behind;
      this.rows = rows;
    }

    StageSpec[] stages() {
      String own = "graft_" + behind;
      return switch (this) {
        case LoadBehindTheExtract, LoadBehindATransform ->
            new StageSpec[] {load("graft", own, "copy")};
        case TransformBehindATransform ->
            new StageSpec[] {
              transform("graft", own, "note", "'short'"), load("archive", "graft", "copy")
            };
        case EnrichBehindTheExtract ->
            new StageSpec[] {
              new StageSpec.Enrich(
                  "graft",
                  own,
                  "legacy",
                  List.of(),
                  "select mark from mark where digit = :qty",
                  StageSpec.OnMissing.Fail,
                  null,
                  30),
              load("archive", "graft", "copy")
            };
      };
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void a_graft_with_backfill_gets_every_row_and_the_old_way_goes_on_as_it_was(Kind kind)
      throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      edit(chain, backfilled(kind.behind, kind.stages()));
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u -> {
                assertThat(u.changes().getFirst().stage()).isEqualTo("graft");
                assertThat(u.changes().getFirst().kind()).isEqualTo(Joining.Kind.Added);
                assertThat(u.changes().getFirst().message())
                    .contains("backfill by re-extraction of " + ROWS + " rows", "graft_read");
                assertThat(u.changes())
                    .extracting(Joining.Change::stage)
                    .doesNotContain("graft_read", "graft_clean");
              });
      chain.pace(Map.of("read", 8000L, "graft_read", 8000L));
      // The old way is not held up for a moment: nothing is drained, nothing closed.
      chain.visit(); // tells
      chain.visit(); // and does
      assertThat(chain.joining).isInstanceOf(Joining.Joined.class);
      assertThat(chain.joined()).isTrue();
      String last = kind.stages()[kind.stages().length - 1].name();
      // Each crash costs the time after which NATS gives its splits to another.
      int crashes = kind == Kind.TransformBehindATransform ? 3 : 1;
      for (int crash = 1; crash <= crashes; crash++) {
        int some = crash * ROWS / 8;
        visitUntil(chain, seen -> stage(seen, last).counts().passed() > some);
        chain.crash("graft_read");
        chain.restartOperator();
      }
      ChainSnapshot end = toTheEnd(chain);

      assertThat(loaded("public", "id, qty, note")).isEqualTo(source("id, qty + 100, note"));
      assertThat(loaded("copy", "id, qty, note, mark")).isEqualTo(source(kind.rows));
      assertThat(stage(end, "graft_read").counts().in()).isEqualTo(ROWS);
      assertThat(stage(end, "read").counts().in()).isEqualTo(ROWS);
      assertThat(stage(end, last).counts().in()).isEqualTo(ROWS);
      assertThat(end.balance().message()).doesNotContain("had passed before it joined");
    }
  }

  @Test
  void a_migration_that_is_over_goes_on_for_a_graft_with_backfill() throws Exception {
    try (RunningChain chain = running(plain())) {
      toTheEnd(chain);
      chain.apply("rev2", backfilled("clean", load("graft", "graft_clean", "copy")));
      chain.visit(); // tells
      ChainSnapshot first = chain.visit();
      assertThat(chain.joined()).isTrue();
      assertThat(first.complete()).isFalse();
      toTheEnd(chain);

      assertThat(loaded("public", "id, qty, note")).isEqualTo(source("id, qty + 100, note"));
      assertThat(loaded("copy", "id, qty, note")).isEqualTo(source("id, qty + 100, note"));
    }
  }

  @Test
  void a_graft_that_goes_in_the_middle_of_its_backfill_is_not_read_to_its_end() throws Exception {
    try (RunningChain chain = running(plain())) {
      inFlow(chain);
      edit(chain, backfilled("clean", load("graft", "graft_clean", "copy")));
      chain.pace(Map.of("read", 8000L, "graft_read", 2000L));
      visitUntil(chain, seen -> chain.joined());
      visitUntil(chain, seen -> stage(seen, "graft").counts().passed() > ROWS / 20);
      chain.idle("graft", true);
      visitUntil(chain, seen -> stage(seen, "graft").backlogMessages() > 5);
      chain.apply("rev3", plain());
      assertThat(chain.look())
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes())
                      .extracting(Joining.Change::stage)
                      .containsExactly("graft"));
      for (int i = 0; i < 5; i++) {
        chain.visit();
      }
      assertThat(chain.joining).isInstanceOf(Joining.Underway.class);
      chain.idle("graft", false);
      visitUntil(chain, seen -> chain.joined());
      chain.visit();
      assertThat(chain.splits("graft_read")).isZero();
      assertThat(chain.nats.jetStreamManagement().getStreamNames())
          .doesNotContain(chain.stream("graft_read"), chain.stream("graft_clean"));
      ChainSnapshot end = toTheEnd(chain);

      assertThat(loaded("public", "id, qty, note")).isEqualTo(source("id, qty + 100, note"));
      assertThat(end.stages())
          .extracting(StageSnapshot::name)
          .containsExactly("read", "clean", "load");
      assertThat(count("SELECT count(*) FROM copy.item")).isBetween(ROWS / 20L, ROWS - 1L);
      // What it was handed before it went, it has decided: whole batches, each row as it is.
      assertThat(
              Set.copyOf(source("id, qty + 100, note"))
                  .containsAll(loaded("copy", "id, qty, note")))
          .isTrue();
    }
  }
}
