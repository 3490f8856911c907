package dev.drover.wire.queues;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import io.nats.client.api.StreamConfiguration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class QueueLayoutTest {
  private final QueueLayout layout =
      new QueueLayout(ChainNames.of("shop", "orders", "uid"), 1 << 20, 3);
  private final ChainSpec spec =
      new ChainSpec(
          List.of(),
          List.of(
              new StageSpec.Extract("read", "legacy", List.of("public.*"), 1000),
              new StageSpec.Transform("clean", "read", List.of()),
              new StageSpec.Load(
                  "load", "clean", "target", null, StageSpec.LoadMode.Insert, List.of())));

  private List<StreamConfiguration> all() {
    List<StreamConfiguration> all = new ArrayList<>(layout.streams(spec));
    all.add(layout.stateBucket());
    return all;
  }

  @Test
  void everything_is_kept_as_often_as_the_spec_asks() {
    assertThat(all()).hasSize(9).allSatisfy(s -> assertThat(s.getReplicas()).isEqualTo(3));
  }

  @Test
  void a_stream_may_refuse_when_the_largest_message_has_no_room_and_its_bound_is_known() {
    assertThat(QueueLayout.mayRefuse(60 << 20, 64 << 20, 4 << 20)).isFalse();
    assertThat(QueueLayout.mayRefuse(60 << 20, 64 << 20, 8 << 20)).isTrue();
    assertThat(QueueLayout.mayRefuse(60 << 20, -1, 8 << 20)).isFalse();
    assertThat(QueueLayout.mayRefuse(60 << 20, 1, 8 << 20)).as("it is closed").isFalse();
  }

  /** A replica that lags would say that a batch is not decided though it is. */
  @Test
  void only_a_streams_leader_answers() {
    assertThat(all()).allSatisfy(s -> assertThat(s.getAllowDirect()).isFalse());
  }

  @Test
  void no_consumer_keeps_batches_from_any_of_as_many_workers_as_a_stage_may_have() {
    int workers = 1_000;
    int held = 4;
    assertThat(layout.consumers(spec))
        .allSatisfy(
            place ->
                assertThat(place.consumer().getMaxAckPending())
                    .isGreaterThanOrEqualTo(workers * held));
  }
}
