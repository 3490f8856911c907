package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Failed records sent again, with the test at the desk. */
class RetriesIT extends ChainScenario {
  private static ChainSpec chain(int splitRecords, Step... steps) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), splitRecords),
            new StageSpec.Transform("clean", "read", List.of(steps)),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Upsert, List.of())));
  }

  private static void items(int rows) throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, qty integer)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, i FROM generate_series(1, " + rows + ") i",
        "ANALYZE");
  }

  private static UnaryOperator<Object[]> qty(int qty) {
    return values -> new Object[] {values[0], qty};
  }

  /** The one failed record in the queue now, by its sequence. */
  private static Map.Entry<Long, FailedMessage> last(TestChain chain) throws Exception {
    return chain.failuresBySequence().entrySet().stream().reduce((a, b) -> b).orElseThrow();
  }

  private static void awaitRetriesDone(TestChain chain) {
    await().atMost(SOON).until(() -> chain.messages(chain.names.retriesStream()) == 0);
  }

  private static List<Decision> retries(TestChain chain, String stage) throws Exception {
    return chain.decisions(stage).stream().filter(d -> d.origin() == Origin.retry).toList();
  }

  private void sendAgainUntilItPasses(String stage, Step... steps) throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(1000, steps));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);
      Map.Entry<Long, FailedMessage> first = last(chain);
      assertThat(first.getValue().detail().stage()).isEqualTo(stage);
      assertThat(first.getValue().detail().key()).isEqualTo("7");
      assertThat(first.getValue().detail().replays()).isZero();
      assertThat(first.getValue().detail().replayOf()).isNull();

      // Published three times, and still wrong: decided once, failed once more.
      for (int copy = 0; copy < 3; copy++) {
        chain.replay(first.getKey(), first.getValue(), qty(-1));
      }
      awaitRetriesDone(chain);
      assertThat(retries(chain, stage))
          .singleElement()
          .satisfies(
              d -> {
                assertThat(d.batch()).isEqualTo("r" + first.getKey());
                assertThat(d.counts()).isEqualTo(new Counts(1, 0, 0, 1, 0, 0));
              });
      assertThat(chain.failures()).hasSize(2);
      Map.Entry<Long, FailedMessage> second = last(chain);
      assertThat(second.getValue().detail().replayOf()).isEqualTo(first.getKey());
      assertThat(second.getValue().detail().replays()).isEqualTo(1);
      assertThat(second.getValue().detail().firstSeen())
          .isEqualTo(first.getValue().detail().firstSeen());
      assertThat(second.getValue().detail().lastSeen())
          .isGreaterThan(first.getValue().detail().lastSeen());
      assertThat(second.getValue().detail().key()).isEqualTo("7");

      // Its follower, corrected, passes: once, however often it is published.
      for (int copy = 0; copy < 3; copy++) {
        chain.replay(second.getKey(), second.getValue(), qty(70));
      }
      awaitRetriesDone(chain);
      awaitFinished(chain, plan);
      assertThat(retries(chain, stage))
          .extracting(Decision::counts)
          .containsExactly(new Counts(1, 0, 0, 1, 0, 0), new Counts(1, 1, 0, 0, 0, 0));
      assertThat(chain.failures()).hasSize(2);
      assertThat(databases.query("target", "SELECT qty FROM item WHERE id = 7"))
          .containsExactly("70");
      assertThat(databases.query("target", "SELECT count(*) FROM item")).containsExactly("100");
      Counts counts = chain.tally(stage);
      assertThat(counts).isEqualTo(new Counts(102, 100, 0, 2, 0, 0));
      assertThat(chain.tally("load").passed()).isEqualTo(100);
    }
  }

  @Test
  void a_record_sent_to_a_transform_again_is_judged_once_until_it_passes() throws Exception {
    items(100);
    sendAgainUntilItPasses("clean", require("record.qty != 7 && record.qty > 0", "QtyOdd"));
  }

  @Test
  void a_record_sent_to_a_load_again_is_loaded_once() throws Exception {
    items(100);
    databases.execute("target", "ALTER TABLE item ADD CHECK (qty <> 7 AND qty > 0)");
    sendAgainUntilItPasses("load");
  }

  @Test
  void a_replayed_record_that_fails_at_the_next_stage_is_a_failure_of_its_own_there()
      throws Exception {
    items(100);
    databases.execute("target", "ALTER TABLE item ADD CHECK (qty < 1000)");
    try (TestChain chain =
            new TestChain(nats.url(), name, chain(1000, require("record.qty != 7", "Seven")));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);
      Map.Entry<Long, FailedMessage> first = last(chain);
      chain.replay(first.getKey(), first.getValue(), qty(5000));
      awaitRetriesDone(chain);
      awaitFinished(chain, plan);

      FailedMessage.Detail atLoad = last(chain).getValue().detail();
      assertThat(atLoad.stage()).isEqualTo("load");
      assertThat(atLoad.cause().code()).isEqualTo("CheckViolated");
      assertThat(atLoad.replayOf()).isNull();
      assertThat(chain.tally("clean")).isEqualTo(new Counts(101, 100, 0, 1, 0, 0));
      assertThat(chain.tally("load")).isEqualTo(new Counts(100, 99, 0, 1, 0, 0));
    }
  }

  @Test
  void a_retry_overtakes_a_long_queue() throws Exception {
    items(100_000);
    databases.execute("target", "ALTER TABLE item ADD CHECK (qty <> 7)");
    try (TestChain chain = new TestChain(nats.url(), name, chain(500));
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets)) {
      ChainPlan plan = plan(chain);
      assertThat(plan.tables().getFirst().splits()).hasSizeGreaterThan(150);
      chain.dispatchAll(plan);
      try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        await().atMost(SOON).until(() -> !chain.failures().isEmpty());
      }
      await().atMost(SOON).until(() -> chain.tally("clean").in() == 100_000);
      long before = chain.decisions("load").size();

      Map.Entry<Long, FailedMessage> failed = last(chain);
      try (Connection other =
              DriverManager.getConnection(databases.url("target"), "postgres", "postgres");
          Statement lock = other.createStatement()) {
        other.setAutoCommit(false);
        lock.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE");
        try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
          await().atMost(SOON).until(() -> chain.inHand("load") >= 6);
          chain.replay(failed.getKey(), failed.getValue(), qty(70));
          other.rollback();
          awaitFinished(chain, plan);
        }
      }
      List<String> order = chain.decisions("load").stream().map(Decision::batch).toList();
      // Those in hand, and those fetched at the same moment, may come before it; not the rest.
      assertThat(order.indexOf("r" + failed.getKey()) - before).isBetween(0L, 18L);
      assertThat(order.size() - before).isGreaterThan(30);
      assertThat(databases.query("target", "SELECT count(*) FROM item")).containsExactly("100000");
    }
  }
}
