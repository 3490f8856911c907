package dev.drover.wire.budget;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.Origin;
import dev.drover.wire.budget.BudgetTerms.Excess;
import dev.drover.wire.budget.BudgetTerms.Limit;
import dev.drover.wire.budget.BudgetTerms.Scope;
import dev.drover.wire.decision.Counts;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BudgetCountTest {
  private static final Instant START = Instant.parse("2026-11-24T12:00:00Z");

  private long sequence;

  private static BudgetTerms records(long max, @Nullable Integer window) {
    return new BudgetTerms(max, null, 1, window, Scope.Stage);
  }

  private static Excess tooMany(long allowed, long records, long failed) {
    return new Excess(Limit.maxRecords, allowed, records, failed, "f", failed);
  }

  private Optional<Excess> add(BudgetCount count, double seconds, int in, int failed) {
    return add(count, seconds, Origin.queue, in, failed);
  }

  private Optional<Excess> add(
      BudgetCount count, double seconds, Origin origin, int in, int failed) {
    return count.add(
        ++sequence,
        START.plusMillis(Math.round(seconds * 1000)),
        origin,
        new Counts(in, in - failed, 0, failed, 0, 0),
        failed == 0 ? Map.of() : Map.of("f", (long) failed));
  }

  @Test
  void without_a_window_everything_counts_for_ever() {
    BudgetCount count = new BudgetCount(records(10, null));

    assertThat(add(count, 0, 100, 10)).isEmpty();
    assertThat(add(count, 1e6, 100, 0)).isEmpty();
    assertThat(add(count, 2e6, 100, 1)).contains(tooMany(10, 300, 11));
  }

  @Test
  void what_is_older_than_the_window_does_not_count() {
    BudgetCount count = new BudgetCount(records(10, 60));

    assertThat(add(count, 0, 100, 10)).isEmpty();
    assertThat(add(count, 60, 100, 10)).isEmpty();
    assertThat(add(count, 60 + 58, 100, 1)).contains(tooMany(10, 200, 11));
  }

  @Test
  void a_cause_that_has_left_the_window_is_no_longer_the_first() {
    BudgetCount count = new BudgetCount(records(5, 60));
    Counts five = new Counts(10, 5, 0, 5, 0, 0);
    Counts six = new Counts(10, 4, 0, 6, 0, 0);
    count.add(1, START, Origin.queue, five, Map.of("old", 5L));

    assertThat(count.add(2, START.plusSeconds(61), Origin.queue, six, Map.of("new", 6L)))
        .contains(new Excess(Limit.maxRecords, 5, 10, 6, "new", 6));
    assertThat(count.lastDecision("new")).isEqualTo(2);
    assertThat(count.lastDecision("never")).isZero();
  }

  @Test
  void who_begins_late_in_a_window_comes_to_the_same_as_who_saw_all_of_it() {
    BudgetTerms terms = new BudgetTerms(null, 10, 300, 60, Scope.Stage);
    BudgetCount all = new BudgetCount(terms);
    BudgetCount late = new BudgetCount(terms);
    for (int second = 0; second < 300; second++) {
      int failed = second % 7 == 0 ? 3 : 0;
      Optional<Excess> seen = add(all, second, 10, failed);
      if (second >= 100) {
        Optional<Excess> seenLate = add(late, second, 10, failed);
        if (second >= 160) {
          assertThat(seenLate).as("second %s", second).isEqualTo(seen);
        }
      }
    }
    assertThat(add(all, 301, 300, 300)).isEqualTo(add(late, 301, 300, 300)).isPresent();
  }

  @Test
  void a_time_that_goes_back_a_little_counts_where_the_last_one_did() {
    BudgetCount count = new BudgetCount(records(10, 60));

    add(count, 30, 100, 5);
    assertThat(add(count, 28, 100, 6)).contains(tooMany(10, 200, 11));
  }

  @Test
  void records_that_are_sent_again_do_not_count() {
    BudgetCount count = new BudgetCount(records(10, null));

    assertThat(add(count, 0, Origin.retry, 50, 50)).isEmpty();
    assertThat(add(count, 0, 100, 10)).isEmpty();
  }

  @Test
  void records_that_waited_in_vain_fail_but_were_received_before() {
    BudgetCount count = new BudgetCount(records(10, null));

    add(count, 0, 100, 0);
    assertThat(add(count, 1, Origin.waiting, 20, 11)).contains(tooMany(10, 100, 11));
  }

  @Test
  void what_an_extract_reads_counts() {
    BudgetCount count = new BudgetCount(records(0, null));

    assertThat(add(count, 0, Origin.source, 100, 1)).contains(tooMany(0, 100, 1));
  }

  @Test
  void a_share_is_judged_also_by_a_batch_in_which_nothing_fails() {
    BudgetCount count = new BudgetCount(new BudgetTerms(null, 5, 1000, null, Scope.Stage));

    assertThat(add(count, 0, 900, 100)).isEmpty();
    assertThat(add(count, 1, 100, 0))
        .contains(new Excess(Limit.maxPercent, 5, 1000, 100, "f", 100));
  }
}
