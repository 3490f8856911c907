package dev.drover.worker.jetstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PaceKeeperTest {
  private final AtomicLong nanos = new AtomicLong();
  private final PaceKeeper pace = new PaceKeeper(nanos::get);

  private void pass(double seconds) {
    nanos.addAndGet((long) (seconds * 1e9));
  }

  @Test
  void nothing_is_taken_before_the_pace_is_known_and_without_one_nobody_owes() {
    assertThat(pace.owes()).isTrue();
    pace.share(Double.POSITIVE_INFINITY);
    pace.took(1_000_000);
    assertThat(pace.owes()).isFalse();
  }

  @Test
  void a_batch_is_taken_whole_and_waited_for_afterwards() {
    pace.share(100);
    pace.took(1_000);
    pass(9.9);
    assertThat(pace.owes()).isTrue();
    pass(0.1);
    assertThat(pace.owes()).isFalse();
  }

  @Test
  void who_was_idle_has_saved_nothing() {
    pace.share(100);
    pass(3600);
    pace.took(100);
    assertThat(pace.owes()).isTrue();
  }

  @Test
  void a_new_pace_counts_at_once_for_what_is_owed() {
    pace.share(1);
    pace.took(1_000);
    pass(100);
    pace.share(900);
    pass(1);
    assertThat(pace.owes()).isFalse();
    pace.took(1_000);
    pace.share(Double.POSITIVE_INFINITY);
    assertThat(pace.owes()).isFalse();
  }

  @Test
  void who_is_asked_to_stop_does_not_wait() throws InterruptedException {
    pace.share(1);
    pace.took(1_000_000);
    pace.await(() -> true);
    assertThat(pace.owes()).isTrue();
  }

  @Test
  void one_at_a_time_no_more_than_the_share_and_a_fiftieth_of_a_second_ahead() throws Exception {
    pace.share(100);
    int taken = 0;
    for (int i = 0; i < 1000; i++) { // ten seconds
      pass(0.01);
      while (pace.tookOne()) {
        taken++;
      }
    }
    assertThat(taken).isBetween(1000, 1003);
  }
}
