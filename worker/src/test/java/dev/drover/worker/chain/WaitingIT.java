package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.WaitingRound;
import dev.drover.wire.state.WireJson;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records that lack a parent wait for it, by themselves, within bounds, and none is lost. */
class WaitingIT extends ChainScenario {
  /** A few batches. */
  private static final long SMALL_ROOM = 1 << 20;

  /** So wide that some two hundred and fifty fill a batch. */
  private static final String WIDE = "repeat(md5(i::text), 64)";

  private static final Column ID = new Column("id", ColumnType.INTEGER, false, "integer");
  private static final RecordSchema CHILDREN =
      new RecordSchema(
          "public.child", List.of(ID, new Column("parent", ColumnType.INTEGER, true, "integer")));

  @TempDir Path logs;

  /** Each key must come once: a row that came twice would be a failure. */
  private static ChainSpec chain(String table) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of(table), 100_000),
            new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
  }

  private static ChainSpec judged(String that) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.*"), 100_000),
            new StageSpec.Transform("clean", "read", List.of(require(that, "NotOk"))),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Insert, List.of())));
  }

  private static void awaitAllLoaded(TestChain chain, long rows) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              assertThat(chain.tally("load").passed()).isEqualTo(rows);
              assertThat(chain.messages(chain.names.waitingStream())).isZero();
              assertThat(chain.messages(chain.names.queueStream("read"))).isZero();
            });
    assertSameTables();
  }

  private static void assertSameTables() {
    try {
      for (String table :
          databases.query(
              "legacy", "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")) {
        assertThat(databases.checksum("target", table))
            .as(table)
            .isEqualTo(databases.checksum("legacy", table));
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void parents_behind_more_children_than_may_wait_are_reached_all_the_same() throws Exception {
    inBoth(
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO parent SELECT generate_series(1, 100)",
        "INSERT INTO child SELECT i, 1 + i % 100, " + WIDE + " FROM generate_series(1, 3500) i",
        "ANALYZE");
    try (TestChain chain = new TestChain(nats.url(), name, chain("public.*"));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      chain.limit(chain.names.waitingStream(), SMALL_ROOM);
      ChainPlan plan = plan(chain);
      chain.dispatch(table(plan, "public.child"));
      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(chain.stalls("load"))
                      .extracting(Stall::reason)
                      .contains("WaitingRoomFull"));
      long kept = chain.messages(chain.names.queueStream("read"));
      assertThat(kept).as("the queue keeps what the room does not take").isGreaterThan(6);
      assertThat(chain.messages(chain.names.waitingStream())).isBetween(1L, 5L);

      chain.dispatch(table(plan, "public.parent"));

      awaitAllLoaded(chain, 3_600);
      assertThat(chain.failures()).isEmpty();
      await().atMost(SOON).until(() -> chain.stalls("load").isEmpty());
    }
  }

  @Test
  void a_full_room_tells_which_of_its_bounds_was_met() throws Exception {
    inBoth(
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent)");
    try (TestChain chain = new TestChain(nats.url(), name, chain("public.*"));
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      chain.limit(chain.names.waitingStream(), 1);
      chain.enqueue("read", CHILDREN, 0, 1, i -> new Object[] {1, 1});
      awaitStall(chain, "raise spec.queues.maxBytes");

      chain.limit(chain.names.waitingStream(), SMALL_ROOM);
      awaitAllWait(chain, 1);
      chain.limitMessages(chain.names.waitingStream(), 1);
      chain.enqueue("read", CHILDREN, 1, 1, i -> new Object[] {2, 1});
      awaitStall(chain, "batches that it may have, and more bytes would not change that");
    }
  }

  private static void awaitStall(TestChain chain, String told) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(chain.stalls("load"))
                    .singleElement()
                    .returns("WaitingRoomFull", Stall::reason)
                    .satisfies(s -> assertThat(s.message()).contains(told)));
  }

  private static void awaitAllWait(TestChain chain, int batches) {
    await()
        .atMost(SOON)
        .until(
            () ->
                chain.messages(chain.names.waitingStream()) == batches
                    && chain.messages(chain.names.queueStream("read")) == 0);
  }

  /** What comes again costs 1,250 records a second, and would use up the pace for good. */
  @Test
  void parents_are_reached_though_more_comes_again_than_the_pace_allows() throws Exception {
    reachParents(40, 250, 700);
  }

  /** With batches of children in the queue, of so many records, and one of parents behind them. */
  private void reachParents(int batches, int records, long pace) throws Exception {
    inBoth(
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent)");
    RecordSchema parents = new RecordSchema("public.parent", List.of(ID));
    try (TestChain chain = new TestChain(nats.url(), name, chain("public.*"))) {
      chain.limit(chain.names.waitingStream(), 1);
      chain.state.bucket().put(Pace.key("load"), WireJson.bytes(new Pace(pace, 1)));
      for (int batch = 0; batch < batches; batch++) {
        int first = batch * records;
        chain.enqueue("read", CHILDREN, batch, records, i -> new Object[] {first + i, i % 100});
      }
      chain.enqueue("read", parents, 0, 100, i -> new Object[] {i});
      try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(databases.query("target", "SELECT count(*) FROM parent"))
                        .containsExactly("100"));
      }
    }
  }

  @Test
  void two_tables_that_refer_to_each_other_are_loaded() throws Exception {
    inBoth(
        "CREATE TABLE head (id int PRIMARY KEY, tail int, note text)",
        "CREATE TABLE tail (id int PRIMARY KEY, head int REFERENCES head, note text)",
        "ALTER TABLE head ADD FOREIGN KEY (tail) REFERENCES tail DEFERRABLE INITIALLY DEFERRED");
    databases.execute(
        "legacy",
        "INSERT INTO head SELECT i, CASE WHEN i <= 500 THEN i END, "
            + WIDE
            + " FROM generate_series(1, 1000) i; INSERT INTO tail SELECT i, i + 500, "
            + WIDE
            + " FROM generate_series(1, 500) i",
        "ANALYZE");
    try (TestChain chain = new TestChain(nats.url(), name, chain("public.*"));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      assertThat(table(plan, "public.head").after()).isEmpty();
      assertThat(table(plan, "public.tail").after()).isEmpty();

      chain.dispatchAll(plan);

      awaitAllLoaded(chain, 1_500);
      assertThat(chain.failures()).isEmpty();
    }
  }

  @Test
  void children_of_a_parent_that_never_comes_fail_once_it_cannot_come_and_can_be_sent_again()
      throws Exception {
    inBoth(
        "CREATE TABLE parent (id int PRIMARY KEY, ok int)",
        "CREATE TABLE child (id int PRIMARY KEY, ok int, parent int REFERENCES parent)");
    databases.execute(
        "legacy",
        "INSERT INTO parent SELECT i, CASE i WHEN 7 THEN 0 ELSE 1 END FROM generate_series(1, 10) i",
        "INSERT INTO child SELECT i, 1, 1 + i % 10 FROM generate_series(1, 100) i",
        "ANALYZE");
    try (TestChain chain = new TestChain(nats.url(), name, judged("record.ok == 1"));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);
      await()
          .atMost(SOON)
          .untilAsserted(() -> assertThat(now(chain, "load").waiting()).isEqualTo(10));
      assertThat(chain.failures()).as("the parent alone").hasSize(1);
      Map.Entry<Long, FailedMessage> parent =
          chain.failuresBySequence().entrySet().iterator().next();

      chain.state.bucket().put(WaitingRound.key("load"), WireJson.bytes(new WaitingRound(0)));
      await().atMost(SOON).until(() -> chain.messages(chain.names.waitingStream()) == 0);

      assertThat(chain.failures().subList(1, 11))
          .extracting(f -> f.detail().failureClass(), f -> f.detail().cause().code())
          .containsOnly(
              org.assertj.core.groups.Tuple.tuple(FailureClass.Dependency, "ParentMissing"));
      assertThat(chain.failures()).extracting(f -> f.detail().key()).doesNotHaveDuplicates();
      assertThat(now(chain, "load")).isEqualTo(new Counts(109, 99, 0, 10, 0, 0));

      chain.state.bucket().delete(WaitingRound.key("load"));
      Map<Long, FailedMessage> failed = chain.failuresBySequence();
      failed.remove(parent.getKey());
      for (Map.Entry<Long, FailedMessage> child : failed.entrySet()) { // before their parent
        chain.replay(child.getKey(), child.getValue(), UnaryOperator.identity());
      }
      await().atMost(SOON).until(() -> chain.messages(chain.names.waitingStream()) == 10);
      chain.replay(parent.getKey(), parent.getValue(), v -> new Object[] {v[0], 1});

      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(databases.query("target", "SELECT count(*) FROM child"))
                      .containsExactly("100"));
      assertThat(chain.failures()).as("none failed again").hasSize(11);
    }
  }

  @Test
  void without_a_ledger_a_batch_that_comes_again_after_its_ids_are_forgotten_fails_no_record_twice()
      throws Exception {
    inBoth(
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE child (id int PRIMARY KEY, qty int, parent int REFERENCES parent)");
    databases.execute("target", "ALTER TABLE child ADD CHECK (qty > 0)");
    databases.execute(
        "legacy",
        "INSERT INTO parent SELECT generate_series(1, 10)",
        "INSERT INTO child SELECT i, CASE WHEN i <= 3 THEN 0 ELSE 1 END, 1 + i % 10 FROM generate_series(1, 100) i",
        "ANALYZE");
    try (TestChain chain = new TestChain(nats.url(), name, chain("public.*"));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
      chain.limit(chain.names.waitingStream(), 1);
      chain.remembersIdsOfFailuresFor(Duration.ofSeconds(2));
      try (RunningStage load = RunningStage.startWithoutLedger(chain, "load", databases.secrets)) {
        ChainPlan plan = plan(chain);
        chain.dispatch(table(plan, "public.child"));
        await().atMost(SOON).until(() -> chain.deliveries("load") >= 5); // after 1 + 2 + 4 s
        assertThat(chain.failures())
            .extracting(f -> f.detail().key())
            .containsExactly("1", "2", "3");
        chain.dispatch(table(plan, "public.parent"));
        await().atMost(SOON).until(() -> chain.messages(chain.names.queueStream("read")) == 0);
      }
      assertThat(chain.failures()).extracting(f -> f.detail().key()).containsExactly("1", "2", "3");
      assertThat(now(chain, "load")).isEqualTo(new Counts(110, 107, 0, 3, 0, 0));
    }
  }

  /** The tally as it is now: what was decided a second time counts no more as what it was. */
  private static Counts now(TestChain chain, String stage) throws Exception {
    Counts counts = Counts.ZERO;
    for (Decision d : chain.decisions(stage)) {
      long again = d.counts().in();
      counts =
          counts.plus(
              switch (d.origin()) {
                case waiting -> d.counts().plus(new Counts(-again, 0, 0, 0, -again, 0));
                case retry -> d.counts().plus(new Counts(-again, 0, 0, -again, 0, 0));
                default -> d.counts();
              });
    }
    return counts;
  }

  @Test
  void a_table_that_refers_to_itself_is_loaded_though_children_come_first_and_workers_are_killed()
      throws Exception {
    inBoth("CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO node SELECT i, CASE WHEN i < 1200 THEN least(1200, i + 1 + i % 500) END, "
            + WIDE
            + " FROM generate_series(1, 1200) i",
        "ANALYZE");
    File log = logs.resolve("load.log").toFile();
    try (TestChain chain = new TestChain(nats.url(), name, chain("public.node"));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
      chain.limit(chain.names.waitingStream(), SMALL_ROOM);
      chain.comesAgainAfter("load", Duration.ofSeconds(3));
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      await().atMost(SOON).until(() -> chain.recordsRead(plan) == 1_200);
      for (int kill = 0; kill < 2; kill++) {
        int decided = chain.decisions("load").size();
        try (WorkerProcess load =
            WorkerProcess.start(nats.url(), name, "load", databases.secrets, log)) {
          await().atMost(SOON).until(() -> chain.decisions("load").size() > decided);
          load.kill();
        }
      }
      try (WorkerProcess load =
          WorkerProcess.start(nats.url(), name, "load", databases.secrets, log)) {
        awaitAllLoaded(chain, 1_200);
      }
      assertThat(chain.failures()).isEmpty();
      assertThat(now(chain, "load")).isEqualTo(new Counts(1_200, 1_200, 0, 0, 0, 0));
    }
  }
}
