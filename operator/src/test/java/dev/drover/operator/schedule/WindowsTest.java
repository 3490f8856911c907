package dev.drover.operator.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Stage;
import dev.drover.api.v1alpha1.Stage.Window;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WindowsTest {
  private static final Instant MONDAY = Instant.parse("2026-03-02T00:00:00Z");

  private static Stage.Scale scale(@Nullable Long rate, Window... windows) {
    return new Stage.Scale(0, 4, 30, rate, List.of(windows));
  }

  private static boolean mayRun(Window window, String time) {
    return Windows.mayRun(scale(null, window), Instant.parse(time));
  }

  private static String nextRun(Window window, String time) {
    return Windows.nextRun(scale(null, window), Instant.parse(time))
        .map(next -> next.toInstant().toString())
        .orElse("never");
  }

  @Test
  void a_stage_without_windows_always_runs_at_its_own_rate() {
    assertThat(Windows.mayRun(scale(null), MONDAY)).isTrue();
    assertThat(Windows.recordsPerSecond(scale(null), MONDAY)).isZero();
    assertThat(Windows.recordsPerSecond(scale(500L), MONDAY)).isEqualTo(500);
  }

  @Test
  void a_window_is_open_from_its_start_for_its_minutes_in_its_zone() {
    Window night = new Window("0 22 * * *", 480, "Europe/Berlin", null);
    assertThat(mayRun(night, "2026-03-02T20:59:59Z")).isFalse();
    assertThat(mayRun(night, "2026-03-02T21:00:00Z")).as("22:00 in Berlin, winter").isTrue();
    assertThat(mayRun(night, "2026-03-03T04:59:59Z")).isTrue();
    assertThat(mayRun(night, "2026-03-03T05:00:00Z")).isFalse();
    assertThat(mayRun(night, "2026-07-01T20:00:00Z")).as("22:00 in Berlin, summer").isTrue();
    assertThat(mayRun(night, "2026-07-01T19:59:59Z")).isFalse();
    assertThat(
            Windows.nextRun(scale(null, night), Instant.parse("2026-03-02T12:00:00Z"))
                .map(n -> n.toInstant()))
        .contains(Instant.parse("2026-03-02T21:00:00Z"));
  }

  @Test
  void windows_that_follow_each_other_leave_no_gap_between_them() {
    Stage.Scale two =
        scale(
            null,
            new Window("0 22 * * *", 120, "UTC", null),
            new Window("0 0 * * *", 120, "UTC", null));
    Stage.Scale one = scale(null, new Window("0 0,22 * * *", 120, "UTC", null));
    for (Stage.Scale scale : List.of(two, one)) {
      for (String time :
          List.of("02T23:59:59Z", "02T23:59:59.5Z", "02T23:59:59.999999999Z", "03T00:00:00Z")) {
        assertThat(Windows.mayRun(scale, Instant.parse("2026-03-" + time))).as(time).isTrue();
      }
    }
  }

  @Test
  void a_window_is_shut_until_the_very_instant_of_its_start() {
    Window night = new Window("0 22 * * *", 120, "UTC", null);
    assertThat(mayRun(night, "2026-03-02T21:59:59.999Z")).isFalse();
    assertThat(mayRun(night, "2026-03-02T22:00:00Z")).isTrue();
    assertThat(mayRun(night, "2026-03-02T23:59:59.999Z")).isTrue();
    assertThat(mayRun(night, "2026-03-03T00:00:00Z")).isFalse();
  }

  @Test
  void a_start_within_the_hour_that_summer_time_skips_is_the_instant_after_it() {
    Window night = new Window("30 2 * * *", 120, "Europe/Berlin", null);
    assertThat(mayRun(night, "2026-03-29T00:59:59.9Z")).as("01:59:59, winter").isFalse();
    assertThat(mayRun(night, "2026-03-29T01:00:00Z")).as("03:00, summer").isTrue();
    assertThat(mayRun(night, "2026-03-29T02:59:59Z")).isTrue();
    assertThat(mayRun(night, "2026-03-29T03:00:00Z")).as("two hours later").isFalse();
    assertThat(nextRun(night, "2026-03-28T12:00:00Z")).isEqualTo("2026-03-29T01:00:00Z");
    assertThat(nextRun(night, "2026-03-29T01:00:00Z")).isEqualTo("2026-03-30T00:30:00Z");
  }

  @Test
  void the_skipped_hour_opens_no_window_that_does_not_start_in_it() {
    Window later = new Window("30 4 * * *", 30, "Europe/Berlin", null);
    assertThat(mayRun(later, "2026-03-29T01:00:00Z")).isFalse();
    Window mondays = new Window("30 2 * * 1", 120, "Europe/Berlin", null);
    assertThat(mayRun(mondays, "2026-03-29T01:10:00Z")).as("a Sunday").isFalse();
    Window hourly = new Window("30 * * * *", 20, "Europe/Berlin", null);
    assertThat(mayRun(hourly, "2026-03-29T01:10:00Z")).as("03:10, summer").isFalse();
    assertThat(mayRun(hourly, "2026-03-29T01:30:00Z")).as("03:30, summer").isTrue();
    assertThat(nextRun(hourly, "2026-03-29T00:45:00Z")).isEqualTo("2026-03-29T01:30:00Z");
  }

  @Test
  void a_start_in_an_hour_that_comes_twice_comes_twice() {
    Window night = new Window("30 2 * * *", 20, "Europe/Berlin", null);
    assertThat(mayRun(night, "2026-10-25T00:40:00Z")).as("02:40, summer").isTrue();
    assertThat(mayRun(night, "2026-10-25T01:10:00Z")).as("02:10, winter").isFalse();
    assertThat(mayRun(night, "2026-10-25T01:40:00Z")).as("02:40, winter").isTrue();
    assertThat(nextRun(night, "2026-10-25T00:00:00Z")).isEqualTo("2026-10-25T00:30:00Z");
    assertThat(nextRun(night, "2026-10-25T00:30:00Z")).isEqualTo("2026-10-25T01:30:00Z");
    assertThat(nextRun(night, "2026-10-25T01:20:00Z")).isEqualTo("2026-10-25T01:30:00Z");
    assertThat(nextRun(night, "2026-10-25T01:30:00Z")).isEqualTo("2026-10-26T01:30:00Z");
  }

  @Test
  void a_start_at_the_very_instant_after_what_is_skipped_is_one() {
    Window night = new Window("30 1,2 * * *", 30, "Australia/Lord_Howe", null);
    assertThat(mayRun(night, "2026-10-03T15:29:59Z")).as("01:59:59").isTrue();
    assertThat(mayRun(night, "2026-10-03T15:30:00Z")).as("02:30").isTrue();
    assertThat(mayRun(night, "2026-10-03T15:59:59Z")).isTrue();
    assertThat(mayRun(night, "2026-10-03T16:00:00Z")).isFalse();
  }

  @Test
  void of_several_windows_one_open_is_enough() {
    Stage.Scale scale =
        scale(
            null,
            new Window("0 1 * * *", 60, "UTC", null),
            new Window("0 5 * * *", 60, "UTC", null));
    assertThat(Windows.mayRun(scale, MONDAY.plusSeconds(90 * 60))).isTrue();
    assertThat(Windows.mayRun(scale, MONDAY.plusSeconds(3 * 3600))).isFalse();
    assertThat(Windows.mayRun(scale, MONDAY.plusSeconds(5 * 3600))).isTrue();
  }

  @Test
  void a_window_with_a_rate_slows_and_the_least_counts() {
    Stage.Scale scale =
        scale(
            900L,
            new Window("0 8 * * 1-5", 600, "UTC", 100L),
            new Window("0 12 * * *", 60, "UTC", 5000L));
    assertThat(Windows.mayRun(scale, MONDAY)).isTrue();
    assertThat(Windows.recordsPerSecond(scale, MONDAY)).isEqualTo(900);
    assertThat(Windows.recordsPerSecond(scale, MONDAY.plusSeconds(9 * 3600))).isEqualTo(100);
    Instant saturday = MONDAY.plusSeconds((5 * 24 + 9) * 3600);
    assertThat(Windows.recordsPerSecond(scale, saturday)).isEqualTo(900);
  }

  @Test
  void what_never_opens_or_is_nowhere_is_a_problem_with_its_field() {
    assertThat(Windows.problem(new Window("0 22 * * *", 60, "Europe/Berlin", null), MONDAY))
        .isEmpty();
    assertThat(Windows.problem(new Window("0 0 30 2 *", 60, "UTC", null), MONDAY))
        .hasValueSatisfying(
            p -> {
              assertThat(p.field()).isEqualTo("start");
              assertThat(p.message()).contains("never");
            });
    assertThat(Windows.problem(new Window("every night", 60, "UTC", null), MONDAY))
        .hasValueSatisfying(p -> assertThat(p.message()).contains("five fields"));
    assertThat(Windows.problem(new Window("0 0|12 * * *", 60, "UTC", null), MONDAY))
        .hasValueSatisfying(p -> assertThat(p.message()).contains("give each its own window"));
    assertThat(Windows.problem(new Window("0 99 * * *", 60, "UTC", null), MONDAY))
        .hasValueSatisfying(p -> assertThat(p.field()).isEqualTo("start"));
    assertThat(Windows.problem(new Window("0 22 * * *", 60, "Europe/Berlln", null), MONDAY))
        .hasValueSatisfying(
            p -> {
              assertThat(p.field()).isEqualTo("timeZone");
              assertThat(p.message()).contains("Europe/Berlln");
            });
  }
}
