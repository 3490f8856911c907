package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.SplitCheckpoint;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chains that fork, and chains of several transforms: every stage's tally adds up by itself. */
class TwoLoadsIT extends ChainScenario {
  private static final int ROWS = 40_000;

  @TempDir Path logs;

  @BeforeEach
  void items() throws Exception {
    databases.execute("target", "DROP SCHEMA IF EXISTS copy CASCADE", "CREATE SCHEMA copy");
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, qty integer, note text)");
    databases.execute(
        "target", "CREATE TABLE copy.item (id integer PRIMARY KEY, qty integer, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, i % 10, 'note ' || i FROM generate_series(1, " + ROWS + ") i",
        "ANALYZE");
  }

  private static StageSpec.Extract read() {
    return new StageSpec.Extract("read", "legacy", List.of("public.item"), 5000);
  }

  private static StageSpec.Load load(String name, String from, String schema) {
    return new StageSpec.Load(name, from, "target", schema, LoadMode.Upsert, List.of());
  }

  private static ChainSpec fork() {
    return new ChainSpec(
        databases.connections(),
        List.of(read(), load("one", "read", "public"), load("two", "read", "copy")));
  }

  private static Counts passed(long n) {
    return new Counts(n, n, 0, 0, 0, 0);
  }

  @Test
  void two_loads_of_one_queue_each_get_everything() throws Exception {
    databases.execute("target", "ALTER TABLE copy.item ADD CHECK (qty <> 3)");
    try (TestChain chain = new TestChain(nats.url(), name, fork());
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage one = RunningStage.start(chain, "one", databases.secrets);
        RunningStage two = RunningStage.start(chain, "two", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      assertThat(chain.tally("one")).isEqualTo(passed(ROWS));
      assertThat(chain.tally("two"))
          .isEqualTo(new Counts(ROWS, ROWS - ROWS / 10, 0, ROWS / 10, 0, 0));
      assertThat(chain.failures())
          .hasSize(ROWS / 10)
          .allMatch(f -> f.detail().stage().equals("two"));
      assertThat(databases.checksum("target", "public.item"))
          .isEqualTo(databases.checksum("legacy", "item"));
      assertThat(databases.checksum("target", "copy.item"))
          .isEqualTo(databases.checksum("legacy", "(SELECT * FROM item WHERE qty <> 3)"));
      await().atMost(SOON).until(() -> chain.messages(chain.names.queueStream("read")) == 0);
    }
  }

  @Test
  void two_transforms_in_a_row_hand_on_what_they_promise() throws Exception {
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                read(),
                new StageSpec.Transform(
                    "first",
                    "read",
                    List.of(filter("record.qty != 1"), set("twice", "record.qty * 2"))),
                new StageSpec.Transform(
                    "second",
                    "first",
                    List.of(
                        require("record.twice != 4", "TwiceIsFour"),
                        set("note", "string(record.twice)"),
                        new dev.drover.wire.plan.Step(
                            List.of(), null, null, List.of(), List.of(), List.of("twice")))),
                load("one", "second", "public"),
                load("two", "first", "copy")));
    databases.execute("target", "ALTER TABLE copy.item ADD twice bigint");
    try (TestChain chain = new TestChain(nats.url(), name, spec);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage first = RunningStage.start(chain, "first", databases.secrets);
        RunningStage second = RunningStage.start(chain, "second", databases.secrets);
        RunningStage one = RunningStage.start(chain, "one", databases.secrets);
        RunningStage two = RunningStage.start(chain, "two", databases.secrets)) {
      ChainPlan plan = plan(chain);
      assertThat(plan.findings()).isEmpty();
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      int tenth = ROWS / 10;
      assertThat(chain.checkpoints(plan).stream().mapToLong(SplitCheckpoint::records).sum())
          .isEqualTo(ROWS);
      assertThat(chain.tally("first")).isEqualTo(new Counts(ROWS, 9 * tenth, tenth, 0, 0, 0));
      assertThat(chain.tally("second")).isEqualTo(new Counts(9 * tenth, 8 * tenth, 0, tenth, 0, 0));
      assertThat(chain.tally("one")).isEqualTo(passed(8 * tenth));
      assertThat(chain.tally("two")).isEqualTo(passed(9 * tenth));
      assertThat(databases.checksum("target", "public.item"))
          .isEqualTo(
              databases.checksum(
                  "legacy", "(SELECT id, qty, (qty * 2)::text FROM item WHERE qty NOT IN (1, 2))"));
      assertThat(databases.checksum("target", "copy.item"))
          .isEqualTo(
              databases.checksum(
                  "legacy", "(SELECT id, qty, note, qty * 2 FROM item WHERE qty <> 1)"));
    }
  }

  @Test
  void a_branch_whose_worker_was_killed_holds_nothing_of_the_other_back() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, fork());
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage one = RunningStage.start(chain, "one", databases.secrets)) {
      ChainPlan plan = plan(chain);
      try (Connection other =
              DriverManager.getConnection(databases.url("target"), "postgres", "postgres");
          Statement lock = other.createStatement()) {
        other.setAutoCommit(false);
        lock.execute("LOCK TABLE copy.item IN ACCESS EXCLUSIVE MODE");
        try (WorkerProcess two =
            WorkerProcess.start(
                nats.url(), name, "two", databases.secrets, logs.resolve("two.log").toFile())) {
          chain.dispatchAll(plan);
          // In the middle of its transaction, which the lock keeps open.
          await().atMost(SOON).until(() -> chain.inHand("two") > 0);
          two.kill();
        }
        await().atMost(SOON).until(() -> chain.tally("one").in() == ROWS);
        assertThat(chain.decisions("two")).isEmpty();
        assertThat(chain.messages(chain.names.queueStream("read")))
            .isEqualTo(chain.checkpoints(plan).stream().mapToLong(SplitCheckpoint::batches).sum());
        other.rollback();
      }
      try (RunningStage two = RunningStage.start(chain, "two", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      assertThat(chain.tally("one")).isEqualTo(passed(ROWS));
      assertThat(chain.tally("two")).isEqualTo(passed(ROWS));
      for (String table : List.of("public.item", "copy.item")) {
        assertThat(databases.checksum("target", table))
            .isEqualTo(databases.checksum("legacy", "item"));
      }
      assertThat(chain.failures()).isEmpty();
    }
  }
}
