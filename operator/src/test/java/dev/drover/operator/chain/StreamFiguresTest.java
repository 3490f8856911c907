package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class StreamFiguresTest {
  private static StreamFigures queue(long bytes, long maxBytes) {
    return new StreamFigures("t", 9, bytes, maxBytes, 9, 1, Map.of());
  }

  @Test
  void a_queue_is_filled_by_its_bytes_and_without_a_limit_never() {
    assertThat(queue(0, 100).percent()).isZero();
    assertThat(queue(89, 100)).returns(89, StreamFigures::percent).returns(false, StreamFigures::full);
    assertThat(queue(90, 100)).returns(90, StreamFigures::percent).returns(true, StreamFigures::full);
    assertThat(queue(50L << 40, 100L << 40).percent()).isEqualTo(50);
    assertThat(queue(50, -1)).returns(0, StreamFigures::percent).returns(false, StreamFigures::full);
  }

  @Test
  void a_queue_that_was_closed_is_filled_to_its_brim_whatever_is_in_it_but_not_full() {
    for (long bytes : new long[] {1, 60_000, 30L << 20, 50L << 20, 1L << 40}) {
      assertThat(queue(bytes, 1).percent()).as("%d bytes", bytes).isEqualTo(100);
      assertThat(queue(bytes, 1).full()).as("%d bytes", bytes).isFalse();
    }
  }
}
