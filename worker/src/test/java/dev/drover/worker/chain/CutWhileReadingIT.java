package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.SplitCheckpoint.OpenBatch;
import dev.drover.wire.state.SplitCheckpoint.Take;
import io.nats.client.api.StreamConfiguration;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tables that were planned when they were nearly empty, so that one split turns out far too long
 * and is cut while it is read. Rows are inserted at the target: one that came twice would fail.
 */
class CutWhileReadingIT extends ChainScenario {
  private static final int ROWS = 30_000;
  private static final SplitId SPLIT = SplitId.of("public.item", 0);
  private static final String FILL =
      "INSERT INTO item SELECT 10 * i, i %% 7, repeat('x', 60) FROM generate_series(%d, %d) i";

  @TempDir Path logs;

  private static ChainSpec chain(int splitRecords) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), splitRecords),
            new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
  }

  /** A plan of the table with ten rows in it; then it grows. */
  private static ChainPlan planEarly(TestChain chain, String columns, int rows) throws Exception {
    inBoth("CREATE TABLE item (" + columns + ")");
    databases.execute("legacy", FILL.formatted(1, 10), "ANALYZE");
    ChainPlan plan = plan(chain);
    assertThat(plan.tables().getFirst().splits()).containsExactly(KeyRange.ALL);
    databases.execute("legacy", FILL.formatted(11, rows));
    return plan;
  }

  private static ChainPlan planEarly(TestChain chain, int rows) throws Exception {
    return planEarly(chain, "id integer PRIMARY KEY, qty integer, note text", rows);
  }

  private WorkerProcess reader() throws Exception {
    return WorkerProcess.start(
        nats.url(), name, "read", databases.secrets, logs.resolve("read.log").toFile());
  }

  private static SplitCheckpoint checkpoint(TestChain chain, SplitId split) throws Exception {
    return chain.state.checkpoint("read", split).orElseThrow().value();
  }

  /** Each row is read by one split, decided by the load once, and in the target once. */
  private static void assertEachRowOnce(TestChain chain, ChainPlan plan) throws Exception {
    List<SplitCheckpoint> all = chain.checkpoints(plan);
    assertThat(all).allMatch(c -> c.done() && c.open().isEmpty() && c.cutOff().isEmpty());
    long records = all.stream().mapToLong(SplitCheckpoint::records).sum();
    assertThat(chain.tally("load")).isEqualTo(new Counts(records, records, 0, 0, 0, 0));
    assertThat(chain.failures()).isEmpty();
    assertThat(databases.checksum("target", "item"))
        .isEqualTo(databases.checksum("legacy", "item"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "id integer PRIMARY KEY, qty integer, note text",
        "id integer, qty integer, note text, PRIMARY KEY (qty, id)",
        "id integer, qty integer, note text"
      })
  void a_split_that_is_too_long_is_cut_and_read_by_several(String columns) throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(1000));
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = planEarly(chain, columns, ROWS);
      chain.dispatchAll(plan);
      Set<String> readers = new TreeSet<>();
      try (RunningStage one = RunningStage.start(chain, "read", databases.secrets);
          RunningStage two = RunningStage.start(chain, "read", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      for (SplitCheckpoint c : chain.checkpoints(plan)) {
        readers.add(c.owner());
        assertThat(c.records()).isLessThan(ROWS / 2);
      }
      assertThat(chain.splits(plan.tables().getFirst())).hasSizeGreaterThan(10);
      assertThat(readers).hasSize(2);
      assertEachRowOnce(chain, plan);
    }
  }

  @Test
  void a_piece_that_has_grown_meanwhile_is_cut_again() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(1000));
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = planEarly(chain, ROWS);
      chain.dispatchAll(plan);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        await()
            .atMost(SOON)
            .until(() -> chain.checkpoints(plan).stream().limit(1).anyMatch(SplitCheckpoint::done));
      }
      SplitCheckpoint parent = checkpoint(chain, SPLIT);
      SplitId piece = SPLIT.cutOff(parent.cuts() - 1);
      assertThat(checkpoint(chain, piece).epoch()).isZero();
      String behind = " FROM item WHERE id > " + parent.range().upTo().getFirst();
      databases.execute(
          "legacy",
          "INSERT INTO item SELECT id - n"
              + behind.replace(" WHERE", ", generate_series(1, 5) n WHERE")
              + " AND id % 10 = 0");
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      SplitCheckpoint first = checkpoint(chain, piece);
      assertThat(first.cuts()).isPositive();
      assertThat(first.range().upTo())
          .isNotEqualTo(parent.range().upTo())
          .isEqualTo(checkpoint(chain, piece.cutOff(0)).range().after());
      assertThat(databases.checksum("target", "(SELECT *" + behind + ")"))
          .isEqualTo(databases.checksum("legacy", "(SELECT *" + behind + ")"));
      assertThat(chain.failures()).isEmpty();
    }
  }

  @Test
  void a_split_is_cut_after_a_range_that_was_read_again_in_pieces() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(1000));
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = planEarly(chain, ROWS);
      // As a crash leaves it: a batch that is open, whose range has outgrown a message since.
      List<String> readUpTo = List.of("15000");
      chain.state.create(
          "read",
          SPLIT,
          new SplitCheckpoint(
              1,
              "read-dead",
              new KeyRange(null, List.of("" + 10 * ROWS)),
              1,
              readUpTo,
              List.of(
                  new OpenBatch(0, new KeyRange(null, readUpTo), List.of(new Take(1, 1500, 0)))),
              false,
              0,
              0,
              0));
      databases.execute("legacy", "UPDATE item SET note = repeat('y', 2000) WHERE id <= 15000");
      chain.dispatchAll(plan);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      assertThat(checkpoint(chain, SPLIT).cuts()).isPositive();
      assertThat(chain.decisions("load"))
          .filteredOn(d -> d.batch().equals(BatchId.extracted(SPLIT, 0).text()))
          .singleElement()
          .matches(d -> d.take() == 2 && d.counts().in() < 1500);
      assertEachRowOnce(chain, plan);
    }
  }

  /** A reader's life around its first cut, in a process that can be killed. */
  private final class Held implements AutoCloseable {
    private final TestChain chain = new TestChain(nats.url(), name, chain(50_000));
    private final ChainPlan plan = planEarly(chain, 220_000);
    private final Connection user =
        DriverManager.getConnection(databases.url("legacy"), "postgres", "postgres");
    private final WorkerProcess reader;

    /**
     * Starts a reader and holds it when it is about to cut: the lock is given when the reader's
     * transaction ends, and its search for where to cut waits for the lock.
     */
    Held() throws Exception {
      user.setAutoCommit(false);
      chain.dispatchAll(plan);
      reader = reader();
      try {
        hold();
      } catch (Exception | AssertionError e) {
        close(); // else the lock would hold up the next test
        throw e;
      }
    }

    private void hold() throws Exception {
      await()
          .atMost(SOON)
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(2))
          .until(() -> chain.checkpoints(plan).stream().anyMatch(c -> !c.open().isEmpty()));
      try (Statement statement = user.createStatement()) {
        statement.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE");
      }
      await()
          .atMost(SOON)
          .until(
              () ->
                  databases.query(
                      "legacy",
                      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                          + " AND query LIKE '%LOCK TABLE ONLY%'"),
              waiting -> waiting.size() == 1);
      assertThat(checkpoint(chain, SPLIT).recordsRead()).isGreaterThanOrEqualTo(100_000);
      assertThat(checkpoint(chain, SPLIT).cuts()).isZero();
    }

    void letGo() throws Exception {
      user.rollback();
    }

    void maxKeys(long keys) throws Exception {
      var management = chain.nats.jetStreamManagement();
      management.updateStream(
          StreamConfiguration.builder(management.getStreamInfo(stateStream()).getConfiguration())
              .maxMessages(keys)
              .build());
    }

    String stateStream() {
      return "KV_" + chain.names.stateBucket();
    }

    void finishByAnother() throws Exception {
      chain.nats.jetStreamManagement().purgeStream(chain.names.splitsStream());
      chain.dispatchAll(plan);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      assertThat(checkpoint(chain, SPLIT).cuts()).isPositive();
      assertEachRowOnce(chain, plan);
    }

    @Override
    public void close() throws Exception {
      user.close();
      reader.kill();
      chain.close();
    }
  }

  @Test
  void killed_right_before_the_write_that_cuts_nothing_is_cut_and_the_next_reader_cuts()
      throws Exception {
    try (Held held = new Held()) {
      held.reader.kill();
      held.letGo();

      assertThat(checkpoint(held.chain, SPLIT).cuts()).isZero();
      held.finishByAnother();
    }
  }

  @Test
  void killed_right_after_it_the_next_reader_makes_the_pieces_known() throws Exception {
    try (Held held = new Held()) {
      // No room for another key: the write that cuts is taken, the pieces' own are not.
      held.maxKeys(held.chain.messages(held.stateStream()));
      held.letGo();
      await().atMost(SOON).until(() -> checkpoint(held.chain, SPLIT).cuts() > 0);
      held.reader.kill();
      held.maxKeys(-1);

      SplitCheckpoint cut = checkpoint(held.chain, SPLIT);
      assertThat(cut.cutOff()).hasSize(cut.cuts());
      assertThat(held.chain.state.checkpoint("read", SPLIT.cutOff(0))).isEmpty();
      held.finishByAnother();
    }
  }

  @Test
  void readers_killed_at_random_while_they_cut_lose_and_double_nothing() throws Exception {
    Random random = new Random(20261124);
    try (TestChain chain = new TestChain(nats.url(), name, chain(1000));
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = planEarly(chain, 100_000);
      chain.dispatchAll(plan);
      WorkerProcess a = reader();
      WorkerProcess b = reader();
      try {
        for (int kill = 1; kill <= 3; kill++) {
          long target = kill * 12_000L + random.nextInt(5000);
          await()
              .atMost(SOON)
              .pollInterval(Duration.ofMillis(20))
              .until(
                  () -> {
                    chain.dispatchCutOff(plan);
                    return chain.tally("load").in() >= target;
                  });
          a.kill();
          a = b;
          b = reader();
        }
        awaitFinished(chain, plan);
      } finally {
        a.close();
        b.close();
      }
      assertThat(chain.splits(plan.tables().getFirst())).hasSizeGreaterThan(50);
      assertEachRowOnce(chain, plan);
    }
  }
}
