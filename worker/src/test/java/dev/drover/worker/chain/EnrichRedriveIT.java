package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.StageSpec.OnMissing;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.replay.RedriveProgress.Phase;
import dev.drover.wire.replay.RedriveProgress.Refusal;
import dev.drover.wire.replay.RenewedRows;
import dev.drover.wire.replay.Selector;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.chain.CustomerServer.Reply;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.postgres.PostgresDatabases;
import dev.drover.worker.redrive.RedriveContext;
import dev.drover.worker.redrive.RedriveWorker;
import dev.drover.worker.redrive.SourceSessions;
import dev.drover.worker.session.SessionPermit;
import dev.drover.worker.session.SessionPermits;
import dev.drover.worker.slots.Holder;
import dev.drover.worker.slots.SlotKeeper;
import dev.drover.worker.stage.DecisionLog;
import io.nats.client.Connection;
import java.io.File;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Redrives where records are looked up: of what an enrich refused, and from the source through two
 * enriches, one that asks a database and one that asks a server.
 */
class EnrichRedriveIT extends ChainScenario {
  private final List<AutoCloseable> open = new ArrayList<>();
  private CustomerServer crm;
  private TestChain chain;
  private ChainPlan plan;

  @TempDir File folder;

  @BeforeEach
  void startCrm() throws Exception {
    crm = new CustomerServer();
    open.add(crm);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  /**
   * Orders 1, 2, … of customers 1, 2, … with these quantities, through {@code regions} (a query,
   * fails if there is no row), {@code tiers} (a server, drops if there is nothing), {@code clean}
   * (refuses what is not positive) and {@code load}.
   */
  private void run(int orders, String qty) throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE orders (id integer PRIMARY KEY, customer integer, qty integer NOT NULL)",
        "INSERT INTO orders SELECT i, i, %s FROM generate_series(1, %d) i".formatted(qty, orders),
        "ANALYZE");
    // Without a key, a record that came twice would be there twice.
    databases.execute(
        "target",
        "CREATE TABLE orders (id integer, customer integer, qty integer, region text, tier text)",
        "CREATE TABLE IF NOT EXISTS customers (id integer PRIMARY KEY, region text)");
    LookupSpec.Http http = crm.lookup(databases.secrets, "tiers", 4);
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.orders"), 5000),
                new StageSpec.Enrich(
                    "regions",
                    "read",
                    "target",
                    List.of(),
                    "select region from customers where id = :customer",
                    OnMissing.Fail,
                    null,
                    30),
                new StageSpec.Enrich("tiers", "regions", List.of(), http, OnMissing.Drop, null, 60),
                new StageSpec.Transform(
                    "clean", "tiers", List.of(require("record.qty > 0", "QtyNotPositive"))),
                new StageSpec.Load("load", "clean", "target", null, LoadMode.Insert, List.of())));
    chain = new TestChain(nats.url(), name, spec);
    open.add(chain);
    for (StageSpec stage : spec.stages()) {
      open.add(RunningStage.start(chain, stage.name(), databases.secrets));
    }
    plan = plan(chain);
    assertThat(plan.findings()).noneMatch(f -> f.severity() == Finding.Severity.Error);
    chain.dispatchAll(plan);
    awaitFinished(chain, plan);
  }

  private static void customers(int from, int to) throws Exception {
    databases.execute(
        "target",
        "CREATE TABLE IF NOT EXISTS customers (id integer PRIMARY KEY, region text)",
        "INSERT INTO customers SELECT i, 'region ' || i FROM generate_series(%d, %d) i"
            .formatted(from, to));
  }

  private void awaitErrors(long records) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(records));
  }

  private static RedriveOrder order(String uid, Selector selector) {
    return new RedriveOrder(
        new JournalEntry.By("Redrive", uid, uid, 1),
        selector,
        JournalEntry.Action.replay,
        Change.NONE,
        null,
        List.of(),
        null,
        null,
        false,
        false);
  }

  private static RedriveOrder fromSource(String uid) {
    return order(uid, Selector.ALL).fromSource(TestChain.REVISION);
  }

  private void ask(RedriveOrder order) throws Exception {
    chain.state.bucket().put(RedriveOrder.key(order.by().uid()), WireJson.bytes(order));
  }

  private RedriveProgress progress(String uid) throws Exception {
    var entry = chain.state.bucket().get(RedriveProgress.key(uid));
    return entry == null ? null : WireJson.parse(entry.getValue(), RedriveProgress.class);
  }

  private RedriveProgress work(RedriveOrder order) throws Exception {
    return work(order, SessionPermits.UNLIMITED);
  }

  private RedriveProgress work(RedriveOrder order, SessionPermits permits) throws Exception {
    ask(order);
    String uid = order.by().uid();
    Connection own = nats.connect();
    open.add(own);
    Stalls stalls = new Stalls(chain.state, "redrive-" + uid, uid, Clock.systemUTC());
    open.add(stalls);
    new RedriveWorker(
            RedriveContext.of(uid, own, chain.names, chain.state, stalls, Clock.systemUTC()),
            new DecisionLog(own, chain.names, new Publisher(own.jetStream(), stalls), stalls),
            new SourceSessions(
                databases.secrets,
                new PostgresDatabases(databases.secrets, "redrive", permits),
                stalls))
        .run();
    return progress(uid);
  }

  private static List<String> loaded() throws Exception {
    return databases.query(
        "target",
        "SELECT concat_ws(' ', count(*), count(DISTINCT id), count(*) FILTER (WHERE region = 'region"
            + " ' || customer AND tier = 'tier ' || customer)) FROM orders");
  }

  @Test
  void what_an_enrich_refused_is_sent_again_in_bulk_and_looked_up_anew() throws Exception {
    customers(1, 400);
    run(1000, "1");
    awaitErrors(600);
    customers(401, 900);

    RedriveProgress done =
        work(
            order(
                "bulk",
                new Selector("regions", "LookupMissing", null, null, null, null, Set.of())));

    assertThat(done.phase()).as(done.message()).isEqualTo(Phase.Complete);
    assertThat(List.of(done.selected(), done.sent(), done.resolved(), done.failedAgain()))
        .containsExactly(600L, 600L, 500L, 100L);
    awaitFinished(chain, plan);
    awaitErrors(100);
    assertThat(loaded()).containsExactly("900 900 900");
    assertThat(chain.tally("regions")).isEqualTo(new Counts(1600, 900, 0, 700, 0, 0));
    assertThat(chain.failures()).allSatisfy(f -> assertThat(f.detail().replayOf()).isNotNull());
    long retried =
        chain.decisions("regions").stream().filter(d -> d.batch().startsWith("r")).count();
    assertThat(retried).as("they go as batches").isLessThan(4);
  }

  @Test
  void rows_from_the_source_come_through_with_what_is_found_for_them_now() throws Exception {
    customers(1, 500);
    crm.behaviour = c -> Reply.of(200, "{\"account\": {\"tier\": \"old\"}}");
    run(500, "-i");
    awaitErrors(500);
    int before = crm.requests();
    crm.behaviour =
        c -> c > 480 ? Reply.of(404, "") : c > 470 ? Reply.of(422, "") : CustomerServer.WELL.to(c);
    databases.execute("legacy", "UPDATE orders SET qty = 5");
    databases.execute("target", "DELETE FROM customers WHERE id <= 10");

    RedriveProgress done = work(fromSource("source"));

    assertThat(done.phase()).as(done.message()).isEqualTo(Phase.Complete);
    assertThat(List.of(done.selected(), done.sent(), done.resolved(), done.refused()))
        .containsExactly(500L, 460L, 460L, 40L);
    assertThat(done.refusals())
        .extracting(Refusal::code, Refusal::records)
        .containsExactlyInAnyOrder(
            tuple("FailsBefore", 10L), tuple("FailsBefore", 10L), tuple("FilteredBefore", 20L));
    assertThat(done.refusals())
        .extracting(Refusal::message)
        .anyMatch(m -> m.contains("stage regions") && m.contains("LookupMissing"))
        .anyMatch(m -> m.contains("stage tiers refuses") && m.contains("LookupRefused"))
        .anyMatch(m -> m.contains("stage tiers leaves the row out"));
    awaitFinished(chain, plan);
    awaitErrors(40);
    assertThat(loaded()).containsExactly("460 460 460");
    // Each once; of the first three, which are tried as samples before, no customer is there.
    assertThat(crm.requests() - before).isEqualTo(490);
    assertThat(chain.tally("tiers"))
        .as("nothing new there")
        .isEqualTo(new Counts(500, 500, 0, 0, 0, 0));
    assertThat(chain.state.bucket().keys(RenewedRows.keys("source"))).isEmpty();
  }

  @Test
  void a_server_that_is_away_is_waited_for_and_said_to_be() throws Exception {
    customers(1, 50);
    run(50, "-i");
    awaitErrors(50);
    databases.execute("legacy", "UPDATE orders SET qty = 5");
    crm.stopServer();
    try (ExecutorService running = Executors.newSingleThreadExecutor()) {
      Future<RedriveProgress> done = running.submit(() -> work(fromSource("away")));
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> {
                assertThat(progress("away")).isNotNull();
                assertThat(progress("away").message())
                    .contains("LookupUnavailable", "/customers/{customer}");
              });
      assertThat(progress("away").ended()).isFalse();
      crm.startServer();
      assertThat(done.get().resolved()).isEqualTo(50);
    }
    awaitFinished(chain, plan);
    assertThat(loaded()).containsExactly("50 50 50");
  }

  @Test
  @Timeout(120) // who holds one and waits for the other would wait for ever
  void where_there_is_one_connection_for_source_and_lookup_they_have_it_in_turn() throws Exception {
    customers(1, 50);
    run(50, "-i");
    awaitErrors(50);
    databases.execute("legacy", "UPDATE orders SET qty = 5");
    for (String connection : List.of("legacy", "target")) {
      chain.state.bucket().put(ConnectionCap.key(connection), WireJson.bytes(new ConnectionCap(1)));
    }
    // Slots of a worker that another test killed would be waited for.
    chain.nats.jetStreamManagement().purgeStream("KV_" + ChainNames.SLOTS_BUCKET);
    AtomicInteger taken = new AtomicInteger();
    try (SlotKeeper slots =
        new SlotKeeper(chain.nats, chain.state, new Holder("test", name, "redrive", "redrive-0"))) {
      RedriveProgress done =
          work(
              fromSource("turns"),
              request -> {
                SessionPermit permit = slots.take(request);
                taken.incrementAndGet();
                return permit;
              });
      assertThat(done.resolved()).isEqualTo(50);
    }
    assertThat(taken.get()).as("sessions, each with a slot").isGreaterThan(1);
    assertThat(chain.nats.keyValue(ChainNames.SLOTS_BUCKET).keys("*.slot.>")).isEmpty();
    awaitFinished(chain, plan);
    assertThat(loaded()).containsExactly("50 50 50");
  }

  @Test
  void killed_in_mid_course_each_row_comes_through_once_as_it_was_claimed() throws Exception {
    int records = 6000;
    customers(1, records);
    crm.behaviour = c -> Reply.of(200, "{\"account\": {\"tier\": \"tier " + c + "\"}}");
    run(records, "-i");
    awaitErrors(records);
    databases.execute("legacy", "UPDATE orders SET qty = 5");
    ask(fromSource("killed"));
    File log = new File(folder, "redrive.log");
    try (WorkerProcess process =
        WorkerProcess.redrive(nats.url(), name, "killed", databases.secrets, log)) {
      await()
          .atMost(SOON)
          .pollInterval(Duration.ofMillis(5))
          .until(() -> journalled("killed") > 0 || !process.alive());
      process.kill();
    }
    long claimed = journalled("killed");
    assertThat(claimed).isPositive();
    // What is claimed was looked up; it is sent though nobody could say it again.
    crm.behaviour = c -> Reply.of(404, "");

    RedriveProgress done = work(fromSource("killed"));

    assertThat(done.phase()).as(done.message()).isEqualTo(Phase.Complete);
    assertThat(done.sent()).isEqualTo(claimed);
    assertThat(done.refused()).isEqualTo(records - claimed);
    awaitFinished(chain, plan);
    awaitErrors(records - claimed);
    assertThat(loaded()).containsExactly("%d %1$d %1$d".formatted(claimed));
  }

  private long journalled(String uid) throws Exception {
    return new Journal(chain.nats, chain.names)
        .entries().stream()
            .filter(e -> e.by().uid().equals(uid))
            .mapToLong(e -> e.sequences().size())
            .sum();
  }
}
