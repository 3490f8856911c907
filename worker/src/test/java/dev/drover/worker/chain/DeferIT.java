package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.CreateTables;
import dev.drover.wire.plan.StageSpec.Indexes;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.Stall;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code indexes: Defer}: dropped before the first row, built when all are decided. */
class DeferIT extends ChainScenario {
  private static final String SECONDARY =
      "SELECT to_regclass('child_note') || ' ' || (SELECT count(*) FROM pg_constraint"
          + " WHERE conrelid = 'child'::regclass AND contype = 'f')";

  @TempDir Path logs;

  @BeforeEach
  void tables() throws Exception {
    inBoth(
        "CREATE TABLE parent (id integer PRIMARY KEY)",
        "CREATE TABLE child (id integer PRIMARY KEY, note text, parent integer"
            + " CONSTRAINT child_parent REFERENCES parent)");
    databases.execute("target", "CREATE INDEX child_note ON child (note)");
    databases.execute(
        "legacy",
        "INSERT INTO parent SELECT generate_series(1, 100)",
        "INSERT INTO child SELECT i, 'n' || i, 1 + i % 100 FROM generate_series(1, 5000) i",
        "ANALYZE");
  }

  private static ChainSpec chain() {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.*"), 1000),
            new StageSpec.Load(
                "load",
                "read",
                "target",
                null,
                LoadMode.Upsert,
                List.of(),
                CreateTables.Never,
                Indexes.Defer)));
  }

  private static void eventually(Callable<Boolean> condition) {
    await().atMost(SOON).until(condition);
  }

  private static ChainPlan loaded(TestChain chain) throws Exception {
    ChainPlan plan = plan(chain);
    try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage load = RunningStage.startPlanned(chain, "load", databases.secrets, plan)) {
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);
    }
    return plan;
  }

  @Test
  void the_plan_tells_what_goes_and_the_end_brings_it_back() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      ChainPlan plan = loaded(chain);
      assertThat(plan.findings())
          .singleElement()
          .extracting(Finding::reason)
          .isEqualTo("IndexesDeferred");
      assertThat(plan.findings().getFirst().message())
          .contains("index public.child_note", "foreign key child_parent of table public.child");
      assertThat(chain.tally("load").waiting()).as("no child waits for its parent").isZero();
      assertThat(databases.query("target", SECONDARY)).containsOnlyNulls();
      try (RunningStage load = RunningStage.startPlanned(chain, "load", databases.secrets, plan)) {
        chain.askToFinish("load");
        eventually(() -> chain.isFinished("load"));
      }
      assertThat(databases.query("target", SECONDARY)).containsExactly("child_note 1");
      assertThat(databases.checksum("target", "child"))
          .isEqualTo(databases.checksum("legacy", "child"));
    }
  }

  @Test
  void a_missing_parent_is_told_at_the_end_and_when_it_is_there_the_stage_is_finished()
      throws Exception {
    databases.execute(
        "legacy",
        "ALTER TABLE child DROP CONSTRAINT child_parent",
        "DELETE FROM parent WHERE id = 7");
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      ChainPlan plan = loaded(chain);
      try (RunningStage load = RunningStage.startPlanned(chain, "load", databases.secrets, plan)) {
        chain.askToFinish("load");
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(chain.stalls("load"))
                        .singleElement()
                        .extracting(Stall::reason)
                        .isEqualTo("ForeignKeyBroken"));
        assertThat(chain.stalls("load").getFirst().message()).contains("child_parent");
        assertThat(chain.isFinished("load")).isFalse();
        databases.execute("target", "INSERT INTO parent VALUES (7)");
        eventually(() -> chain.isFinished("load"));
        eventually(() -> chain.stalls("load").isEmpty());
      }
      assertThat(databases.query("target", "SELECT count(*) FROM child")).containsExactly("5000");
    }
  }

  @Test
  void a_worker_that_is_killed_while_it_builds_is_followed_by_another() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      loaded(chain);
      chain.askToFinish("load");
      try (Connection other =
              DriverManager.getConnection(databases.url("target"), "postgres", "postgres");
          Statement statement = other.createStatement()) {
        other.setAutoCommit(false);
        statement.execute("UPDATE child SET note = note WHERE id = 1");
        try (WorkerProcess worker =
            WorkerProcess.start(
                nats.url(), name, "load", databases.secrets, logs.resolve("1").toFile())) {
          eventually(
              () ->
                  databases
                          .query(
                              "target",
                              "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                  + " AND query LIKE 'CREATE INDEX%'")
                          .size()
                      == 1);
          worker.kill();
        }
        other.rollback();
      }
      assertThat(chain.isFinished("load")).isFalse();
      try (WorkerProcess worker =
          WorkerProcess.start(
              nats.url(), name, "load", databases.secrets, logs.resolve("2").toFile())) {
        eventually(() -> chain.isFinished("load"));
      }
      assertThat(databases.query("target", SECONDARY)).containsExactly("child_note 1");
    }
  }

  @Test
  void a_worker_that_is_asked_to_leave_while_it_builds_does_so_and_another_builds()
      throws Exception {
    databases.execute(
        "target",
        "CREATE FUNCTION linger() RETURNS event_trigger LANGUAGE plpgsql AS"
            + " 'BEGIN PERFORM pg_sleep(600); END'",
        "CREATE EVENT TRIGGER linger ON ddl_command_end WHEN TAG IN ('CREATE INDEX')"
            + " EXECUTE FUNCTION linger()");
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      loaded(chain);
      chain.askToFinish("load");
      try (WorkerProcess worker =
          WorkerProcess.start(
              nats.url(), name, "load", databases.secrets, logs.resolve("1").toFile())) {
        eventually(
            () ->
                databases
                        .query(
                            "target",
                            "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                                + " AND query LIKE 'CREATE INDEX%'")
                        .size()
                    == 1);
        assertThat(worker.leaves(Duration.ofSeconds(14))).isTrue();
      } finally {
        databases.execute("target", "DROP EVENT TRIGGER linger");
      }
      assertThat(chain.isFinished("load")).isFalse();
      ChainPlan plan = chain.state.plan(TestChain.REVISION).orElseThrow();
      try (RunningStage load = RunningStage.startPlanned(chain, "load", databases.secrets, plan)) {
        eventually(() -> chain.isFinished("load"));
      }
      assertThat(databases.query("target", SECONDARY)).containsExactly("child_note 1");
    }
  }
}
