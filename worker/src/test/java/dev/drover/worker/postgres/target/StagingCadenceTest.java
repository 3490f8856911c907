package dev.drover.worker.postgres.target;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StagingCadenceTest {
  private final StagingCadence cadence = new StagingCadence();

  @Test
  void a_table_that_never_conflicted_is_copied_into() {
    assertThat(cadence.stageNext()).isFalse();
  }

  @Test
  void after_a_conflict_the_next_loads_are_staged_and_then_a_copy_is_tried_again() {
    cadence.conflicted();
    assertThat(stagedLoads()).isEqualTo(4);
  }

  @Test
  void each_further_conflict_doubles_the_staged_loads_up_to_a_bound() {
    for (int i = 0; i < 10; i++) {
      cadence.conflicted();
      stagedLoads();
    }
    cadence.conflicted();
    assertThat(stagedLoads()).isEqualTo(64);
  }

  @Test
  void a_copy_that_met_no_conflict_forgets_the_earlier_ones() {
    cadence.conflicted();
    stagedLoads();
    cadence.conflicted();
    stagedLoads();
    cadence.clear();
    cadence.conflicted();
    assertThat(stagedLoads()).isEqualTo(4);
  }

  @Test
  void where_hardly_any_row_is_the_same_comparing_is_tried_after_more_and_more_loads() {
    assertThat(cadence.compareNext()).isTrue();
    cadence.compared(19, 100);
    assertThat(loadsWithoutComparing()).isEqualTo(4);
    cadence.compared(0, 100);
    assertThat(loadsWithoutComparing()).isEqualTo(8);
    cadence.compared(20, 100);
    assertThat(loadsWithoutComparing()).isZero();
    cadence.compared(19, 100);
    assertThat(loadsWithoutComparing()).isEqualTo(4);
    assertThat(cadence.stageNext()).as("a plain COPY is another matter").isFalse();
  }

  @Test
  void an_update_is_tried_after_more_and_more_loads_that_it_was_not_enough_for() {
    assertThat(cadence.updateNext()).isTrue();
    cadence.updated(true);
    assertThat(cadence.updateNext()).isTrue();
    cadence.updated(false);
    assertThat(loadsWithoutUpdating()).isEqualTo(4);
    cadence.updated(false);
    assertThat(loadsWithoutUpdating()).isEqualTo(8);
    cadence.updated(true);
    assertThat(loadsWithoutUpdating()).isZero();
    assertThat(cadence.compareNext()).as("comparing is another matter").isTrue();
  }

  private int loadsWithoutUpdating() {
    int loads = 0;
    while (!cadence.updateNext()) {
      loads++;
    }
    return loads;
  }

  private int loadsWithoutComparing() {
    int loads = 0;
    while (!cadence.compareNext()) {
      loads++;
    }
    return loads;
  }

  private int stagedLoads() {
    int loads = 0;
    while (cadence.stageNext()) {
      loads++;
    }
    return loads;
  }
}
