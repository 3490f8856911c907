package dev.drover.worker.postgres.target;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class IsolationTest {
  private static final int ROWS = 8_000;

  @Test
  void rows_that_are_all_good_take_one_attempt() {
    assertThat(attempts(ROWS, Set.of(), Hints.Right)).isEqualTo(1);
  }

  @Test
  void no_rows_take_no_attempt() {
    assertThat(attempts(0, Set.of(), Hints.Right)).isZero();
  }

  @Test
  void one_percent_bad_with_hints_takes_about_three_attempts_a_bad_row() {
    assertThat(attempts(ROWS, some(80), Hints.Right)).isLessThan(4 * 80);
  }

  @Test
  void one_percent_bad_without_hints_takes_a_binary_search_a_bad_row() {
    assertThat(attempts(ROWS, some(80), Hints.None)).isLessThan(12 * 80);
  }

  @Test
  void all_bad_takes_about_one_attempt_a_row() {
    Set<Integer> all = IntStream.range(0, ROWS).boxed().collect(Collectors.toSet());
    assertThat(attempts(ROWS, all, Hints.Right)).isLessThan(ROWS + 10);
    assertThat(attempts(ROWS, all, Hints.None)).isLessThan(ROWS + 20);
  }

  @Test
  void hints_that_mislead_cost_attempts_and_no_wrong_verdict() {
    assertThat(attempts(ROWS, some(80), Hints.Wrong)).isLessThan(20 * 80);
  }

  @Test
  void a_bad_row_at_either_end_is_found() {
    assertThat(attempts(ROWS, Set.of(0, ROWS - 1), Hints.Right)).isLessThan(20);
    assertThat(attempts(ROWS, Set.of(0, ROWS - 1), Hints.None)).isLessThan(60);
  }

  private enum Hints {
    Right,
    None,
    Wrong
  }

  private static Set<Integer> some(int count) {
    return new Random(7).ints(0, ROWS).distinct().limit(count).boxed().collect(Collectors.toSet());
  }

  /** Runs an isolation against rows of which some are bad, and checks what it settles. */
  private static int attempts(int rows, Set<Integer> bad, Hints hints) {
    Random random = new Random(11);
    Isolation isolation = new Isolation(rows);
    TreeSet<Integer> badRows = new TreeSet<>(bad);
    Set<Integer> refused = new TreeSet<>();
    int written = 0;
    int attempts = 0;
    while (!isolation.done()) {
      attempts++;
      int from = isolation.from();
      int to = isolation.to();
      assertThat(to).isGreaterThan(from);
      Integer first = badRows.ceiling(from);
      if (first == null || first >= to) {
        written += to - from;
        isolation.accepted();
        continue;
      }
      int hint =
          switch (hints) {
            case Right -> first;
            case None -> -1;
            case Wrong -> random.nextInt(from, to);
          };
      if (isolation.refused(hint)) {
        refused.add(from);
      }
    }
    assertThat(refused).isEqualTo(badRows);
    assertThat(written).isEqualTo(rows - bad.size());
    return attempts;
  }
}
