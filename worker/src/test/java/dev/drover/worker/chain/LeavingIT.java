package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.Stall;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that are told to leave, and workers that find the queue before them full. */
class LeavingIT extends ChainScenario {
  private static final int ROWS = 100_000;
  private static final List<String> STAGES = List.of("read", "clean", "load");

  /** Much less than the grace period: who waits for something that is away leaves long before. */
  private static final Duration GRACE = Duration.ofSeconds(25);

  /** Sent every six seconds: that is the clock here. */
  private static final int HEARTBEATS = 6;

  @TempDir Path logs;

  @BeforeEach
  void items() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, qty integer, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, i, md5(i::text) FROM generate_series(1, " + ROWS + ") i",
        "ANALYZE");
  }

  private static ChainSpec chain() {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), 20_000),
            new StageSpec.Transform("clean", "read", List.of(set("qty", "record.qty"))),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Insert, List.of())));
  }

  private WorkerProcess process(String stage) throws Exception {
    return WorkerProcess.start(
        nats.url(), name, stage, databases.secrets, logs.resolve(stage + ".log").toFile());
  }

  private static void assertEverythingArrived(TestChain chain, ChainPlan plan, int rows)
      throws Exception {
    awaitFinished(chain, plan);
    assertThat(chain.checkpoints(plan).stream().mapToLong(SplitCheckpoint::records).sum())
        .isEqualTo(rows);
    Counts all = new Counts(rows, rows, 0, 0, 0, 0);
    assertThat(chain.tally("clean")).isEqualTo(all);
    assertThat(chain.tally("load")).isEqualTo(all);
    assertThat(databases.checksum("target", "item"))
        .isEqualTo(databases.checksum("legacy", "item"));
    assertThat(chain.failures()).isEmpty();
  }

  @Test
  void workers_told_to_leave_in_the_middle_give_everything_back() throws Exception {
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, i, md5(i::text) FROM generate_series(%d, %d) i"
            .formatted(ROWS + 1, 4 * ROWS),
        "ANALYZE");
    try (TestChain chain = new TestChain(nats.url(), name, chain(), 4 << 20)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      List<WorkerProcess> workers = new ArrayList<>();
      try {
        for (String stage : STAGES) {
          workers.add(process(stage));
        }
        await()
            .atMost(SOON)
            .pollInterval(Duration.ofMillis(20))
            .until(() -> chain.tally("load").in() > 0);
        for (WorkerProcess worker : workers) {
          worker.askToLeave();
        }
        for (WorkerProcess worker : workers) {
          assertThat(worker.leaves(GRACE)).isTrue();
        }
      } finally {
        for (WorkerProcess worker : workers) {
          worker.close();
        }
      }
      for (String stage : STAGES) {
        assertThat(chain.kept(stage)).as("messages that %s kept", stage).isZero();
      }
      assertThat(chain.tally("load").in()).isLessThan(4 * ROWS);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        assertEverythingArrived(chain, plan, 4 * ROWS);
      }
    }
  }

  @Test
  void workers_told_to_leave_before_a_full_queue_give_everything_back() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      chain.limit(chain.names.queueStream("read"), 1 << 20);
      chain.limit(chain.names.queueStream("clean"), 1);
      try (WorkerProcess read = process("read");
          WorkerProcess clean = process("clean")) {
        for (String stage : List.of("read", "clean")) {
          await().atMost(SOON).until(() -> !chain.stalls(stage).isEmpty());
        }
        clean.askToLeave();
        assertThat(read.leaves(GRACE)).isTrue();
        assertThat(clean.leaves(GRACE)).isTrue();
      }
      for (String stage : List.of("read", "clean")) {
        assertThat(chain.kept(stage)).as("messages that %s kept", stage).isZero();
        // Nobody waits any more, so nobody says so.
        assertThat(chain.stalls(stage)).isEmpty();
      }
      assertThat(chain.recordsRead(plan))
          .as("what is in the queue is counted, however long nobody goes on")
          .isPositive()
          .isEqualTo(chain.recordsQueued("read"));
      for (String stage : List.of("read", "clean")) {
        chain.limit(chain.names.queueStream(stage), 256 << 20);
      }
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        assertEverythingArrived(chain, plan, ROWS);
      }
    }
  }

  @Test
  void a_full_queue_holds_the_stages_before_it_back_and_loses_nothing() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(), 2 << 20);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets)) {
      AtomicInteger attempts = new AtomicInteger();
      chain
          .nats
          .createDispatcher(message -> attempts.incrementAndGet())
          .subscribe(chain.names.all("q"));
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      for (String stage : List.of("read", "clean")) {
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(chain.stalls(stage))
                        .extracting(Stall::reason)
                        .containsExactly("QueueFull"));
        assertThat(
                chain
                    .nats
                    .jetStreamManagement()
                    .getStreamInfo(chain.names.queueStream(stage))
                    .getStreamState()
                    .getByteCount())
            .isLessThanOrEqualTo(2 << 20);
      }
      // The stall is told again every ten seconds: that is the clock here.
      String told = chain.stalls("clean").getFirst().seen();
      int before = attempts.get();
      await().atMost(SOON).until(() -> !chain.stalls("clean").getFirst().seen().equals(told));
      // Seven batches are offered at a time, each at most every 1.5 s once it has been refused
      // a few times: nobody asks the server in a tight loop.
      assertThat(attempts.get() - before).isBetween(1, 100);

      try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        assertEverythingArrived(chain, plan, ROWS);
      }
      for (String stage : List.of("read", "clean")) {
        await().atMost(SOON).until(() -> chain.stalls(stage).isEmpty());
      }
    }
  }

  /** The first of all its requests is not answered until the test says so. */
  @Test
  void a_lookup_under_way_is_finished_however_long_it_takes() throws Exception {
    try (CustomerServer crm = new CustomerServer()) {
      CountDownLatch answer = new CountDownLatch(1);
      AtomicBoolean first = new AtomicBoolean(true);
      crm.behaviour =
          customer -> {
            if (first.getAndSet(false)) {
              answer.await();
            }
            return CustomerServer.WELL.to(customer);
          };
      ChainSpec spec = enriched(crm, 300);
      try (TestChain chain = new TestChain(nats.url(), name, spec);
          Acks acks = new Acks(chain, "tiers")) {
        queued(chain);
        try (WorkerProcess leaving = process("tiers")) {
          await().atMost(SOON).until(() -> !first.get());
          leaving.askToLeave();
          try (RunningStage other = RunningStage.start(chain, "tiers", databases.secrets)) {
            // The others are given away at once, while this one is worked on.
            await().atMost(SOON).until(() -> chain.tally("tiers").in() == 90);
            await().atMost(SOON).until(() -> acks.mostHeartbeats() >= HEARTBEATS);
            assertThat(leaving.alive()).isTrue();
            answer.countDown();
            await().atMost(SOON).until(() -> !leaving.alive());
            await().atMost(SOON).until(() -> acks.sequences("+ACK").size() == 10);
          }
        } finally {
          answer.countDown();
        }
        assertThat(chain.tally("tiers")).isEqualTo(new Counts(100, 100, 0, 0, 0, 0));
        assertThat(acks.of("+ACK")).hasSize(10);
        assertFinishedByTheFirst(acks, 1);
      }
    }
  }

  /** What was heartbeaten about was slow: none of that came again. */
  private static void assertFinishedByTheFirst(Acks acks, int atLeast) {
    Set<Long> slow = acks.sequences("+WPI");
    assertThat(slow).hasSizeGreaterThanOrEqualTo(atLeast);
    assertThat(acks.of("-NAK")).extracting(Acks.Ack::sequence).doesNotContainAnyElementsOf(slow);
    assertThat(acks.of("+ACK"))
        .filteredOn(a -> slow.contains(a.sequence()))
        .hasSameSizeAs(slow)
        .allMatch(a -> a.delivered() == 1);
  }

  /** The target's trigger holds every transaction until the test says so, without any lock. */
  @Test
  void a_load_under_way_is_finished_however_long_it_takes() throws Exception {
    databases.execute(
        "target",
        "CREATE TABLE gate (open integer)",
        """
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM set_config('application_name', 'at the gate', false);
          WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.05); END LOOP;
          RETURN NULL;
        END $$
        """,
        "CREATE TRIGGER slow BEFORE INSERT ON item FOR EACH STATEMENT EXECUTE FUNCTION wait()");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), 20_000),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec);
        Acks acks = new Acks(chain, "load")) {
      queued(chain);
      try (WorkerProcess leaving = process("load")) {
        await()
            .atMost(SOON)
            .until(
                () ->
                    databases
                        .query(
                            "target",
                            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'at the gate'")
                        .equals(List.of("1")));
        leaving.askToLeave();
        await().atMost(SOON).until(() -> acks.mostHeartbeats() >= HEARTBEATS);
        assertThat(leaving.alive()).isTrue();
        assertThat(chain.tally("load")).isEqualTo(Counts.ZERO);
        databases.execute("target", "INSERT INTO gate VALUES (1)");
        await().atMost(SOON).until(() -> !leaving.alive());
      }
      assertThat(chain.tally("load").passed()).isPositive();
      assertThat(acks.of("+ACK")).isNotEmpty().allMatch(a -> a.delivered() == 1);
      assertThat(acks.sequences("-NAK")).doesNotContainAnyElementsOf(acks.sequences("+ACK"));
      assertThat(chain.kept("load")).isZero();
    }
  }

  @Test
  void who_waits_for_a_dead_server_leaves_at_once() throws Exception {
    try (CustomerServer crm = new CustomerServer()) {
      crm.stopServer();
      ChainSpec spec = enriched(crm, 300);
      try (TestChain chain = new TestChain(nats.url(), name, spec)) {
        queued(chain);
        try (WorkerProcess leaving = process("tiers")) {
          await().atMost(SOON).until(() -> !chain.stalls("tiers").isEmpty());
          assertThat(leaving.leaves(GRACE)).isTrue();
        }
        assertThat(chain.kept("tiers")).isZero();
        assertThat(chain.tally("tiers")).isEqualTo(Counts.ZERO);
        assertThat(chain.failures()).isEmpty();
      }
    }
  }

  @Test
  void who_waits_for_the_target_leaves_at_once() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      databases.execute("target", "ALTER TABLE item RENAME TO elsewhere");
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          WorkerProcess load = process("load")) {
        await().atMost(SOON).until(() -> !chain.stalls("load").isEmpty());
        assertThat(load.leaves(GRACE)).isTrue();
      }
      assertThat(chain.kept("load")).isZero();
      databases.execute("target", "ALTER TABLE elsewhere RENAME TO item");
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        assertEverythingArrived(chain, plan, ROWS);
      }
    }
  }

  /** All batches are in the queue of the extract before anybody else works. */
  private static void queued(TestChain chain) throws Exception {
    ChainPlan plan = plan(chain);
    chain.dispatchAll(plan);
    try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
      await()
          .atMost(SOON)
          .until(
              () ->
                  chain.checkpoints(plan).size() == plan.tables().getFirst().splits().size()
                      && chain.checkpoints(plan).stream().allMatch(SplitCheckpoint::done));
    }
  }

  /** A hundred orders in ten batches, no customer twice. */
  private static ChainSpec enriched(CustomerServer crm, int timeoutSeconds) throws Exception {
    inBoth("CREATE TABLE orders (id integer PRIMARY KEY, customer integer)");
    databases.execute("target", "ALTER TABLE orders ADD COLUMN tier text");
    databases.execute(
        "legacy", "INSERT INTO orders SELECT i, i FROM generate_series(1, 100) i", "ANALYZE");
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.orders"), 10),
            new StageSpec.Enrich(
                "tiers",
                "read",
                List.of(),
                crm.lookup(databases.secrets, "tiers", 4),
                StageSpec.OnMissing.Fail,
                null,
                timeoutSeconds),
            new StageSpec.Load("load", "tiers", "target", null, LoadMode.Insert, List.of())));
  }
}
