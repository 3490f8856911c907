package dev.drover.wire.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.batch.BatchHeaders.Replay;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplayedTest {
  private static final List<Replay> MIXED =
      List.of(
          new Replay(3, 1, "2026-01-01T00:00:00Z"),
          new Replay(4, 1, "2026-01-01T00:00:00Z"),
          new Replay(6, 1, "2026-01-01T00:00:00Z"),
          new Replay(7, 2, "2026-01-01T00:00:00Z"),
          new Replay(8, 2, "2026-01-02T00:00:00Z"),
          new Replay(9, 2, "2026-01-02T00:00:00Z"));

  @Test
  void the_past_of_neighbours_is_written_once() {
    assertThat(Replayed.text(MIXED))
        .isEqualTo(
            "2026-01-01T00:00:00Z|1|3-4,6;2026-01-01T00:00:00Z|2|7;2026-01-02T00:00:00Z|2|8-9");
  }

  @Test
  void it_is_read_as_it_was_written() {
    assertThat(Replayed.parse(Replayed.text(MIXED))).isEqualTo(MIXED);
    List<Replay> one = MIXED.subList(0, 1);
    assertThat(Replayed.parse(Replayed.text(one))).isEqualTo(one);
  }

  @Test
  void it_travels_in_a_batchs_headers() {
    BatchHeaders headers =
        new BatchHeaders(BatchId.replay(3), 1, 6, "schema", "rev", Origin.retry, MIXED);

    assertThat(BatchHeaders.parse(headers.toHeaders())).isEqualTo(headers);
  }

  @Test
  void anything_else_is_refused() {
    assertThatThrownBy(() -> Replayed.parse("3-4")).isInstanceOf(IllegalArgumentException.class);
  }
}
