package dev.drover.worker.postgres.target;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RefusalCadenceTest {
  private final RefusalCadence cadence = new RefusalCadence();

  @Test
  void a_table_that_refused_nothing_yet_is_loaded_as_a_whole() {
    assertThat(cadence.expectsRefusals()).isFalse();
  }

  @Test
  void three_loads_in_a_row_with_refusals_make_the_next_expect_them() {
    load(true, true);
    assertThat(cadence.expectsRefusals()).isFalse();

    load(true);

    assertThat(cadence.expectsRefusals()).isTrue();
  }

  @Test
  void loads_with_refusals_that_are_far_between_do_not_add_up() {
    load(true, true, false, true, true, false, true, true);
    assertThat(cadence.expectsRefusals()).isFalse();
  }

  @Test
  void two_clean_loads_in_a_row_bring_the_whole_attempt_back() {
    load(true, true, true, false, true, false);
    assertThat(cadence.expectsRefusals()).isTrue();

    load(false);

    assertThat(cadence.expectsRefusals()).isFalse();
    load(true, true);
    assertThat(cadence.expectsRefusals()).as("counts from the start again").isFalse();
  }

  private void load(boolean... refusals) {
    for (boolean refused : refusals) {
      cadence.loaded(refused);
    }
  }
}
