package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SplitCheckpoint;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Extract, transform and load together, against a real NATS server and a real PostgreSQL. */
class ChainIT extends ChainScenario {
  @TempDir Path logs;

  private static final String ORDERS =
      "(id bigint PRIMARY KEY, customer int, status text, qty int, total numeric(12,2),"
          + " at timestamptz, note text)";

  private static void orders(int rows) throws Exception {
    databases.execute("legacy", "CREATE TABLE orders " + ORDERS);
    databases.execute("target", "CREATE TABLE orders " + ORDERS);
    databases.execute(
        "legacy",
        "INSERT INTO orders SELECT i, i % 100, CASE WHEN i % 10 = 0 THEN 'TEST' ELSE 'PAID' END,"
            + " i % 50, i / 3.0, timestamptz '2020-01-01' + i * interval '1 min',"
            + " CASE WHEN i % 7 = 0 THEN NULL ELSE 'note ' || i END FROM generate_series(1, "
            + rows
            + ") i",
        "ANALYZE");
  }

  private static ChainSpec chain(int splitRecords, Step... steps) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.*"), splitRecords),
            new StageSpec.Transform("clean", "read", List.of(steps)),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Upsert, List.of())));
  }

  @Test
  void every_record_is_loaded_filtered_or_failed_and_the_sums_add_up() throws Exception {
    orders(30_000);
    try (TestChain chain =
            new TestChain(
                nats.url(),
                name,
                chain(
                    5_000,
                    require("record.qty > 0", "QtyNotPositive"),
                    filter("record.status != 'TEST'"),
                    set("status", "record.status.lowerAscii()")));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      assertThat(plan.findings()).isEmpty();
      assertThat(plan.tables().getFirst().splits()).hasSizeGreaterThan(3);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      long extracted = chain.checkpoints(plan).stream().mapToLong(SplitCheckpoint::records).sum();
      assertThat(extracted).isEqualTo(30_000);
      // qty is i % 50, so 600 rows have none; TEST is i % 10 = 0, of which every fifth failed first
      assertThat(chain.tally("clean")).isEqualTo(new Counts(30_000, 27_000, 2_400, 600, 0, 0));
      assertThat(chain.tally("load")).isEqualTo(new Counts(27_000, 27_000, 0, 0, 0, 0));
      assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(600);
      assertThat(databases.query("target", "SELECT count(*) FROM orders WHERE status = 'paid'"))
          .containsExactly("27000");
      assertThat(chain.messages(chain.names.queueStream("read"))).isZero();
      assertThat(chain.messages(chain.names.queueStream("clean"))).isZero();
    }
  }

  @Test
  void a_failed_record_carries_what_is_needed_to_send_it_again() throws Exception {
    orders(100);
    try (TestChain chain =
            new TestChain(
                nats.url(), name, chain(1_000, require("record.qty != 7", "SevenIsOut")));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      assertThat(chain.failures())
          .extracting(f -> f.detail().key())
          .containsExactlyInAnyOrder("7", "57");
      FailedMessage failed =
          chain.failures().stream()
              .filter(f -> f.detail().key().equals("7"))
              .findFirst()
              .orElseThrow();
      assertThat(failed.detail().cause().code()).isEqualTo("SevenIsOut");
      assertThat(failed.detail().table()).isEqualTo("public.orders");
      assertThat(
              dev.drover.wire.batch.RowReader.readAll(
                      chain.state.schema(failed.detail().schema()), failed.row())
                  .getFirst()
                  .values()[0])
          .isEqualTo(7L);
    }
  }

  @Test
  void bad_records_at_the_target_fail_alone_and_their_neighbours_load() throws Exception {
    orders(10_000);
    databases.execute(
        "target",
        "ALTER TABLE orders ADD CHECK (qty <> 13)",
        "ALTER TABLE orders ALTER note TYPE varchar(9)",
        "CREATE UNIQUE INDEX ON orders (total)");
    databases.execute("legacy", "UPDATE orders SET total = 1 WHERE id IN (5000, 5001)");
    try (TestChain chain =
            new TestChain(nats.url(), name, chain(2_000, set("status", "record.status")));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      Map<String, Integer> codes = new HashMap<>();
      chain.failures().forEach(f -> codes.merge(f.detail().cause().code(), 1, Integer::sum));
      // ids 3, 5000 and 5001 share the total 1.00: two of them fail; note is too long for id 10000
      assertThat(codes)
          .containsEntry("CheckViolated", 200)
          .containsEntry("DuplicateKey", 2)
          .containsEntry("ValueTooLong", 1);
      assertThat(chain.tally("load")).isEqualTo(new Counts(10_000, 9_797, 0, 203, 0, 0));
      assertThat(databases.query("target", "SELECT count(*) FROM orders")).containsExactly("9797");
    }
  }

  @Test
  void children_wait_for_parents_that_are_late_and_none_is_lost() throws Exception {
    for (String database : List.of("legacy", "target")) {
      databases.execute(
          database,
          "CREATE TABLE parent (id int PRIMARY KEY, boss int REFERENCES parent)",
          "CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent)");
    }
    databases.execute(
        "legacy",
        "INSERT INTO parent SELECT i, CASE WHEN i < 500 THEN i + 1 END FROM generate_series(1, 500) i",
        "INSERT INTO child SELECT i, 1 + i % 500 FROM generate_series(1, 2000) i",
        "ANALYZE");
    try (TestChain chain = new TestChain(nats.url(), name, chain(100_000));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      TablePlan child = table(plan, "public.child");
      TablePlan parent = table(plan, "public.parent");
      assertThat(child.after()).containsExactly("public.parent");
      assertThat(parent.after()).isEmpty();

      chain.dispatch(child); // the wrong way round
      await().atMost(SOON).until(() -> chain.tally("load").waiting() > 0);
      chain.dispatch(parent);
      await()
          .atMost(SOON)
          .until(
              () ->
                  databases.query("target", "SELECT count(*) FROM child").equals(List.of("2000")));

      for (String table : List.of("parent", "child")) {
        assertThat(databases.checksum("target", table))
            .isEqualTo(databases.checksum("legacy", table));
      }
      await()
          .atMost(SOON)
          .untilAsserted(() -> assertThat(chain.messages(chain.names.waitingStream())).isZero());
      assertThat(chain.failures()).isEmpty();
    }
  }

  @Test
  void a_record_larger_than_a_message_fails_by_its_own_code() throws Exception {
    for (String database : List.of("legacy", "target")) {
      databases.execute(database, "CREATE TABLE doc (id int PRIMARY KEY, body text)");
    }
    databases.execute(
        "legacy",
        "INSERT INTO doc SELECT i, repeat('x', CASE WHEN i = 5 THEN 2000000 ELSE 300000 END)"
            + " FROM generate_series(1, 10) i");
    try (TestChain chain = new TestChain(nats.url(), name, chain(100_000));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      assertThat(chain.failures())
          .singleElement()
          .satisfies(
              f -> {
                assertThat(f.detail().stage()).isEqualTo("read");
                assertThat(f.detail().cause().code()).isEqualTo("RecordTooLarge");
                assertThat(f.detail().key()).isEqualTo("5");
                assertThat(f.detail().message()).contains("max_payload").doesNotContain("xxx");
              });
      assertThat(chain.checkpoints(plan).getFirst().failed()).isEqualTo(1);
      assertThat(databases.query("target", "SELECT count(*) FROM doc")).containsExactly("9");
    }
  }

  @Test
  void workers_killed_at_any_moment_leave_each_row_once() throws Exception {
    orders(200_000);
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    File log = logs.resolve("workers.log").toFile();
    try (TestChain chain =
        new TestChain(
            nats.url(),
            name,
            chain(
                50_000,
                require("record.qty > 0", "QtyNotPositive"),
                set("note", "record.status")))) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      Map<String, WorkerProcess> workers = new HashMap<>();
      try {
        for (String stage : List.of("read", "clean", "load")) {
          workers.put(stage, WorkerProcess.start(nats.url(), name, stage, databases.secrets, log));
        }
        for (int kill = 0; kill < 6; kill++) {
          long moment = 700 + random.nextInt(1500);
          await().pollDelay(Duration.ofMillis(moment)).until(() -> true);
          String stage = List.of("read", "clean", "load").get(kill % 3);
          workers.get(stage).kill();
          workers.put(stage, WorkerProcess.start(nats.url(), name, stage, databases.secrets, log));
        }
        await()
            .atMost(Duration.ofMinutes(3))
            .pollInterval(Duration.ofMillis(500))
            .until(() -> chain.finished(plan));
      } finally {
        for (WorkerProcess w : workers.values()) {
          w.close();
        }
      }
      assertThat(chain.checkpoints(plan).stream().mapToLong(SplitCheckpoint::records).sum())
          .isEqualTo(200_000);
      assertThat(chain.tally("clean")).isEqualTo(new Counts(200_000, 196_000, 0, 4_000, 0, 0));
      assertThat(chain.tally("load")).isEqualTo(new Counts(196_000, 196_000, 0, 0, 0, 0));
      assertThat(databases.checksum("target", "(SELECT id, qty, total, at FROM orders)"))
          .isEqualTo(
              databases.checksum(
                  "legacy", "(SELECT id, qty, total, at FROM orders WHERE qty > 0)"));
      Set<String> keys = new HashSet<>();
      chain.failures().forEach(f -> assertThat(keys.add(f.detail().key())).isTrue());
      assertThat(keys).hasSize(4_000);
    }
  }

  @Test
  void nats_and_the_target_going_away_lose_and_double_nothing() throws Exception {
    orders(120_000);
    try (TestChain chain =
            new TestChain(nats.url(), name, chain(20_000, set("note", "record.note")));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      await().atMost(SOON).until(() -> chain.tally("load").passed() > 10_000);
      nats.kill();
      databases.execute(
          "target",
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()");
      nats.restart();
      await().atMost(SOON).ignoreExceptions().until(() -> chain.finished(plan));

      assertThat(chain.tally("load")).isEqualTo(new Counts(120_000, 120_000, 0, 0, 0, 0));
      assertThat(databases.checksum("target", "orders"))
          .isEqualTo(databases.checksum("legacy", "orders"));
      assertThat(chain.failures()).isEmpty();
    }
  }
}
