package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.StageSpec.OnMissing;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.StateStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Chains that look their records up in a third database, which may change its mind or go away. */
class EnrichIT extends ChainScenario {
  private static final String QUERY = "select tier from customers where id = :customer";
  private static LookupServer crm;

  @TempDir Path logs;

  @BeforeAll
  static void startCrm() throws Exception {
    crm = new LookupServer(databases.secrets);
  }

  @AfterAll
  static void stopCrm() throws Exception {
    crm.close();
  }

  @BeforeEach
  void customers() throws Exception {
    crm.execute(
        "DROP TABLE IF EXISTS customers",
        "CREATE TABLE customers (id integer, tier text)",
        "CREATE INDEX ON customers (id)",
        "INSERT INTO customers SELECT i, 'tier ' || i FROM generate_series(1, 1000) i",
        "ANALYZE customers");
  }

  /** Orders 1, 2, … of customers 1, 2, …, n, 1, 2, …. */
  private static void orders(int orders, int customers) throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE orders (id integer PRIMARY KEY, customer integer)",
        "INSERT INTO orders SELECT i, (i - 1) %% %d + 1 FROM generate_series(1, %d) i"
            .formatted(customers, orders),
        "ANALYZE");
    databases.execute(
        "target", "CREATE TABLE orders (id integer PRIMARY KEY, customer integer, tier text)");
  }

  private static StageSpec.Enrich tiers(
      String query, OnMissing onMissing, StageSpec.@Nullable Cache cache) {
    return new StageSpec.Enrich("tiers", "read", "crm", List.of(), query, onMissing, cache, 30);
  }

  private static ChainSpec chain(int splitRecords, StageSpec.Enrich tiers) {
    List<ConnectionSpec> connections = new ArrayList<>(databases.connections());
    connections.add(crm.connection());
    return new ChainSpec(
        connections,
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.*"), splitRecords),
            tiers,
            new StageSpec.Load("load", "tiers", "target", null, LoadMode.Insert, List.of())));
  }

  private static void run(TestChain chain) throws Exception {
    ChainPlan plan = plan(chain);
    assertThat(plan.findings()).noneMatch(f -> f.severity() == Finding.Severity.Error);
    chain.dispatchAll(plan);
    try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage tiers = RunningStage.start(chain, "tiers", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      awaitFinished(chain, plan);
    }
  }

  private WorkerProcess tiersProcess(TestChain chain) throws Exception {
    return WorkerProcess.start(
        nats.url(), chain.uid, "tiers", databases.secrets, logs.resolve("tiers.log").toFile());
  }

  private static String loaded() throws Exception {
    return databases
        .query(
            "target",
            "SELECT count(*) || ' ' || count(tier) || ' ' || count(*) FILTER (WHERE tier = 'tier ' || customer) FROM orders")
        .getFirst();
  }

  /** Every batch's answers are gone, and the mark stays that they were followed. */
  private static void assertAnswersForgotten(TestChain chain) throws Exception {
    List<String> keys = chain.state.bucket().keys(StateStore.ANSWERS + ">");
    assertThat(keys).hasSameSizeAs(chain.decisions("tiers"));
    for (String key : keys) {
      assertThat(chain.state.bucket().get(key).getValueAsString()).isEqualTo("D");
    }
  }

  @ParameterizedTest
  @EnumSource(OnMissing.class)
  void a_record_without_a_row_fails_is_kept_or_is_dropped(OnMissing onMissing) throws Exception {
    orders(20_000, 1250);
    try (TestChain chain =
        new TestChain(nats.url(), name, chain(5000, tiers(QUERY, onMissing, null)))) {
      run(chain);
      int missing = 4000; // customers 1001 to 1250, 16 orders each
      assertThat(chain.tally("tiers"))
          .isEqualTo(
              switch (onMissing) {
                case Fail -> new Counts(20_000, 16_000, 0, missing, 0, 0);
                case Keep -> new Counts(20_000, 20_000, 0, 0, 0, 0);
                case Drop -> new Counts(20_000, 16_000, missing, 0, 0, 0);
              });
      assertThat(loaded())
          .isEqualTo((onMissing == OnMissing.Keep ? 20_000 : 16_000) + " 16000 16000");
      assertThat(chain.failures())
          .hasSize(onMissing == OnMissing.Fail ? missing : 0)
          .allMatch(f -> f.detail().cause().code().equals("LookupMissing"))
          .allMatch(f -> f.detail().message().contains("customer"));
      assertAnswersForgotten(chain);
    }
  }

  @Test
  void a_batch_is_asked_for_in_one_query_and_a_kept_answer_in_none() throws Exception {
    orders(20_000, 1000);
    String committed = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'";
    List<Long> queries = new ArrayList<>();
    for (StageSpec.Cache cache :
        new StageSpec.@Nullable Cache[] {null, new StageSpec.Cache(1000, 600)}) {
      try (TestChain chain =
          new TestChain(
              nats.url(), name + queries.size(), chain(500, tiers(QUERY, OnMissing.Fail, cache)))) {
        ChainPlan plan = plan(chain);
        chain.dispatchAll(plan);
        long before = crm.statistic(committed);
        try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
            RunningStage tiers = RunningStage.start(chain, "tiers", databases.secrets)) {
          await().atMost(SOON).until(() -> chain.tally("tiers").in() == 20_000);
        }
        assertThat(chain.tally("tiers").passed()).isEqualTo(20_000);
        assertThat(chain.decisions("tiers")).hasSizeBetween(40, 80);
        // The session has ended, and has told the server's statistics.
        await()
            .atMost(SOON)
            .until(
                () ->
                    crm.statistic(
                            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'test lookup'")
                        == 0);
        queries.add(crm.statistic(committed) - before);
        queries.add((long) chain.decisions("tiers").size());
      }
    }
    // Without a cache one each, beside a handful for the sessions themselves.
    assertThat(queries.get(0)).isBetween(queries.get(1), queries.get(1) + 8);
    // With one, all 1000 customers are known after two batches, or as many as began together.
    assertThat(queries.get(2)).isLessThan(12);
  }

  @Test
  void more_than_one_row_makes_a_failed_record() throws Exception {
    orders(1000, 1000);
    crm.execute("INSERT INTO customers VALUES (7, 'another')");
    try (TestChain chain =
        new TestChain(nats.url(), name, chain(1000, tiers(QUERY, OnMissing.Keep, null)))) {
      run(chain);
      assertThat(chain.failures())
          .singleElement()
          .satisfies(
              f -> {
                assertThat(f.detail().cause().code()).isEqualTo("LookupAmbiguous");
                assertThat(f.detail().key()).isEqualTo("7");
              });
      assertThat(loaded()).isEqualTo("999 999 999");
    }
  }

  @Test
  void a_record_sent_again_is_looked_up_anew_though_answers_are_kept() throws Exception {
    orders(1000, 1000);
    crm.execute("DELETE FROM customers WHERE id = 7");
    StageSpec.Cache cache = new StageSpec.Cache(10_000, 86_400);
    try (TestChain chain =
            new TestChain(nats.url(), name, chain(1000, tiers(QUERY, OnMissing.Fail, cache)));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage tiers = RunningStage.start(chain, "tiers", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);
      Map.Entry<Long, FailedMessage> failed =
          chain.failuresBySequence().entrySet().iterator().next();
      crm.execute("INSERT INTO customers VALUES (7, 'tier 7')");
      for (int copy = 0; copy < 3; copy++) {
        chain.replay(failed.getKey(), failed.getValue(), values -> values);
      }
      await().atMost(SOON).until(() -> chain.messages(chain.names.retriesStream()) == 0);
      awaitFinished(chain, plan);
      assertThat(chain.tally("tiers")).isEqualTo(new Counts(1001, 1000, 0, 1, 0, 0));
      assertThat(chain.failures()).hasSize(1);
      assertThat(loaded()).isEqualTo("1000 1000 1000");
    }
  }

  @Test
  void a_database_that_stops_stalls_the_stage_and_fails_no_record() throws Exception {
    orders(6000, 1000);
    String slowly = QUERY + " and pg_sleep(0.0005) is not null";
    try (TestChain chain =
            new TestChain(nats.url(), name, chain(200, tiers(slowly, OnMissing.Fail, null)));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      try (WorkerProcess leaving = tiersProcess(chain);
          RunningStage tiers = RunningStage.start(chain, "tiers", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        await().atMost(SOON).until(() -> chain.tally("tiers").in() >= 1000);
        crm.stopServer();
        // Both say so; one is told to leave, and does within its grace period.
        await().atMost(SOON).until(() -> chain.stalls("tiers").size() == 2);
        assertThat(leaving.leaves(Duration.ofSeconds(25))).isTrue();
        await().atMost(SOON).until(() -> chain.stalls("tiers").size() == 1);
        assertThat(chain.stalls("tiers")).extracting(Stall::reason).contains("DatabaseUnavailable");
        assertThat(chain.tally("tiers").in()).isLessThan(6000);
        assertThat(chain.failures()).isEmpty();
        crm.startServer();
        awaitFinished(chain, plan);
        await().atMost(SOON).until(() -> chain.stalls("tiers").isEmpty());
      }
      assertThat(chain.tally("tiers")).isEqualTo(new Counts(6000, 6000, 0, 0, 0, 0));
      assertThat(chain.failures()).isEmpty();
      assertThat(loaded()).isEqualTo("6000 6000 6000");
    }
  }

  /**
   * Killed when it has decided and can publish nothing; then all that it has found is changed at
   * the database. What it decided holds, with the values that it decided by.
   */
  private void killAndChangeTheLookup(String tier) throws Exception {
    orders(10_000, 1250);
    crm.execute("UPDATE customers SET tier = " + tier);
    try (TestChain chain =
        new TestChain(nats.url(), name, chain(5000, tiers(QUERY, OnMissing.Fail, null)))) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      chain.limit(chain.names.queueStream("tiers"), 1);
      chain.limit(chain.names.errorsStream(), 1);
      List<Decision> before;
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        WorkerProcess killed = tiersProcess(chain);
        await().atMost(SOON).until(() -> chain.tally("tiers").in() == 10_000);
        killed.kill();
        before = chain.decisions("tiers");
        assertThat(chain.messages(chain.names.errorsStream())).isZero();
        assertThat(chain.messages(chain.names.queueStream("tiers"))).isZero();
      }
      // Who was there is gone or another, who was not there has come.
      crm.execute(
          "DELETE FROM customers WHERE id <= 400",
          "UPDATE customers SET tier = 'changed since'",
          "INSERT INTO customers SELECT i, 'come since' FROM generate_series(1001, 1250) i");
      chain.limit(chain.names.queueStream("tiers"), 256 << 20);
      chain.limit(chain.names.errorsStream(), 256 << 20);
      try (RunningStage tiers = RunningStage.start(chain, "tiers", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        awaitFinished(chain, plan);
        await().atMost(SOON).until(() -> chain.failures().size() == 2000);
        await().atMost(SOON).until(() -> chain.inHand("tiers") == 0);
      }
      assertThat(chain.decisions("tiers")).isEqualTo(before);
      assertThat(chain.tally("tiers")).isEqualTo(new Counts(10_000, 8000, 0, 2000, 0, 0));
      assertThat(chain.tally("load")).isEqualTo(new Counts(8000, 8000, 0, 0, 0, 0));
      assertThat(
              databases.query(
                  "target",
                  "SELECT count(*) FROM orders o WHERE o.customer <= 1000 AND o.tier = "
                      + tier.replace("id", "customer")))
          .containsExactly("8000");
      assertThat(chain.failures().stream().map(f -> f.detail().key()).distinct()).hasSize(2000);
      assertThat(databases.query("target", "SELECT count(*) FROM orders")).containsExactly("8000");
      assertAnswersForgotten(chain);
    }
  }

  @Test
  void what_was_decided_holds_when_the_lookup_changes_before_it_is_published() throws Exception {
    killAndChangeTheLookup("'tier ' || id");
  }

  @Test
  void also_when_no_message_can_hold_what_was_found() throws Exception {
    killAndChangeTheLookup("repeat('x', 3000) || id");
  }

  @Test
  void a_query_that_does_not_fit_is_refused_with_its_path() throws Exception {
    orders(10, 10);
    databases.execute("legacy", "CREATE TABLE notes (id integer PRIMARY KEY, note text)");
    databases.execute("target", "CREATE TABLE notes (id integer PRIMARY KEY, note text)");
    try (TestChain chain =
        new TestChain(nats.url(), name, chain(100, tiers(QUERY, OnMissing.Fail, null)))) {
      assertThat(plan(chain).findings())
          .singleElement()
          .satisfies(
              f -> {
                assertThat(f.path()).isEqualTo("spec.stages[1].enrich.query");
                assertThat(f.reason()).isEqualTo("LookupInvalid");
                assertThat(f.message()).contains("public.notes", "customer", "id, note", "tables");
              });
    }
  }

  @Test
  void records_of_tables_that_are_not_named_pass_unchanged() throws Exception {
    orders(1000, 1000);
    databases.execute(
        "legacy",
        "CREATE TABLE notes (id integer PRIMARY KEY, note text)",
        "INSERT INTO notes SELECT i, 'n' || i FROM generate_series(1, 500) i");
    databases.execute("target", "CREATE TABLE notes (id integer PRIMARY KEY, note text)");
    StageSpec.Enrich some =
        new StageSpec.Enrich(
            "tiers", "read", "crm", List.of("public.ord*"), QUERY, OnMissing.Fail, null, 30);
    try (TestChain chain = new TestChain(nats.url(), name, chain(1000, some))) {
      run(chain);
      assertThat(chain.tally("tiers")).isEqualTo(new Counts(1500, 1500, 0, 0, 0, 0));
      assertThat(loaded()).isEqualTo("1000 1000 1000");
      assertThat(databases.checksum("target", "notes"))
          .isEqualTo(databases.checksum("legacy", "notes"));
    }
    StageSpec.Enrich misspelt =
        new StageSpec.Enrich(
            "tiers", "read", "crm", List.of("public.odr*"), QUERY, OnMissing.Fail, null, 30);
    try (TestChain chain = new TestChain(nats.url(), name + "b", chain(1000, misspelt))) {
      assertThat(plan(chain).findings())
          .anySatisfy(f -> assertThat(f.path()).isEqualTo("spec.stages[1].enrich.tables[0]"));
    }
  }
}
