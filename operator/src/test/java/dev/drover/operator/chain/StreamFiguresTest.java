package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class StreamFiguresTest {
  private static StreamFigures queue(long bytes, long maxBytes) {
    return new StreamFigures("t", 9, bytes, maxBytes, 1, 9, 1, Map.of());
  }

  @Test
  void a_queue_is_filled_by_its_bytes_and_without_a_limit_never() {
    assertThat(queue(0, 100).percent()).isZero();
    assertThat(queue(89, 100).percent()).isEqualTo(89);
    assertThat(queue(50L << 40, 100L << 40).percent()).isEqualTo(50);
    assertThat(queue(1000, 100).percent()).isEqualTo(100);
    assertThat(queue(50, -1)).returns(0, StreamFigures::percent).returns(false, q -> q.full(8));
  }

  @Test
  void a_queue_is_full_once_the_largest_message_finds_no_room() {
    assertThat(queue(92 << 20, 100 << 20).full(8 << 20)).isFalse();
    assertThat(queue((92 << 20) + 1, 100 << 20).full(8 << 20)).isTrue();
    assertThat(queue(98 << 20, 100 << 20).full(1 << 20)).isFalse();
    assertThat(queue(1, 1 << 20).full(8 << 20)).as("smaller than a message").isTrue();
  }

  @Test
  void a_queue_that_was_closed_is_filled_to_its_brim_whatever_is_in_it_but_not_full() {
    for (long bytes : new long[] {1, 60_000, 30L << 20, 50L << 20, 1L << 40}) {
      assertThat(queue(bytes, 1).percent()).as("%d bytes", bytes).isEqualTo(100);
      assertThat(queue(bytes, 1).full(1 << 20)).as("%d bytes", bytes).isFalse();
    }
  }
}
