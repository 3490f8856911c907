package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PiecesTest {
  private static long millis(Pieces pieces) {
    return Duration.ofNanos(pieces.nanos()).toMillis();
  }

  @Test
  void a_source_without_a_limit_of_its_own_is_let_go_of_after_a_while() {
    assertThat(millis(new Pieces(0))).isEqualTo(20_000);
    assertThat(new Pieces(0).rows()).as("any number").isZero();
  }

  @Test
  void a_read_stays_well_within_the_sources_limit() {
    assertThat(millis(new Pieces(5_000))).isEqualTo(2_500);
    assertThat(millis(new Pieces(3_600_000))).isEqualTo(20_000);
  }

  @Test
  void a_read_that_is_ended_is_followed_by_shorter_ones() {
    Pieces pieces = new Pieces(0);
    assertThat(pieces.ended(10_000)).isTrue();
    assertThat(millis(pieces)).isEqualTo(10_000);
    assertThat(pieces.rows()).isZero();
  }

  @Test
  void one_that_gave_no_row_is_followed_by_smaller_ones_down_to_a_single_row() {
    Pieces pieces = new Pieces(100);
    for (int rows : new int[] {1000, 100, 10, 1}) {
      assertThat(pieces.ended(0)).isTrue();
      assertThat(pieces.rows()).isEqualTo(rows);
    }
    assertThat(pieces.ended(0)).as("nothing is less than one row").isFalse();
  }

  @Test
  void pieces_grow_again_while_they_are_let_be() {
    Pieces pieces = new Pieces(100);
    pieces.ended(0);
    pieces.ended(0);
    pieces.complete();
    assertThat(pieces.rows()).isEqualTo(200);
    for (int i = 0; i < 4; i++) {
      pieces.complete();
    }
    assertThat(pieces.rows()).as("any number").isZero();
  }
}
