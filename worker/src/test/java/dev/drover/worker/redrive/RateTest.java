package dev.drover.worker.redrive;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RateTest {
  private static final long SECOND = 1_000_000_000L;

  private final Rate rate = new Rate();

  /** Records sent in a time, asking every millisecond. */
  private long sent(Integer perSecond, long from, long nanos) {
    long sent = 0;
    for (long now = from; now < from + nanos; now += SECOND / 1000) {
      int some = rate.allowed(perSecond, now);
      if (some > 0) {
        rate.went(some, perSecond, now);
        sent += some;
      }
    }
    return sent;
  }

  @Test
  void over_time_no_more_go_than_the_rate() {
    assertThat(sent(1000, 0, 10 * SECOND)).isBetween(9_900L, 10_100L);
  }

  @Test
  void a_low_rate_sends_single_records() {
    assertThat(sent(3, 0, 10 * SECOND)).isBetween(29L, 31L);
  }

  @Test
  void a_pause_saves_nothing_up() {
    sent(1000, 0, SECOND);
    assertThat(sent(1000, 60 * SECOND, SECOND)).isBetween(900L, 1_100L);
  }

  @Test
  void without_a_rate_all_may_go() {
    rate.went(1_000_000, null, 0);
    assertThat(rate.allowed(null, 1)).isEqualTo(Integer.MAX_VALUE);
  }
}
