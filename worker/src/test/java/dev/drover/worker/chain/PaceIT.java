package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.WireJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stages that are told how fast they may go, while they run. */
class PaceIT extends ChainScenario {
  private static final int ROWS = 4_000;
  private static final int BATCH = 100;
  private static final List<String> STAGES = List.of("read", "clean", "load");

  @BeforeEach
  void items() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, qty integer, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, i, md5(i::text) FROM generate_series(1, " + ROWS + ") i",
        "ANALYZE");
  }

  /** Splits of a batch each, so that batches are small. */
  private static ChainSpec chain() {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), BATCH),
            new StageSpec.Transform("clean", "read", List.of(set("qty", "record.qty"))),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Insert, List.of())));
  }

  private static void tell(TestChain chain, String stage, Pace pace) throws Exception {
    chain.state.bucket().put(Pace.key(stage), WireJson.bytes(pace));
  }

  /** Records that a stage is done with. */
  private static long moved(TestChain chain, ChainPlan plan, String stage) throws Exception {
    return stage.equals("read")
        ? chain.checkpoints(plan).stream().mapToLong(SplitCheckpoint::records).sum()
        : chain.tally(stage).in();
  }

  private static void awaitStandstill(TestChain chain, ChainPlan plan, String stage) {
    AtomicLong last = new AtomicLong(-1);
    await()
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(200))
        .during(Duration.ofSeconds(5))
        .until(
            () -> {
              long now = moved(chain, plan, stage);
              return last.getAndSet(now) == now;
            });
  }

  private static void assertAllArrivedOnce(TestChain chain, ChainPlan plan) throws Exception {
    awaitFinished(chain, plan);
    Counts all = new Counts(ROWS, ROWS, 0, 0, 0, 0);
    assertThat(moved(chain, plan, "read")).isEqualTo(ROWS);
    assertThat(chain.tally("clean")).isEqualTo(all);
    assertThat(chain.tally("load")).isEqualTo(all);
    assertThat(databases.checksum("target", "item"))
        .isEqualTo(databases.checksum("legacy", "item"));
    assertThat(chain.failures()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"read", "clean", "load"})
  void a_stage_keeps_to_its_share_which_is_lowered_and_lifted_while_it_runs(String paced)
      throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      ChainPlan plan = plan(chain);
      tell(chain, paced, new Pace(2 * BATCH, 2));
      List<RunningStage> others = new ArrayList<>();
      try {
        for (String stage : STAGES) {
          if (!stage.equals(paced)) {
            others.add(RunningStage.start(chain, stage, databases.secrets));
          }
        }
        if (paced.equals("load")) {
          chain.dispatchAll(plan);
          await().atMost(SOON).until(() -> chain.tally("clean").in() == ROWS);
        }
        long started = System.nanoTime();
        try (RunningStage worker = RunningStage.start(chain, paced, databases.secrets)) {
          if (!paced.equals("load")) {
            chain.dispatchAll(plan);
          }
          long moved = 0;
          while (moved < 5 * BATCH) {
            moved = moved(chain, plan, paced);
            double seconds = (System.nanoTime() - started) / 1e9;
            // A batch is taken whole, and planned splits are not all of the same length.
            assertThat((double) moved).isLessThanOrEqualTo(seconds * BATCH + 2 * BATCH);
            Thread.sleep(100);
          }

          tell(chain, paced, new Pace(1, 1));
          awaitStandstill(chain, plan, paced);
          assertThat(moved(chain, plan, paced)).isLessThan(ROWS);

          // At one record a second the rest would take most of an hour.
          chain.state.bucket().delete(Pace.key(paced));
          assertAllArrivedOnce(chain, plan);
          assertThat(worker.stalls().any()).isFalse();
        }
      } finally {
        for (RunningStage other : others) {
          other.close();
        }
      }
      if (!paced.equals("read")) {
        assertThat(chain.decisions(paced)).extracting(Decision::counts).hasSizeGreaterThan(20);
      }
    }
  }

  /** At one record a second a worker may begin one batch in the time that this takes. */
  @ParameterizedTest
  @ValueSource(strings = {"clean", "load"})
  void what_a_worker_gives_back_untaken_is_no_gift_to_the_next(String paced) throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      List<RunningStage> before = new ArrayList<>();
      for (String stage : STAGES.subList(0, STAGES.indexOf(paced))) {
        before.add(RunningStage.start(chain, stage, databases.secrets));
      }
      String last = STAGES.get(STAGES.indexOf(paced) - 1);
      await().atMost(SOON).until(() -> moved(chain, plan, last) == ROWS);
      for (RunningStage stage : before) {
        stage.close();
      }
      tell(chain, paced, new Pace(1, 1));
      int workers = 5;
      for (int n = 0; n < workers; n++) {
        long moved = moved(chain, plan, paced);
        try (RunningStage worker = RunningStage.start(chain, paced, databases.secrets)) {
          await()
              .atMost(SOON)
              .during(Duration.ofSeconds(1))
              .until(() -> moved(chain, plan, paced) > moved);
        }
      }
      assertThat(moved(chain, plan, paced)).isBetween(workers * BATCH / 2L, workers * 2L * BATCH);
    }
  }

  @Test
  void a_pace_that_cannot_be_read_leaves_the_one_before_it_and_a_good_one_counts_again()
      throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      ChainPlan plan = plan(chain);
      chain
          .state
          .bucket()
          .put(Pace.key("load"), "as fast as it can".getBytes(StandardCharsets.UTF_8));
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        chain.dispatchAll(plan);
        await().atMost(SOON).until(() -> chain.tally("clean").in() == ROWS);
        awaitStandstill(chain, plan, "load");
        assertThat(chain.tally("load").in()).as("no limit is known yet").isZero();
        tell(chain, "load", new Pace(1_000_000, 1));
        assertAllArrivedOnce(chain, plan);
      }
    }
  }

  @Test
  void an_extract_that_waits_has_counted_what_it_read_and_leaves_when_told() throws Exception {
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, i, repeat('x', 2000) FROM generate_series(%d, %d) i"
            .formatted(ROWS + 1, 3 * ROWS),
        "ANALYZE");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), 1_000_000),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec)) {
      ChainPlan plan = plan(chain);
      tell(chain, "read", new Pace(1, 1));
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        chain.dispatchAll(plan);
        await().atMost(SOON).until(() -> moved(chain, plan, "read") > 0);
        assertThat(chain.checkpoints(plan))
            .singleElement()
            .satisfies(
                c -> {
                  assertThat(c.done()).isFalse();
                  assertThat(c.open()).as("batches not counted while it waits").isEmpty();
                });
        assertThat(
                databases.query(
                    "legacy",
                    "SELECT state FROM pg_stat_activity WHERE datname = 'legacy'"
                        + " AND application_name = 'test'"))
            .as("no snapshot is kept meanwhile")
            .containsExactly("idle");
      }
      assertThat(chain.kept("read")).isZero();
      chain.state.bucket().delete(Pace.key("read"));
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      assertThat(chain.tally("load")).isEqualTo(new Counts(3 * ROWS, 3 * ROWS, 0, 0, 0, 0));
      assertThat(databases.checksum("target", "item"))
          .isEqualTo(databases.checksum("legacy", "item"));
    }
  }
}
