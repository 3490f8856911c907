package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.chain.ChainSnapshot.Balance;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.wire.decision.Counts;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ChainMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ChainMetrics metrics = new ChainMetrics(registry);

  private static ChainSnapshot snapshot(long passed, String... stages) {
    return new ChainSnapshot(
        Stream.of(stages)
            .map(
                name ->
                    new StageSnapshot(
                        name,
                        new Counts(10, passed, 0, 10 - passed, 0, 0),
                        3,
                        30,
                        1,
                        null,
                        false,
                        null,
                        false,
                        null))
            .toList(),
        1,
        0,
        false,
        new Balance(true, "TallyBalanced", ""),
        ChainSnapshot.Failures.NONE,
        null,
        null);
  }

  private double records(String stage, String outcome) {
    return registry
        .get("drover.stage.records")
        .tags("stage", stage, "outcome", outcome, "namespace", "shop", "migration", "orders")
        .gauge()
        .value();
  }

  @Test
  void gauges_follow_the_newest_snapshot() {
    metrics.update("shop", "orders", snapshot(5, "load"));
    metrics.update("shop", "orders", snapshot(8, "load"));

    assertThat(records("load", "passed")).isEqualTo(8);
    assertThat(records("load", "failed")).isEqualTo(2);
    assertThat(registry.get("drover.stage.backlog.records").gauge().value()).isEqualTo(30);
  }

  @Test
  void what_is_gone_has_no_gauges() {
    metrics.update("shop", "orders", snapshot(5, "clean", "load"));
    metrics.update("shop", "orders", snapshot(5, "load"));
    assertThat(registry.getMeters()).hasSize(11);

    metrics.forget("shop", "orders");
    assertThat(registry.getMeters()).isEmpty();
  }
}
