package dev.drover.worker.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.queues.WaitingRoom;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class RestsTest {
  private static final long OFTEN = 99;

  private static final double LONGEST = Duration.ofHours(10).toSeconds();

  private final Rests rests = new Rests();

  private void come(int messages, long deliveries, long behind) {
    for (int i = 0; i < messages; i++) {
      rests.came(deliveries, behind);
    }
  }

  /** How long a batch rests after so many deliveries, with so many that are new behind it. */
  private interface Pauses {
    Duration after(long deliveries, long behind);
  }

  /**
   * When a batch of parents is come to that is behind so many of children, in seconds, by a server
   * that delivers first what comes again; the longest time if it never is.
   *
   * @param triesPerSecond what the stage can try
   */
  private static double reached(int children, int triesPerSecond, Pauses pauses) {
    record Resting(double until, long deliveries) {}
    Queue<Resting> resting = new PriorityQueue<>(Comparator.comparingDouble(Resting::until));
    int fresh = children;
    double now = 0;
    while (now < LONGEST) {
      now += 1.0 / triesPerSecond;
      Resting due = resting.peek();
      if (due != null && due.until() <= now) {
        resting.remove();
      } else if (fresh > 0) {
        fresh--;
        due = new Resting(now, 0);
      } else {
        return now;
      }
      long deliveries = due.deliveries() + 1;
      double rest = pauses.after(deliveries, fresh + 1).toMillis() / 1000.0;
      resting.add(new Resting(now + rest, deliveries));
    }
    return LONGEST;
  }

  @Test
  void parents_are_come_to_behind_more_children_than_can_be_tried_while_they_rest() {
    for (int children : new int[] {2_000, 20_000}) {
      Rests growing = new Rests();
      double reached =
          reached(
              children,
              100,
              (deliveries, behind) -> {
                growing.came(deliveries, behind);
                return growing.next(deliveries);
              });
      assertThat(reached).as("%d children", children).isLessThan(3600);
    }
    assertThat(reached(2_000, 100, (deliveries, behind) -> WaitingRoom.pause(deliveries)))
        .as("with pauses that do not grow")
        .isEqualTo(LONGEST);
  }

  private long seconds() {
    return rests.next(OFTEN).toSeconds();
  }

  @Test
  void they_grow_while_those_that_come_again_hold_off_those_behind_up_to_minutes() {
    assertThat(seconds()).isEqualTo(8);
    come(16, 3, 500);
    assertThat(seconds()).isEqualTo(16);
    come(160, 3, 500);
    assertThat(seconds()).isEqualTo(256);
    assertThat(rests.next(1))
        .as("what has waited little waits little")
        .isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void they_stay_short_where_little_comes_again_or_nothing_is_behind() {
    for (int i = 0; i < 20; i++) {
      come(9, 1, 500);
      come(7, 3, 500);
    }
    assertThat(seconds()).isEqualTo(8);
    come(200, 3, 0);
    assertThat(seconds()).isEqualTo(8);
  }

  @Test
  void they_shrink_when_new_ones_get_through_and_end_when_none_is_left() {
    come(80, 3, 500);
    assertThat(seconds()).isEqualTo(256);
    come(16, 1, 500);
    assertThat(seconds()).isEqualTo(128);
    come(1, 3, 0);
    assertThat(seconds()).isEqualTo(8);
  }
}
