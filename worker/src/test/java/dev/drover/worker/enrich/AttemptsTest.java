package dev.drover.worker.enrich;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class AttemptsTest {
  private static final long ANSWERS = 100;

  private final Attempts attempts = new Attempts(ANSWERS, false);
  private long now = 5;

  private void failed(boolean some, Duration after) {
    now += after.toNanos();
    attempts.failed(some, now);
  }

  private boolean areInVain(long answers) {
    return attempts.areInVain(answers, Duration.ZERO, now);
  }

  @Test
  void a_batch_that_gets_no_answer_while_others_do_is_in_vain_after_a_while() {
    failed(false, Duration.ZERO);
    assertThat(areInVain(ANSWERS + 1)).isFalse();
    failed(false, Duration.ofSeconds(9));
    assertThat(areInVain(ANSWERS + 1)).isFalse();
    failed(false, Duration.ofSeconds(1));
    assertThat(areInVain(ANSWERS + 1)).isTrue();
  }

  @Test
  void one_failure_is_chance_however_long_it_took() {
    failed(true, Duration.ofMinutes(9));
    failed(false, Duration.ofMinutes(9));
    assertThat(areInVain(ANSWERS + 1)).isFalse();
  }

  @Test
  void who_gets_some_answers_goes_on() {
    failed(false, Duration.ZERO);
    failed(false, Duration.ofSeconds(9));
    failed(true, Duration.ofSeconds(9));
    failed(false, Duration.ofSeconds(9));
    assertThat(areInVain(ANSWERS + 50)).isFalse();
  }

  @Test
  void of_a_server_that_answers_nobody_a_batch_waits_on() {
    failed(false, Duration.ZERO);
    failed(false, Duration.ofMinutes(4));
    assertThat(areInVain(ANSWERS)).isFalse();
  }

  @Test
  void of_a_batch_that_comes_again_one_attempt_in_vain_is_enough_if_others_are_answered() {
    Attempts again = new Attempts(ANSWERS, true);
    again.failed(true, now);
    assertThat(again.areInVain(ANSWERS + 1, Duration.ZERO, now)).isFalse();
    again.failed(false, now);
    assertThat(again.areInVain(ANSWERS, Duration.ZERO, now)).isFalse();
    assertThat(again.areInVain(ANSWERS + 1, Duration.ZERO, now)).isTrue();
  }

  @Test
  void in_the_end_whoever_is_behind_gets_a_try() {
    failed(false, Duration.ZERO);
    failed(false, Duration.ofMinutes(5));
    assertThat(areInVain(ANSWERS)).isTrue();
  }

  @Test
  void a_key_that_the_server_wants_to_be_left_alone_with_for_long_keeps_nobody_back() {
    failed(true, Duration.ZERO);
    assertThat(attempts.areInVain(ANSWERS + 1, Duration.ofSeconds(10), now)).isFalse();
    assertThat(attempts.areInVain(ANSWERS + 1, Duration.ofSeconds(11), now)).isTrue();
    assertThat(attempts.areInVain(ANSWERS, Duration.ofSeconds(11), now)).isFalse();
  }
}
