package dev.drover.worker.extract;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RestingTablesTest {
  private long nanos = -5;
  private final RestingTables resting = new RestingTables(() -> nanos);

  @Test
  void a_table_rests_for_longer_each_time_up_to_a_bound_and_no_other_does() {
    assertThat(resting.left("a")).isZero();
    assertThat(resting.begin("a")).isEqualTo(Duration.ofMillis(500));
    nanos += Duration.ofMillis(200).toNanos();
    assertThat(resting.left("a")).isEqualTo(Duration.ofMillis(300));
    assertThat(resting.left("b")).isZero();
    nanos += Duration.ofMillis(300).toNanos();
    assertThat(resting.left("a")).isZero();

    assertThat(resting.begin("a")).isEqualTo(Duration.ofSeconds(1));
    for (int i = 0; i < 100; i++) {
      resting.begin("a");
    }
    assertThat(resting.left("a")).isEqualTo(Duration.ofSeconds(10));
    assertThat(resting.begin("b")).isEqualTo(Duration.ofMillis(500));
  }

  @Test
  void one_that_was_read_begins_anew() {
    resting.begin("a");
    resting.begin("a");
    resting.over("a");
    assertThat(resting.left("a")).isZero();
    assertThat(resting.begin("a")).isEqualTo(Duration.ofMillis(500));
  }
}
