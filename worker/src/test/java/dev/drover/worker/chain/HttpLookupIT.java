package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.HttpFiles;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.StageSpec.OnMissing;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.chain.CustomerServer.Reply;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Chains that look their records up over HTTP, at a server that may be slow, wrong or away. */
class HttpLookupIT extends ChainScenario {
  private CustomerServer crm;

  @TempDir Path logs;

  @BeforeEach
  void startCrm() throws Exception {
    crm = new CustomerServer();
  }

  @AfterEach
  void stopCrm() {
    crm.close();
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

  private ChainSpec chain(int splitRecords, OnMissing onMissing, StageSpec.@Nullable Cache cache)
      throws Exception {
    return chain(splitRecords, onMissing, cache, crm.lookup(databases.secrets, "tiers", 4));
  }

  private static ChainSpec chain(
      int splitRecords,
      OnMissing onMissing,
      StageSpec.@Nullable Cache cache,
      LookupSpec.Http http) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.*"), splitRecords),
            new StageSpec.Enrich("tiers", "read", List.of(), http, onMissing, cache, 60),
            new StageSpec.Load("load", "tiers", "target", null, LoadMode.Insert, List.of())));
  }

  private static ChainPlan planned(TestChain chain) throws Exception {
    ChainPlan plan = plan(chain);
    assertThat(plan.findings()).noneMatch(f -> f.severity() == Finding.Severity.Error);
    return plan;
  }

  private static void run(TestChain chain) throws Exception {
    ChainPlan plan = planned(chain);
    chain.dispatchAll(plan);
    try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage tiers = RunningStage.start(chain, "tiers", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      awaitFinished(chain, plan);
    }
  }

  private static String loaded() throws Exception {
    return databases
        .query(
            "target",
            "SELECT count(*) || ' ' || count(tier) || ' ' || count(*) FILTER (WHERE tier = 'tier ' || customer) FROM orders")
        .getFirst();
  }

  @ParameterizedTest
  @EnumSource(OnMissing.class)
  void each_key_is_asked_once_and_one_that_is_not_there_does_as_is_asked(OnMissing onMissing)
      throws Exception {
    orders(5000, 1250);
    StageSpec.Cache cache = new StageSpec.Cache(10_000, 600);
    try (TestChain chain = new TestChain(nats.url(), name, chain(500, onMissing, cache))) {
      run(chain);
      int missing = 1000; // customers 1001 to 1250, 4 orders each
      assertThat(chain.tally("tiers"))
          .isEqualTo(
              switch (onMissing) {
                case Fail -> new Counts(5000, 4000, 0, missing, 0, 0);
                case Keep -> new Counts(5000, 5000, 0, 0, 0, 0);
                case Drop -> new Counts(5000, 4000, missing, 0, 0, 0);
              });
      assertThat(loaded()).isEqualTo((onMissing == OnMissing.Keep ? 5000 : 4000) + " 4000 4000");
      assertThat(chain.failures())
          .hasSize(onMissing == OnMissing.Fail ? missing : 0)
          .allMatch(f -> f.detail().cause().code().equals("LookupMissing"));
      // Batches that were worked on together asked for none twice, what is not there included.
      assertThat(crm.asked).hasSize(1250).allSatisfy((c, n) -> assertThat(n).hasValue(1));
      assertThat(crm.most.get()).isBetween(2, 4);
    }
  }

  @Test
  void a_server_that_fails_or_is_away_stalls_the_stage_and_fails_no_record() throws Exception {
    orders(3000, 1000);
    AtomicInteger well = new AtomicInteger(1500);
    crm.behaviour =
        c ->
            well.getAndDecrement() > 0
                ? CustomerServer.WELL.to(c)
                : Reply.of(500, "/customers/" + c);
    try (TestChain chain = new TestChain(nats.url(), name, chain(500, OnMissing.Fail, null))) {
      ChainPlan plan = planned(chain);
      chain.dispatchAll(plan);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage tiers = RunningStage.start(chain, "tiers", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        awaitStall(chain, "LookupUnavailable");
        Stall first = chain.stalls("tiers").getFirst();
        // As many as may be under way, and then one at a time.
        assertThat(crm.requests()).isLessThan(1500 + 20);
        crm.stopServer();
        awaitStall(chain, "no connection to it");
        assertThat(chain.stalls("tiers").getFirst().since())
            .as("it is one stall")
            .isEqualTo(first.since());
        assertThat(chain.tally("tiers").in()).isBetween(500L, 1500L);
        assertThat(chain.failures()).isEmpty();
        crm.behaviour = CustomerServer.WELL;
        crm.startServer();
        awaitFinished(chain, plan);
        await().atMost(SOON).until(() -> chain.stalls("tiers").isEmpty());
      }
      assertThat(chain.tally("tiers")).isEqualTo(new Counts(3000, 3000, 0, 0, 0, 0));
      assertThat(chain.failures()).isEmpty();
      assertThat(loaded()).isEqualTo("3000 3000 3000");
    }
  }

  /** One in each of more batches than a worker holds at a time; the others are behind them. */
  @ParameterizedTest
  @EnumSource(OnMissing.class)
  void a_key_that_is_never_answered_keeps_its_own_batch_back_and_no_other(OnMissing onMissing)
      throws Exception {
    orders(1000, 1000);
    crm.behaviour =
        c -> c <= 500 && c % 100 == 77 ? Reply.of(500, "no 77") : CustomerServer.WELL.to(c);
    try (TestChain chain = new TestChain(nats.url(), name, chain(100, onMissing, null))) {
      ChainPlan plan = planned(chain);
      chain.dispatchAll(plan);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage tiers = RunningStage.start(chain, "tiers", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        await().atMost(SOON).until(() -> chain.tally("load").in() == 500);
        assertThat(chain.tally("tiers")).isEqualTo(new Counts(500, 500, 0, 0, 0, 0));
        awaitStall(chain, "LookupUnavailable");
        assertThat(chain.stalls("tiers").getFirst().message().replaceFirst(":\\d+/", "/"))
            .contains("answers 500", "keys have no answer yet")
            .as("neither the key nor what the server says")
            .doesNotContain("77");
        assertThat(chain.failures()).isEmpty();

        crm.behaviour = CustomerServer.WELL;
        awaitFinished(chain, plan);
        await().atMost(SOON).until(() -> chain.stalls("tiers").isEmpty());
      }
      assertThat(chain.tally("tiers")).isEqualTo(new Counts(1000, 1000, 0, 0, 0, 0));
      assertThat(chain.failures()).isEmpty();
      assertThat(loaded()).isEqualTo("1000 1000 1000");
    }
  }

  private static void awaitStall(TestChain chain, String says) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(chain.stalls("tiers"))
                    .singleElement()
                    .satisfies(
                        s ->
                            assertThat(s.reason() + ": " + s.message())
                                .contains(says, "/customers/{customer}")
                                .doesNotContain("s3cr3t")));
  }

  /** It asks to be left alone at first, and then fails now and then. */
  @Test
  void a_server_is_left_alone_as_it_asks_and_asked_again_for_what_failed_alone() throws Exception {
    orders(1000, 1000);
    AtomicInteger requests = new AtomicInteger();
    crm.behaviour =
        c -> {
          int request = requests.getAndIncrement();
          return request < 4
              ? new Reply(429, "", Map.of("Retry-After", "3"))
              : request % 10 == 0 ? Reply.of(503, "") : CustomerServer.WELL.to(c);
        };
    try (TestChain chain = new TestChain(nats.url(), name, chain(1000, OnMissing.Fail, null))) {
      run(chain);
      assertThat(chain.failures()).isEmpty();
      assertThat(chain.tally("tiers")).isEqualTo(new Counts(1000, 1000, 0, 0, 0, 0));
      assertThat(crm.asked.values().stream().filter(n -> n.get() > 1).count()).isLessThan(250);
      List<Long> times = new ArrayList<>(crm.times);
      long longestGap = 0;
      for (int i = 1; i < times.size(); i++) {
        longestGap = Math.max(longestGap, times.get(i) - times.get(i - 1));
      }
      assertThat(longestGap).isGreaterThan(3_000_000_000L);
    }
  }

  @Test
  void no_more_requests_a_second_than_are_allowed() throws Exception {
    orders(120, 120);
    try (TestChain chain = new TestChain(nats.url(), name, chain(120, OnMissing.Fail, null))) {
      // Among two workers, so it is half as many for each.
      chain.state.bucket().put(Pace.key(Pace.requests("tiers")), WireJson.bytes(new Pace(100, 2)));
      run(chain);
      List<Long> times = new ArrayList<>(crm.times);
      assertThat(times).hasSize(120);
      assertThat(times.getLast() - times.getFirst()).isGreaterThan(2_200_000_000L);
    }
  }

  @Test
  void a_key_that_is_refused_or_answered_with_something_else_fails_alone() throws Exception {
    orders(1000, 1000);
    Map<Integer, Reply> odd =
        Map.of(
            7, Reply.of(422, "{\"why\": \"4711\"}"),
            8, Reply.of(200, "{\"account\": {\"tier\": 4711}}"),
            9, Reply.of(200, "{\"account\": {\"teir\": \"gold\"}}"),
            10, Reply.of(200, "{\"account\": {\"tier\": \"" + "4711".repeat(1000) + "\"}}"));
    crm.behaviour = c -> odd.containsKey(c) ? odd.get(c) : CustomerServer.WELL.to(c);
    databases.execute("legacy", "UPDATE orders SET customer = NULL WHERE id = 11");
    try (TestChain chain = new TestChain(nats.url(), name, chain(1000, OnMissing.Fail, null))) {
      run(chain);
      assertThat(chain.failures())
          .extracting(f -> f.detail().key() + " " + f.detail().cause().code())
          .containsExactlyInAnyOrder(
              "7 LookupRefused",
              "8 LookupRefused",
              "9 LookupRefused",
              "10 LookupRefused",
              "11 LookupMissing");
      assertThat(chain.failures())
          .allSatisfy(
              f ->
                  assertThat(f.detail().message())
                      .contains("/customers/{customer}")
                      .doesNotContain("4711"));
      assertThat(chain.failures())
          .extracting(f -> f.detail().message())
          .anyMatch(m -> m.contains("answers 422"))
          .anyMatch(m -> m.contains("is no text"))
          .anyMatch(m -> m.contains("nothing at /account/tier"))
          .anyMatch(m -> m.contains("more than 1000 bytes"));
      assertThat(loaded()).isEqualTo("995 995 995");
      assertThat(crm.asked).doesNotContainKey(11).hasSize(999);
    }
  }

  /** Killed when it has decided and can publish nothing; then the server says something else. */
  @Test
  void what_was_decided_holds_when_the_server_changes_its_mind_and_no_secret_is_told()
      throws Exception {
    orders(5000, 1250);
    try (TestChain chain = new TestChain(nats.url(), name, chain(2500, OnMissing.Fail, null))) {
      ChainPlan plan = planned(chain);
      chain.dispatchAll(plan);
      chain.limit(chain.names.queueStream("tiers"), 1);
      chain.limit(chain.names.errorsStream(), 1);
      crm.token = "another"; // so that there is something to say
      List<Decision> before;
      Path log = logs.resolve("tiers.log");
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        WorkerProcess killed =
            WorkerProcess.start(nats.url(), name, "tiers", databases.secrets, log.toFile());
        awaitStall(chain, "LookupForbidden");
        assertThat(state(chain)).contains("LookupForbidden").doesNotContain("s3cr3t");
        // A rotated secret needs no restart.
        Files.writeString(
            HttpFiles.under(databases.secrets, "tiers").header("authorization"), "another");
        await().atMost(SOON).until(() -> chain.tally("tiers").in() == 5000);
        killed.kill();
        before = chain.decisions("tiers");
        assertThat(chain.messages(chain.names.errorsStream())).isZero();
        assertThat(chain.messages(chain.names.queueStream("tiers"))).isZero();
      }
      assertThat(Files.readString(log)).contains("LookupForbidden").doesNotContain("s3cr3t");
      assertThat(state(chain)).contains("Authorization").doesNotContain("s3cr3t");
      int requests = crm.requests();
      crm.behaviour =
          c ->
              c <= 400
                  ? Reply.of(404, "")
                  : Reply.of(200, "{\"account\": {\"tier\": \"changed since\"}}");
      chain.limit(chain.names.queueStream("tiers"), 256 << 20);
      chain.limit(chain.names.errorsStream(), 256 << 20);
      try (RunningStage tiers = RunningStage.start(chain, "tiers", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        awaitFinished(chain, plan);
        await().atMost(SOON).until(() -> chain.failures().size() == 1000);
        await().atMost(SOON).until(() -> chain.inHand("tiers") == 0);
      }
      assertThat(crm.requests()).as("nobody asked again").isEqualTo(requests);
      assertThat(chain.decisions("tiers")).isEqualTo(before);
      assertThat(chain.tally("tiers")).isEqualTo(new Counts(5000, 4000, 0, 1000, 0, 0));
      assertThat(loaded()).isEqualTo("4000 4000 4000");
      List<FailedMessage> failures = chain.failures();
      assertThat(failures.stream().map(f -> f.detail().key()).distinct()).hasSize(1000);
    }
  }

  /** All that is in the state bucket. */
  private static String state(TestChain chain) throws Exception {
    StringBuilder all = new StringBuilder();
    for (String key : chain.state.bucket().keys()) {
      for (var entry : chain.state.bucket().history(key)) {
        byte[] value = entry.getValue();
        all.append(value == null ? "" : new String(value, StandardCharsets.ISO_8859_1));
      }
    }
    return all.toString();
  }

  @Test
  void a_lookup_that_does_not_fit_is_refused_with_its_path() throws Exception {
    orders(10, 10);
    databases.execute("legacy", "CREATE TABLE notes (id integer PRIMARY KEY, note text)");
    databases.execute("target", "CREATE TABLE notes (id integer PRIMARY KEY, note text)");
    try (TestChain chain = new TestChain(nats.url(), name, chain(100, OnMissing.Fail, null))) {
      assertThat(plan(chain).findings())
          .singleElement()
          .satisfies(
              f -> {
                assertThat(f.path()).isEqualTo("spec.stages[1].enrich.http.url");
                assertThat(f.reason()).isEqualTo("LookupInvalid");
                assertThat(f.message()).contains("public.notes", "customer", "id, note", "tables");
              });
      assertThat(crm.requests()).as("planning asks nobody").isZero();
    }
  }
}
