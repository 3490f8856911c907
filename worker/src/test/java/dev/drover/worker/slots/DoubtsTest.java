package dev.drover.worker.slots;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DoubtsTest {
  private final Doubts doubts = new Doubts();

  private static long at(int seconds) {
    return Duration.ofSeconds(seconds).toNanos();
  }

  @Test
  void who_does_not_ask_for_half_a_minute_has_let_them_pass() {
    doubts.seen(true, at(0));
    doubts.seen(true, at(29));
    assertThat(doubts.open()).isTrue();
    assertThat(doubts.passed(at(30))).isFalse();
    assertThat(doubts.passed(at(31))).isTrue();
  }

  @Test
  void who_asks_has_let_none_pass_though_they_stay() {
    for (int second = 0; second < 300; second += 20) {
      doubts.seen(true, at(second));
      assertThat(doubts.passed(at(second + 19))).isFalse();
      doubts.asked();
      assertThat(doubts.open()).isFalse();
    }
  }

  @Test
  void what_is_over_by_itself_need_not_be_asked_for() {
    doubts.seen(true, at(0));
    doubts.seen(false, at(20));
    assertThat(doubts.open()).isFalse();
    doubts.seen(true, at(40));
    assertThat(doubts.passed(at(60))).isFalse();
  }
}
