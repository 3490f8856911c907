package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.budget.Breach;
import dev.drover.wire.budget.BudgetOrder;
import dev.drover.wire.budget.BudgetTerms;
import dev.drover.wire.budget.BudgetTerms.Limit;
import dev.drover.wire.budget.BudgetTerms.Scope;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.WireJson;
import io.nats.client.api.KeyValueEntry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stages whose error budget is exceeded in mid-stream; the operator is nowhere. */
class BudgetIT extends ChainScenario {
  private static final int ROWS = 16_000;
  private static final int BATCH = 100;
  private static final int GOOD = 6_000;
  private static final long ALLOWED = 250;

  /** Batches after the one that exceeds the budget; the bound. */
  private static final int AT_MOST_AFTER = 20;

  private static final BudgetTerms FEW = new BudgetTerms(ALLOWED, null, 1, null, Scope.Stage);
  private static final BudgetTerms MANY =
      new BudgetTerms((long) ROWS, null, 1, null, Scope.Fingerprint);

  /**
   * Rows after the first {@value #GOOD} fail at the stage: all of them, or of those that are read,
   * since each is looked for by itself, one in ten.
   *
   * @return how many fail
   */
  private int items(String stage) throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, qty integer, at timestamp)");
    int oneIn = stage.equals("read") ? 10 : 1;
    String column = stage.equals("read") ? "at = '294276-12-31'" : "qty = -1";
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, i, '2026-01-01' FROM generate_series(1, " + ROWS + ") i",
        "UPDATE item SET %s WHERE id > %d AND id %% %d = 0".formatted(column, GOOD, oneIn),
        "ANALYZE");
    if (stage.equals("load")) {
      databases.execute("target", "ALTER TABLE item ADD CONSTRAINT positive CHECK (qty > 0)");
    }
    return (ROWS - GOOD) / oneIn;
  }

  /** Splits of a batch each, so that batches are small. */
  private static ChainSpec chain(String failing) {
    String rule = failing.equals("clean") ? "record.qty > 0" : "true";
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), BATCH),
            new StageSpec.Transform("clean", "read", List.of(require(rule, "NotPositive"))),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Insert, List.of())));
  }

  private static void tell(TestChain chain, String stage, String edition, BudgetTerms terms)
      throws Exception {
    long after =
        chain
            .nats
            .jetStreamManagement()
            .getStreamInfo(chain.names.decisionsStream())
            .getStreamState()
            .getLastSequence();
    chain
        .state
        .bucket()
        .put(BudgetOrder.key(stage), WireJson.bytes(new BudgetOrder(edition, terms, after)));
  }

  private static @Nullable Breach breach(TestChain chain, String stage) throws Exception {
    KeyValueEntry entry = chain.state.bucket().get(Breach.key(stage));
    return entry == null || entry.getValue() == null
        ? null
        : WireJson.parse(entry.getValue(), Breach.class);
  }

  private static Breach awaitBreach(TestChain chain, String stage) {
    return await().atMost(SOON).until(() -> breach(chain, stage), b -> b != null);
  }

  private static void awaitStandstill(TestChain chain, String stage) {
    AtomicLong last = new AtomicLong(-1);
    await()
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(200))
        .during(Duration.ofSeconds(4))
        .until(
            () -> {
              long now = chain.decisions(stage).size();
              return last.getAndSet(now) == now;
            });
  }

  /** How many batches were decided after the one by which more failed than allowed. */
  private static long decidedAfterBreach(TestChain chain, String stage) throws Exception {
    long failed = 0;
    long after = 0;
    for (Decision d : chain.decisions(stage)) {
      after += failed > ALLOWED ? 1 : 0;
      failed += d.counts().failed();
    }
    assertThat(failed).as("the budget is exceeded").isGreaterThan(ALLOWED);
    return after;
  }

  private static List<RunningStage> others(TestChain chain, String stage) throws Exception {
    List<RunningStage> others = new ArrayList<>();
    for (String name : List.of("read", "clean", "load")) {
      if (!name.equals(stage)) {
        others.add(RunningStage.start(chain, name, databases.secrets));
      }
    }
    return others;
  }

  private static void closeAll(List<RunningStage> stages) throws Exception {
    for (RunningStage stage : stages) {
      stage.close();
    }
  }

  /** Records that a stage is done with, by what became of them. */
  private static Counts counts(TestChain chain, ChainPlan plan, String stage) throws Exception {
    if (!stage.equals("read")) {
      return chain.tally(stage);
    }
    Counts sum = Counts.ZERO;
    for (SplitCheckpoint c : chain.checkpoints(plan)) {
      sum = sum.plus(new Counts(c.records(), c.records() - c.failed(), 0, c.failed(), 0, 0));
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(strings = {"read", "clean", "load"})
  void a_stage_of_two_workers_stops_soon_after_too_many_failed_and_goes_on_by_an_edit(String stage)
      throws Exception {
    int bad = items(stage);
    try (TestChain chain = new TestChain(nats.url(), name, chain(stage))) {
      ChainPlan plan = plan(chain);
      tell(chain, stage, "first", FEW);
      List<RunningStage> others = others(chain, stage);
      try {
        List<RunningStage> two =
            List.of(
                RunningStage.start(chain, stage, databases.secrets),
                RunningStage.start(chain, stage, databases.secrets));
        chain.dispatchAll(plan);
        Breach breach = awaitBreach(chain, stage);
        awaitStandstill(chain, stage);

        assertThat(decidedAfterBreach(chain, stage)).isLessThanOrEqualTo(AT_MOST_AFTER);
        assertThat(breach.excess().limit()).isEqualTo(Limit.maxRecords);
        assertThat(breach.excess().failed()).isGreaterThan(ALLOWED);
        assertThat(breach.excess().records()).isGreaterThanOrEqualTo(GOOD);
        assertThat(breach.cause())
            .as("what broke it")
            .satisfies(
                c -> assertThat(c.fingerprint(stage)).isEqualTo(breach.excess().fingerprint()))
            .satisfies(c -> assertThat(c.table()).isEqualTo("public.item"));
        assertThat(chain.failures())
            .as("every record that failed is in the error queue")
            .hasSize((int) counts(chain, plan, stage).failed());

        // Who starts anew, with nobody left to tell, stays paused.
        closeAll(two);
        long decided = chain.decisions(stage).size();
        try (RunningStage third = RunningStage.start(chain, stage, databases.secrets)) {
          awaitStandstill(chain, stage);
          assertThat(chain.decisions(stage)).hasSize((int) decided);

          // So it does when nobody lived to write down what all of them saw.
          third.close();
          chain.state.bucket().delete(Breach.key(stage));
        }
        try (RunningStage fourth = RunningStage.start(chain, stage, databases.secrets)) {
          assertThat(awaitBreach(chain, stage)).isEqualTo(breach);
          awaitStandstill(chain, stage);
          assertThat(chain.decisions(stage)).hasSize((int) decided);

          tell(chain, stage, "second", MANY);
          awaitFinished(chain, plan);
          assertThat(fourth.stalls().any()).isFalse();
        }
      } finally {
        closeAll(others);
      }
      Counts at = counts(chain, plan, stage);
      assertThat(at).isEqualTo(new Counts(ROWS, ROWS - bad, 0, bad, 0, 0));
      assertThat(chain.failures()).hasSize(bad);
      assertThat(databases.checksum("target", "item"))
          .isEqualTo(
              databases.checksum(
                  "legacy", "(SELECT * FROM item WHERE qty > 0 AND at < '3000-01-01')"));
    }
  }

  @Test
  void a_budget_is_taken_back_given_and_edited_while_workers_run() throws Exception {
    items("clean");
    try (TestChain chain = new TestChain(nats.url(), name, chain("clean"))) {
      ChainPlan plan = plan(chain);
      List<RunningStage> others = others(chain, "clean");
      // Before the worker: it looks once a second, in which a fast one is done with everything.
      tell(chain, "clean", "first", FEW);
      try (RunningStage clean = RunningStage.start(chain, "clean", databases.secrets)) {
        chain.dispatchAll(plan);
        Breach first = awaitBreach(chain, "clean");
        awaitStandstill(chain, "clean");

        // The same again is another count, for which what failed before does not count.
        tell(chain, "clean", "first", FEW);
        Breach second =
            await().atMost(SOON).until(() -> breach(chain, "clean"), b -> !first.equals(b));
        assertThat(second.after()).isGreaterThan(first.after());
        assertThat(second.excess().failed()).isBetween(ALLOWED, ALLOWED + 2 * BATCH);
        awaitStandstill(chain, "clean");

        chain.state.bucket().delete(BudgetOrder.key("clean"));
        awaitFinished(chain, plan);
        assertThat(clean.stalls().any()).isFalse();
      } finally {
        closeAll(others);
      }
      assertThat(chain.tally("clean")).isEqualTo(new Counts(ROWS, GOOD, 0, ROWS - GOOD, 0, 0));
    }
  }

  @Test
  void a_budget_that_cannot_be_read_lets_nothing_be_taken_and_a_good_one_counts_again()
      throws Exception {
    items("clean");
    try (TestChain chain = new TestChain(nats.url(), name, chain("clean"))) {
      ChainPlan plan = plan(chain);
      chain.state.bucket().put(BudgetOrder.key("clean"), "a few".getBytes(StandardCharsets.UTF_8));
      List<RunningStage> others = others(chain, "clean");
      try (RunningStage clean = RunningStage.start(chain, "clean", databases.secrets)) {
        chain.dispatchAll(plan);
        awaitStandstill(chain, "clean");
        assertThat(chain.decisions("clean")).as("no budget is known yet").isEmpty();
        tell(chain, "clean", "first", MANY);
        awaitFinished(chain, plan);
        assertThat(clean.stalls().any()).isFalse();
      } finally {
        closeAll(others);
      }
    }
  }

  @Test
  void a_share_over_a_window_is_kept_by_a_stage_that_is_mostly_good() throws Exception {
    items("clean");
    try (TestChain chain = new TestChain(nats.url(), name, chain("clean"))) {
      ChainPlan plan = plan(chain);
      tell(chain, "clean", "first", new BudgetTerms(null, 70, 1000, 600, Scope.Stage));
      List<RunningStage> others = others(chain, "clean");
      try (RunningStage clean = RunningStage.start(chain, "clean", databases.secrets)) {
        chain.dispatchAll(plan);
        awaitFinished(chain, plan); // five in eight fail
        assertThat(breach(chain, "clean")).isNull();
        assertThat(clean.stalls().any()).isFalse();
      } finally {
        closeAll(others);
      }
      tell(chain, "clean", "second", new BudgetTerms(null, 10, 1, 600, Scope.Stage));
      try (RunningStage clean = RunningStage.start(chain, "clean", databases.secrets)) {
        awaitStandstill(chain, "clean");
        assertThat(breach(chain, "clean")).as("what was before it does not count").isNull();
        assertThat(clean.stalls().any()).isFalse();
      }
    }
  }
}
