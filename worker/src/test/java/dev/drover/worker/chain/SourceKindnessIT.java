package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** While nobody takes what was read, the source is let go of. */
class SourceKindnessIT extends ChainScenario {
  private static final int ROWS = 30_000;

  @Test
  void a_full_queue_holds_no_snapshot_at_the_source() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, repeat('x', 1000) FROM generate_series(1, " + ROWS + ") i",
        "ANALYZE");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), 10_000_000),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Upsert, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec, 2 << 20);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      await()
          .atMost(SOON)
          .until(
              () ->
                  chain.checkpoints(plan).stream()
                      .anyMatch(c -> !c.done() && c.open().size() >= 3 && c.batches() > 0));
      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(
                          databases.query(
                              "legacy",
                              "SELECT state FROM pg_stat_activity WHERE datname = 'legacy'"
                                  + " AND application_name = 'test'"))
                      .containsExactly("idle"));
      assertThat(chain.checkpoints(plan)).noneMatch(c -> c.done());

      try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      assertThat(chain.tally("load")).isEqualTo(new Counts(ROWS, ROWS, 0, 0, 0, 0));
      assertThat(databases.checksum("target", "item"))
          .isEqualTo(databases.checksum("legacy", "item"));
    }
  }
}
