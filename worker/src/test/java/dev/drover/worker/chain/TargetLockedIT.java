package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.CreateTables;
import dev.drover.wire.plan.StageSpec.Indexes;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.StateStore;
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.KeyValueWatcher;
import io.nats.client.impl.NatsKeyValueWatchSubscription;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Somebody at the target holds a lock: the stage says who, waits, and goes on by itself. */
class TargetLockedIT extends ChainScenario {
  private static final int ROWS = 5000;

  private Connection other;
  private int pid;

  @BeforeEach
  void tables() throws Exception {
    inBoth(
        "CREATE TABLE parent (id integer PRIMARY KEY)",
        "CREATE TABLE item (id integer PRIMARY KEY, note text, parent integer"
            + " CONSTRAINT item_parent REFERENCES parent)",
        "INSERT INTO parent VALUES (1)");
    databases.execute("target", "CREATE INDEX item_note ON item (note)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, 'n' || i, 1 FROM generate_series(1, " + ROWS + ") i",
        "ANALYZE");
    other =
        DriverManager.getConnection(
            databases.url("target") + "?ApplicationName=night%20job", "postgres", "postgres");
    try (Statement statement = other.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      pid = row.getInt(1);
    }
    other.setAutoCommit(false);
  }

  @AfterEach
  void leave() throws Exception {
    other.close();
  }

  @Test
  void a_lock_on_the_table() throws Exception {
    held("LOCK TABLE item IN SHARE MODE");
    toldAndOver(Indexes.Keep, "on item");
  }

  @Test
  void a_key_that_another_transaction_has_written_too() throws Exception {
    held("INSERT INTO item VALUES (70, 'a secret', 1)");
    toldAndOver(Indexes.Keep, "on item");
  }

  @Test
  void a_parent_that_another_transaction_is_about_to_delete() throws Exception {
    held("DELETE FROM parent"); // which looks for its children
    toldAndOver(Indexes.Keep, "on item, parent");
  }

  @Test
  void a_reader_when_indexes_are_to_be_dropped() throws Exception {
    held("SELECT FROM item");
    toldAndOver(Indexes.Defer, "on item");
  }

  @Test
  void a_writer_when_indexes_are_to_be_built() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(Indexes.Defer))) {
      ChainPlan plan = plan(chain);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage load = RunningStage.startPlanned(chain, "load", databases.secrets, plan)) {
        chain.dispatchAll(plan);
        awaitFinished(chain, plan);
        held("UPDATE item SET note = 'a secret' WHERE id = 1");
        chain.askToFinish("load");
        assertTold(chain, "on item");
        other.rollback();
        await().atMost(SOON).until(() -> chain.isFinished("load"));
        await().atMost(SOON).until(() -> chain.stalls("load").isEmpty());
      }
    }
  }

  @Test
  void a_deadlock_is_ended_by_the_server_and_tried_again_in_place() throws Exception {
    // The load waits first, and is to be the one that the server ends.
    databases.execute("target", "ALTER DATABASE target SET deadlock_timeout = '3s'");
    held("SET deadlock_timeout = '1min'");
    held("INSERT INTO item VALUES (" + ROWS + ", 'a secret', 1)");
    other.commit();
    held("UPDATE item SET note = 'another' WHERE id = " + ROWS);
    try (TestChain chain = new TestChain(nats.url(), name, upserts())) {
      List<String> stalls = new CopyOnWriteArrayList<>();
      ChainPlan plan = plan(chain);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage load = RunningStage.startPlanned(chain, "load", databases.secrets, plan);
          NatsKeyValueWatchSubscription watch = told(chain, stalls)) {
        chain.dispatchAll(plan);
        List<String> waiting = new ArrayList<>();
        await()
            .atMost(SOON)
            .until(
                () ->
                    waiting.addAll(
                        databases.query(
                            "target",
                            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'")));

        // What the load has written in the same transaction: it goes on when that is ended.
        held("INSERT INTO item VALUES (" + (ROWS - 1) + ", 'a secret', 1)");
        other.rollback();

        awaitFinished(chain, plan);
        assertThat(
                databases.query(
                    "target",
                    "SELECT pid FROM pg_stat_activity WHERE datname = 'target'"
                        + " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
                        + " AND pid <> "
                        + pid))
            .as("the load's sessions")
            .isEqualTo(waiting);
        assertThat(
                databases.query(
                    "target", "SELECT deadlocks FROM pg_stat_database WHERE datname = 'target'"))
            .isNotEqualTo(List.of("0"));
      }
      assertThat(stalls).isEmpty();
      assertThat(chain.tally("load")).isEqualTo(new Counts(ROWS, ROWS, 0, 0, 0, 0));
      assertThat(databases.checksum("target", "item"))
          .isEqualTo(databases.checksum("legacy", "item"));
    } finally {
      databases.execute("target", "ALTER DATABASE target RESET deadlock_timeout");
    }
  }

  /** What the load tells from now on that it waits for. */
  private static NatsKeyValueWatchSubscription told(TestChain chain, List<String> stalls)
      throws Exception {
    KeyValueWatcher watcher =
        new KeyValueWatcher() {
          @Override
          public void watch(KeyValueEntry entry) {
            if (entry.getValue() != null) {
              stalls.add(new String(entry.getValue(), StandardCharsets.UTF_8));
            }
          }

          @Override
          public void endOfData() {}
        };
    return chain.state.bucket().watch(StateStore.STALLS + "load.>", watcher);
  }

  private void held(String statement) throws Exception {
    try (Statement s = other.createStatement()) {
      s.execute(statement);
    }
  }

  private void toldAndOver(Indexes indexes, String where) throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(indexes))) {
      ChainPlan plan = plan(chain);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage load = RunningStage.startPlanned(chain, "load", databases.secrets, plan)) {
        chain.dispatchAll(plan);
        assertTold(chain, where);
        assertThat(chain.tally("load")).isEqualTo(Counts.ZERO);

        other.rollback();
        awaitFinished(chain, plan);
        await().atMost(SOON).until(() -> chain.stalls("load").isEmpty());
      }
      assertThat(chain.tally("load")).isEqualTo(new Counts(ROWS, ROWS, 0, 0, 0, 0));
      assertThat(databases.checksum("target", "item"))
          .isEqualTo(databases.checksum("legacy", "item"));
    }
  }

  private void assertTold(TestChain chain, String where) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(chain.stalls("load"))
                    .singleElement()
                    .satisfies(
                        told -> {
                          assertThat(told.reason()).isEqualTo("TargetLocked");
                          assertThat(told.message())
                              .contains("public.item")
                              .contains("process " + pid + " (night job) " + where)
                              .contains("idle in transaction")
                              .doesNotContain("secret");
                        }));
  }

  private static ChainSpec upserts() {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), ROWS),
            new StageSpec.Load("load", "read", "target", null, LoadMode.Upsert, List.of())));
  }

  private static ChainSpec chain(Indexes indexes) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), 1000),
            new StageSpec.Load(
                "load",
                "read",
                "target",
                null,
                LoadMode.Insert,
                List.of(),
                CreateTables.Never,
                indexes)));
  }
}
