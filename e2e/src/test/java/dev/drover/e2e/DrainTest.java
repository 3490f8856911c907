package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DrainTest {
  private static final Instant LET = Instant.parse("2026-01-01T00:00:00Z");

  /** A hundred records a second of one worker from the 5th to the 15th second, then of four. */
  private static List<Decided> decisions(int seconds) {
    List<Decided> all = new ArrayList<>();
    for (int s = 6; s <= seconds; s++) {
      all.add(new Decided(LET.plusSeconds(s), s <= 15 ? 100 : 400));
    }
    return all;
  }

  @Test
  void ideal_is_all_records_at_the_rate_of_all_workers() {
    Drain drain = Drain.of(decisions(65), LET, LET.plusSeconds(15), LET.plusSeconds(65));
    assertThat(drain.records()).isEqualTo(1_000 + 50 * 400);
    assertThat(drain.seconds()).isEqualTo(65);
    assertThat(drain.idealSeconds()).isCloseTo(21_000 / 400.0, within(0.001));
    assertThat(drain.ratio()).isCloseTo(65 / 52.5, within(0.001));
  }

  @Test
  void what_comes_before_all_are_warm_or_after_one_is_gone_is_not_their_rate() {
    List<Decided> decisions = decisions(65);
    decisions.set(11, new Decided(LET.plusSeconds(17), 4_000)); // before they count
    decisions.addFirst(new Decided(LET.plusSeconds(5), 40_000));
    Drain drain = Drain.of(decisions, LET, LET.plusSeconds(15), LET.plusSeconds(60));
    assertThat(drain.idealSeconds()).isCloseTo(drain.records() / 400.0, within(0.001));
  }

  @Test
  void the_last_tenth_is_not_their_rate() {
    List<Decided> decisions = decisions(65);
    for (int s = 66; s <= 75; s++) {
      decisions.add(new Decided(LET.plusSeconds(s), 20));
    }
    Drain drain = Drain.of(decisions, LET, LET.plusSeconds(15), LET.plusSeconds(75));
    assertThat(drain.records()).isEqualTo(21_200);
    assertThat(drain.idealSeconds()).isCloseTo(21_200 / 400.0, within(0.001));
    assertThat(drain.seconds()).isEqualTo(75);
  }

  @Test
  void too_short_a_time_with_all_workers_measures_nothing() {
    assertThatThrownBy(() -> Drain.of(decisions(25), LET, LET.plusSeconds(15), LET.plusSeconds(25)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("raise ROWS");
  }
}
