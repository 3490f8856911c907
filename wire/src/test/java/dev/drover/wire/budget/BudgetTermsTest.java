package dev.drover.wire.budget;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.budget.BudgetTerms.Excess;
import dev.drover.wire.budget.BudgetTerms.Limit;
import dev.drover.wire.budget.BudgetTerms.Scope;
import dev.drover.wire.state.WireJson;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BudgetTermsTest {
  /** Failures by cause, as {@code a:3 b:2}. */
  private static Map<String, Long> failures(String text) {
    Map<String, Long> failures = new HashMap<>();
    for (String cause : text.split(" ")) {
      int colon = cause.indexOf(':');
      failures.put(cause.substring(0, colon), Long.parseLong(cause.substring(colon + 1)));
    }
    return failures;
  }

  @ParameterizedTest(name = "{0} {1} {2} {3}: {5} of {4}")
  @CsvSource(
      delimiter = '|',
      value = {
        // maxRecords | maxPercent | minRecords | per | records | failures | limit or nothing
        "100 |    |    1 | Stage       |   5000 | a:100     |",
        "100 |    |    1 | Stage       |   5000 | a:101     | maxRecords",
        "100 |    |    1 | Stage       |   5000 | a:60 b:41 | maxRecords",
        "100 |    |    1 | Fingerprint |   5000 | a:60 b:41 |",
        "100 |    |    1 | Fingerprint |   5000 | a:60 b:101| maxRecords",
        "  0 |    |    1 | Stage       |   5000 | a:1       | maxRecords",
        "    |  5 | 1000 | Stage       |    999 | a:999     |",
        "    |  5 | 1000 | Stage       |   1000 | a:50      |",
        "    |  5 | 1000 | Stage       |   1000 | a:51      | maxPercent",
        "    |  5 | 1000 | Stage       |   1000 | a:26 b:25 | maxPercent",
        "    |  5 | 1000 | Fingerprint |   1000 | a:26 b:25 |",
        "    |  5 | 1000 | Fingerprint |   1000 | a:51 b:1  | maxPercent",
        "    |  0 | 1000 | Stage       |   1000 | a:1       | maxPercent",
        "    | 99 |    1 | Stage       |    100 | a:99      |",
        "    | 99 |    1 | Stage       |    100 | a:100     | maxPercent",
        // Whichever comes first.
        " 10 |  5 | 1000 | Stage       |     11 | a:11      | maxRecords",
        " 10 |  5 | 1000 | Stage       |   1000 | a:10      |",
        "900 |  5 | 1000 | Stage       |   1000 | a:51      | maxPercent",
        // Far beyond what fits an int.
        "    |  5 | 1000 | Stage       | 9000000000000 | a:450000000000 |",
        "    |  5 | 1000 | Stage       | 9000000000000 | a:450000000001 | maxPercent",
      })
  void a_budget_is_exceeded_when_more_fail_than_it_says(
      Long maxRecords,
      Integer maxPercent,
      long minRecords,
      Scope per,
      long records,
      String failures,
      Limit limit) {
    BudgetTerms terms = new BudgetTerms(maxRecords, maxPercent, minRecords, null, per);

    assertThat(terms.judge(records, failures(failures)).map(Excess::limit).orElse(null))
        .isEqualTo(limit);
  }

  @Test
  void nothing_has_failed_before_anything_came() {
    assertThat(new BudgetTerms(0L, 0, 1, null, Scope.Stage).judge(0, Map.of())).isEmpty();
  }

  @Test
  void the_cause_with_the_most_failures_is_named_and_of_two_always_the_same() {
    BudgetTerms terms = new BudgetTerms(3L, null, 1, null, Scope.Stage);

    assertThat(terms.judge(10, Map.of("a", 1L, "b", 3L)))
        .contains(new Excess(Limit.maxRecords, 3, 10, 4, "b", 3));
    assertThat(terms.judge(10, Map.of("c", 2L, "b", 2L, "a", 1L)))
        .contains(new Excess(Limit.maxRecords, 3, 10, 5, "b", 2));
  }

  @Test
  void what_is_exceeded_is_told_in_numbers() {
    assertThat(new BudgetTerms(null, 5, 1000, null, Scope.Stage).judge(1000, Map.of("a", 51L)))
        .map(Excess::text)
        .contains("51 of 1000 records failed, more than maxPercent 5 allows");
  }

  @Test
  void a_breach_is_of_the_budget_that_it_names_and_of_no_other() {
    BudgetTerms terms = new BudgetTerms(3L, null, 1, 60, Scope.Fingerprint);
    BudgetOrder order = new BudgetOrder("e1", terms, 7);
    Breach breach =
        new Breach(
            "e1", 7, "2026-11-24T00:00:00Z", new Excess(Limit.maxRecords, 3, 10, 4, "f", 4), null);

    assertThat(breach.isOf(order)).isTrue();
    assertThat(breach.isOf(new BudgetOrder("e2", terms, 7))).isFalse();
    assertThat(breach.isOf(new BudgetOrder("e1", terms, 8)))
        .as("the same budget, taken away and given again")
        .isFalse();
    assertThat(WireJson.parse(WireJson.bytes(breach), Breach.class)).isEqualTo(breach);
    assertThat(WireJson.parse(WireJson.bytes(order), BudgetOrder.class)).isEqualTo(order);
  }
}
