package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RateTest {
  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

  /** A hundred records a second, and in the 20th ten times as many. */
  private static final List<Decided> DECISIONS =
      IntStream.rangeClosed(1, 40)
          .mapToObj(s -> new Decided(BEGIN.plusSeconds(s), s == 20 ? 1_000 : 100))
          .toList();

  @Test
  void the_mean_is_of_what_lies_between() {
    assertThat(Rate.mean(DECISIONS, BEGIN, BEGIN.plusSeconds(10))).isEqualTo(100);
    assertThat(Rate.mean(DECISIONS, BEGIN.plusSeconds(19), BEGIN.plusSeconds(20))).isEqualTo(1_000);
  }

  @Test
  void the_peak_is_of_the_window_that_has_most_wherever_it_begins() {
    Duration ten = Duration.ofSeconds(10);
    assertThat(Rate.peak(DECISIONS, BEGIN, BEGIN.plusSeconds(40), ten)).isEqualTo(190);
    assertThat(Rate.peak(DECISIONS, BEGIN, BEGIN.plusSeconds(19), ten)).isEqualTo(100);
    assertThat(Rate.peak(List.of(), BEGIN, BEGIN.plusSeconds(40), ten)).isZero();
  }
}
