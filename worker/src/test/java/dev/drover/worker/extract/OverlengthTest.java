package dev.drover.worker.extract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class OverlengthTest {
  @Test
  void a_split_is_cut_at_twice_its_planned_records_and_again_after_each_further_such_number() {
    Overlength overlength = new Overlength(1000);

    assertThat(LongStream.rangeClosed(1, 70).map(n -> n * 70).filter(overlength::at))
        .containsExactly(2030L, 3080L, 4130L);
  }

  @Test
  void one_that_had_read_too_much_before_its_worker_died_is_cut_at_once() {
    Overlength overlength = new Overlength(1000);

    assertThat(overlength.at(10_000)).isTrue();
    assertThat(overlength.at(10_999)).isFalse();
    assertThat(overlength.at(11_000)).isTrue();
  }

  @Test
  void one_as_long_as_planned_or_nearly_so_is_not_cut() {
    assertThat(new Overlength(1000).at(1999)).isFalse();
  }
}
