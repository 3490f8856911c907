package dev.drover.e2e.caps;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SessionRecordTest {
  private final SessionRecord record = new SessionRecord(3);

  private void sample(long millis, Integer... processes) {
    record.sample(
        millis * 1_000_000,
        Arrays.stream(processes).collect(Collectors.toMap(p -> p, p -> "session of pod-" + p)));
  }

  private void lower(int cap, long acceptedMillis, long knownMillis) {
    record.lower(cap, acceptedMillis * 1_000_000, knownMillis * 1_000_000);
  }

  @Test
  void as_many_as_the_cap_are_not_too_many() {
    sample(0, 1, 2);
    sample(20, 1, 2, 3);
    sample(40, 1);
    assertThat(record.peak()).isEqualTo(3);
    assertThat(record.over()).isZero();
    assertThat(record.findings()).isEmpty();
    assertThat(record.now()).containsOnlyKeys(1);
  }

  @Test
  void each_answer_with_one_too_many_counts_and_is_shown() {
    sample(0, 1, 2, 3, 4);
    sample(20, 1, 2, 3, 4);
    sample(40, 1, 2, 3);
    assertThat(record.over()).isEqualTo(2);
    assertThat(record.peak()).isEqualTo(4);
    assertThat(record.findings())
        .hasSize(2)
        .first()
        .asString()
        .startsWith("3 < {1=session of pod-1");
  }

  @Test
  void the_longest_gap_is_between_two_questions() {
    sample(1_000);
    sample(1_020);
    sample(1_140);
    sample(1_160);
    assertThat(record.longestGap()).isEqualTo(Duration.ofMillis(120));
    assertThat(record.length()).isEqualTo(Duration.ofMillis(160));
    assertThat(record.samples()).isEqualTo(4);
  }

  @Test
  void one_question_has_no_gap() {
    sample(1_000);
    assertThat(record.longestGap()).isZero();
    assertThat(record.length()).isZero();
  }

  @Test
  void a_raised_cap_is_in_force_for_questions_from_then_on() {
    record.raise(4, 50_000_000);
    sample(40, 1, 2, 3, 4);
    assertThat(record.over()).isEqualTo(1);
    sample(60, 1, 2, 3, 4);
    assertThat(record.over()).isEqualTo(1);
    assertThat(record.cap()).isEqualTo(4);
  }

  @Test
  void a_lowered_cap_is_not_in_force_before_the_workers_know() {
    sample(0, 1);
    lower(2, 10, 100);
    sample(20, 1);
    sample(40, 1, 2, 3);
    assertThat(record.cap()).isEqualTo(3);
    assertThat(record.over()).isZero();
  }

  @Test
  void a_lowered_cap_is_in_force_once_no_more_sessions_are_left() {
    sample(0, 1, 2, 3);
    lower(2, 10, 100);
    sample(120, 1, 2, 3);
    assertThat(record.cap()).isEqualTo(3);
    sample(140, 1, 2);
    assertThat(record.cap()).isEqualTo(2);
    assertThat(record.longestLowering()).isEqualTo(Duration.ofMillis(130));
    assertThat(record.over()).isZero();
    sample(160, 1, 2, 4);
    assertThat(record.over()).isEqualTo(1);
  }

  @Test
  void none_may_be_opened_before_those_above_a_lowered_cap_are_given_back() {
    sample(0, 1, 2, 3);
    lower(1, 10, 100);
    sample(120, 1, 3);
    assertThat(record.over()).isZero();
    sample(140, 3, 4);
    assertThat(record.over()).isEqualTo(1);
    assertThat(record.findings().getFirst()).startsWith("opened while the cap is lowered: {3=");
  }

  @Test
  void a_cap_that_is_raised_again_is_no_longer_to_be_lowered() {
    sample(0, 1, 2, 3);
    lower(1, 10, 20);
    record.raise(3, 30_000_000);
    sample(40, 1);
    sample(60, 1, 2, 4);
    assertThat(record.cap()).isEqualTo(3);
    assertThat(record.over()).isZero();
  }

  @Test
  void sessions_are_found_by_what_is_told_of_them() {
    record.sample(0, Map.of(7, "drover/caps/x.0/load 10.88.0.7 active", 8, "drover 10.88.0.8"));
    assertThat(record.nowWith(" 10.88.0.7 ")).containsExactly(7);
  }
}
