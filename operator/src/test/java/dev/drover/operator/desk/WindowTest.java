package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.desk.Window.Shown;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WindowTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

  private static List<Shown> open(String subject, int count, int firstSequence) {
    List<Shown> shown = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int sequence = firstSequence + i;
      shown.add(new Shown(subject + sequence, subject, sequence, false, null));
    }
    return shown;
  }

  private static Shown closed(String name, Instant at) {
    return new Shown(name, "a", 0, true, at);
  }

  private static List<Shown> lost(int count) {
    List<Shown> shown = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      shown.add(new Shown("lost" + i, "a", i, i % 2 == 0, true, null));
    }
    return shown;
  }

  @Test
  void lost_records_stay_while_there_is_room_and_keep_none_that_is_there_from_being_shown() {
    assertThat(Window.next(Map.of(), lost(3), 3, HOUR, NOW))
        .isEqualTo(new Window(List.of(), Map.of()));
    assertThat(Window.next(Map.of("a", 1L), lost(1), 10, HOUR, NOW))
        .isEqualTo(new Window(List.of(), Map.of("a", 1)));
    assertThat(Window.next(Map.of("a", 50L), lost(4), 4, HOUR, NOW))
        .isEqualTo(new Window(List.of("lost4", "lost3", "lost2", "lost1"), Map.of("a", 4)));
    List<Shown> both = lost(2);
    both.addAll(open("a", 2, 10));
    assertThat(Window.next(Map.of("a", 2L, "b", 1L), both, 4, HOUR, NOW))
        .as("before any that is there")
        .isEqualTo(new Window(List.of("lost2"), Map.of("b", 1)));
  }

  @Test
  void an_empty_window_fills_by_fair_shares() {
    assertThat(Window.next(Map.of("a", 1000L, "b", 1000L), List.of(), 10, HOUR, NOW))
        .isEqualTo(new Window(List.of(), Map.of("a", 5, "b", 5)));
  }

  @Test
  void a_full_window_stays_as_it_is() {
    List<Shown> shown = open("a", 5, 1);
    shown.addAll(open("b", 5, 100));

    assertThat(Window.next(Map.of("a", 1000L, "b", 1000L), shown, 10, HOUR, NOW))
        .isEqualTo(new Window(List.of(), Map.of()));
  }

  @Test
  void a_new_cause_takes_its_share_from_the_newest_that_nobody_touched() {
    List<Shown> shown = open("a", 3, 1);
    shown.add(new Shown("touched", "a", 9, true, null));

    assertThat(Window.next(Map.of("a", 1000L, "b", 1000L), shown, 4, HOUR, NOW))
        .isEqualTo(new Window(List.of("a3", "a2"), Map.of("b", 2)));
  }

  @Test
  void what_users_touched_stays_even_when_a_new_cause_finds_no_room() {
    List<Shown> shown = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      shown.add(new Shown("touched" + i, "a", i, true, null));
    }

    assertThat(Window.next(Map.of("a", 1000L, "b", 1000L), shown, 4, HOUR, NOW))
        .isEqualTo(new Window(List.of(), Map.of()));
  }

  @Test
  void the_oldest_closed_make_room() {
    List<Shown> shown = open("a", 1, 1);
    shown.add(closed("old", NOW.minusSeconds(60)));
    shown.add(closed("new", NOW));

    assertThat(Window.next(Map.of("a", 2L), shown, 3, HOUR, NOW))
        .isEqualTo(new Window(List.of("old"), Map.of("a", 1)));
  }

  @Test
  void closed_ones_go_after_an_hour_though_there_is_room() {
    assertThat(
            Window.next(Map.of(), List.of(closed("old", NOW.minusSeconds(3601))), 200, HOUR, NOW))
        .isEqualTo(new Window(List.of("old"), Map.of()));
  }

  @Test
  void a_smaller_bound_removes_what_nobody_touched() {
    assertThat(Window.next(Map.of("a", 5L), open("a", 5, 1), 2, HOUR, NOW))
        .isEqualTo(new Window(List.of("a5", "a4", "a3"), Map.of()));
    assertThat(Window.next(Map.of("a", 5L), open("a", 2, 1), 0, HOUR, NOW).remove()).hasSize(2);
  }
}
