package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.chain.ChainSnapshot.Flow;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What scaling is told of a stage. */
class StageFlowTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final StageSpec LOAD = PlayedWorker.spec().stage("load");

  private final Checkpoints checkpoints = new Checkpoints();

  private Flow flow(long promised, long decided, long handedOn, long done, long queued) {
    Standing standing =
        new Standing(
            LOAD,
            new Counts(done, done, 0, 0, 0, 0),
            promised,
            promised,
            decided,
            0,
            0,
            decided,
            done,
            handedOn,
            false,
            false,
            new Backlog(queued, 0, 0, 0, 0, List.of(), false, false, 0, null),
            0);
    Flow flow =
        new Snapshots(
                new ChainSpec(List.of(), List.of(LOAD)),
                new ChainPlan(List.of(), List.of(), Map.of()),
                checkpoints,
                Map.of("load", standing),
                Set.of(),
                Map.of(),
                List.of())
            .stages(Set.of(), NOW)
            .getFirst()
            .flow();
    assertThat(flow).isNotNull();
    return flow;
  }

  private void stall(String pod, String reason, Instant at) {
    stall(pod, reason, at, 0);
  }

  private void stall(String pod, String reason, Instant at, int aside) {
    checkpoints.put(
        1,
        StateStore.STALLS + "load." + pod,
        WireJson.bytes(new Stall(reason, "away", at.toString(), at.toString(), aside)),
        at);
  }

  @Test
  void a_batch_is_as_large_as_those_that_are_left() {
    assertThat(flow(10, 2, 84_000, 4_000, 8).batchRecords()).isEqualTo(10_000);
  }

  @Test
  void batches_that_are_not_counted_yet_are_taken_to_be_as_large_as_those_before() {
    assertThat(flow(2, 2, 5_000, 5_000, 8).batchRecords()).isEqualTo(2_500);
    assertThat(flow(0, 0, 0, 0, 8).batchRecords()).as("no batch is known").isZero();
  }

  @Test
  void workers_that_say_what_they_wait_for_are_counted_but_for_a_full_queue() {
    stall("pod-1", "DatabaseUnavailable", NOW);
    stall("pod-2", "DatabaseUnavailable", NOW);
    stall("pod-3", "QueueFull", NOW);
    stall("pod-4", "DatabaseUnavailable", NOW.minusSeconds(300));
    assertThat(flow(10, 2, 84_000, 4_000, 8).hindered()).isEqualTo(new Hindered(2, 0, 0));
  }

  @Test
  void workers_that_go_on_with_others_tell_how_much_they_have_set_aside() {
    stall("pod-1", "DatabaseUnavailable", NOW);
    stall("pod-2", "LookupUnavailable", NOW, 2);
    stall("pod-3", "LookupUnavailable", NOW, 1);
    assertThat(flow(10, 2, 84_000, 4_000, 8).hindered()).isEqualTo(new Hindered(3, 2, 3));
  }
}
