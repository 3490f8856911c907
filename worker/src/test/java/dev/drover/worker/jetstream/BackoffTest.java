package dev.drover.worker.jetstream;

import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private final AtomicLong nanos = new AtomicLong();
  private final Leaving leaving = new Leaving();
  private final Backoff backoff =
      new Backoff(Duration.ofMillis(1), Duration.ofMillis(2), leaving, nanos::get);

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @Test
  void who_is_not_asked_to_leave_waits_for_as_dayas_it_takes() {
    for (int hour = 0; hour < 10; hour++) {
      assertThatNoException().isThrownBy(backoff::pause);
      pass(Duration.ofHours(1));
    }
  }

  @Test
  void who_is_to_leave_tries_again_for_a_moment_and_then_gives_up() {
    leaving.ask();
    assertThatNoException().isThrownBy(backoff::pause);
    pass(Duration.ofMillis(2900));
    assertThatNoException().isThrownBy(backoff::pause);
    pass(Duration.ofMillis(200));
    assertThatThrownBy(backoff::pause).isInstanceOf(InterruptedException.class);
  }

  @Test
  void who_has_waited_before_he_was_asked_to_leave_gives_up_at_once() throws Exception {
    backoff.pause();
    pass(Duration.ofMinutes(1));
    backoff.shorten();
    leaving.ask();
    assertThatThrownBy(backoff::pause).isInstanceOf(InterruptedException.class);
  }

  @Test
  void what_came_meanwhile_ends_the_wait() throws Exception {
    backoff.pause();
    pass(Duration.ofMinutes(1));
    backoff.reset();
    leaving.ask();
    assertThatNoException().isThrownBy(backoff::pause);
  }

  @Test
  void to_be_asked_to_leave_ends_a_pause() {
    Backoff day = new Backoff(Duration.ofDays(1), Duration.ofDays(1), leaving, nanos::get);
    Thread.ofVirtual().start(leaving::ask);
    assertThatNoException().isThrownBy(day::pause);
  }
}
