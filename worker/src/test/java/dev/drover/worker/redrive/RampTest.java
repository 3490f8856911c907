package dev.drover.worker.redrive;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RampTest {
  private static final List<Integer> STEPS = List.of(1, 10, 100);

  @Test
  void a_step_begins_when_all_before_it_are_decided() {
    assertThat(Ramp.at(STEPS, 0)).isEqualTo(new Ramp(1, true));
    assertThat(Ramp.at(STEPS, 1)).isEqualTo(new Ramp(10, true));
    assertThat(Ramp.at(STEPS, 11)).isEqualTo(new Ramp(100, true));
  }

  @Test
  void within_a_step_what_is_left_of_it_may_go() {
    assertThat(Ramp.at(STEPS, 4)).isEqualTo(new Ramp(7, false));
    assertThat(Ramp.at(STEPS, 110)).isEqualTo(new Ramp(1, false));
  }

  @Test
  void behind_the_last_step_the_rest_goes_without_a_bound() {
    assertThat(Ramp.at(STEPS, 111)).isEqualTo(new Ramp(Long.MAX_VALUE, true));
    assertThat(Ramp.at(STEPS, 112)).isEqualTo(new Ramp(Long.MAX_VALUE, false));
  }

  @Test
  void without_steps_nothing_is_waited_for() {
    assertThat(Ramp.at(List.of(), 5)).isEqualTo(new Ramp(Long.MAX_VALUE, false));
  }
}
