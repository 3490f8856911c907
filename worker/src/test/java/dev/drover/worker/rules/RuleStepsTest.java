package dev.drover.worker.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.Row;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleStepsTest {
  @Test
  void a_record_without_steps_passes_as_it_is() {
    Given given = Given.orders();
    Row row = given.row();
    assertThat(given.outcome()).usingRecursiveComparison().isEqualTo(new Outcome.Passed(row));
  }

  @Test
  void a_requirement_that_holds_lets_the_record_pass() {
    assertThat(Given.orders().require("record.qty > 0", "QtyNotPositive", null).passed())
        .containsEntry("qty", 3);
  }

  @Test
  void a_requirement_that_does_not_hold_fails_the_record_with_its_code_and_message() {
    Verdict.Failed failed =
        Given.orders()
            .filter("true")
            .require("record.qty > 5", "QtyTooSmall", "'qty is ' + string(record.qty)")
            .failed();
    assertThat(failed)
        .isEqualTo(
            new Verdict.Failed(
                Verdict.FailureClass.Record,
                new Cause("steps[1]", "QtyTooSmall", "shop.orders", "qty"),
                "qty is 3"));
  }

  @Test
  void a_requirement_without_a_message_says_what_does_not_hold() {
    assertThat(Given.orders().require("record.qty > 5", "QtyTooSmall", null).failed().message())
        .isEqualTo("steps[0]: require record.qty > 5 does not hold");
  }

  @Test
  void a_message_that_fails_itself_leaves_the_code_and_the_standard_message() {
    Verdict.Failed failed =
        Given.orders().require("record.qty > 5", "QtyTooSmall", "record.note + '!'").failed();
    assertThat(failed.cause().code()).isEqualTo("QtyTooSmall");
    assertThat(failed.message())
        .isEqualTo(
            "steps[0]: require record.qty > 5 does not hold; its message could not be made:"
                + " operation on a null value: field note is null");
  }

  @Test
  void a_message_that_is_null_leaves_the_standard_message() {
    assertThat(
            Given.orders()
                .require("record.qty > 5", "QtyTooSmall", "record.note")
                .failed()
                .message())
        .isEqualTo("steps[0]: require record.qty > 5 does not hold");
  }

  @Test
  void the_first_failing_step_decides() {
    Given given =
        Given.orders()
            .require("record.qty > 1", "First", null)
            .require("record.qty > 5", "Second", null)
            .require("record.qty > 9", "Third", null);
    assertThat(given.failed().cause().code()).isEqualTo("Second");
  }

  @Test
  void a_filter_leaves_out_what_it_is_not_true_for() {
    assertThat(Given.orders().filter("record.status != 'NEW'").outcome())
        .isEqualTo(new Outcome.NotPassed(new Verdict.Filtered()));
    assertThat(Given.orders().filter("table == 'shop.orders'").outcome())
        .isInstanceOf(Outcome.Passed.class);
  }

  @Test
  void a_filter_that_is_null_fails_the_record() {
    Given given = Given.orders().withNullable("flag", ColumnType.BOOLEAN, null);
    assertThat(given.filter("record.flag").failed())
        .isEqualTo(
            new Verdict.Failed(
                Verdict.FailureClass.Record,
                new Cause("steps[0]", "RuleError", "shop.orders", "flag"),
                "steps[0].filter: a condition that is null: field flag is null"));
  }

  @Test
  void each_computed_field_sees_those_before_it() {
    assertThat(
            Given.orders()
                .set(
                    new Step.Assignment("qty", "record.qty * 2"),
                    new Step.Assignment("twice", "record.qty + 1"))
                .set("thrice", "record.twice + record.qty")
                .passed())
        .containsEntry("qty", 6)
        .containsEntry("twice", 7L)
        .containsEntry("thrice", 13L);
  }

  @Test
  void a_computed_field_leaves_position_and_key_as_they_were() {
    Given given = Given.orders().set("qty", "record.qty * 2");
    Outcome outcome = given.outcome();
    Row passed = ((Outcome.Passed) outcome).row();
    assertThat(passed.values()[1]).isEqualTo(6);
    assertThat(passed.position()).isEqualTo(4);
    assertThat(passed.key()).isEqualTo("7");
  }

  @Test
  void fields_are_renamed_and_removed_in_their_places() {
    Given given =
        Given.orders()
            .set("total", "record.price * record.qty")
            .rename("note", "remark")
            .remove("status", "discount")
            .set("remark", "'total ' + string(record.total)");
    assertThat(given.passed())
        .containsExactly(
            java.util.Map.entry("id", 7L),
            java.util.Map.entry("qty", 3),
            java.util.Map.entry("price", "12.50"),
            java.util.Map.entry("remark", "total 37.50"),
            java.util.Map.entry("total", "37.50"));
    assertThat(given.output("remark"))
        .isEqualTo(new Column("remark", ColumnType.TEXT, false, "native TEXT"));
  }

  @Test
  void names_can_be_swapped_by_way_of_a_third() {
    assertThat(
            Given.orders()
                .rename("id", "swap")
                .rename("qty", "id")
                .rename("swap", "qty")
                .remove("status", "price", "note", "discount")
                .passed())
        .containsExactly(java.util.Map.entry("qty", 7L), java.util.Map.entry("id", 3));
  }

  @Test
  void a_step_for_other_tables_is_skipped() {
    assertThat(
            Given.orders()
                .set("qty", "record.no_such_field")
                .onlyFor("shop.customers", "shop.order_*")
                .set("qty", "record.qty + 1")
                .onlyFor("shop.ord*")
                .passed())
        .containsEntry("qty", 4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '"',
      value = {
        "qty | record.qty + 1 | INTEGER | native INTEGER",
        "qty | string(record.qty) | TEXT | text",
        "qty | record.price | DECIMAL | numeric",
        "qty | double(record.qty) | DOUBLE | double precision",
        "status | record.qty | BIGINT | bigint",
        "status | record.qty > 1 | BOOLEAN | boolean",
        "status | bytes('a') | BYTES | bytea",
        "status | timestamp(0) | TIMESTAMPTZ | timestamp with time zone",
        "price | record.price * 2 | DECIMAL | native DECIMAL",
        "fresh | record.price | DECIMAL | numeric",
        "fresh | record.status | TEXT | text",
        "fresh | record.qty | BIGINT | bigint"
      })
  void a_computed_field_keeps_its_type_or_takes_the_expressions(
      String field, String expression, ColumnType type, String nativeType) {
    assertThat(Given.orders().set(field, expression).output(field))
        .isEqualTo(new Column(field, type, false, nativeType));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '"',
      value = {
        "record.note | true",
        "null | true",
        "record.qty > 1 ? record.note : null | true",
        "record.note == null ? '' : record.note | false",
        "record.note != null ? record.note : 'none' | false",
        "record.note != null && record.qty > 1 ? record.note : 'none' | false",
        "!has(record.note) || record.qty > 1 ? 'none' : record.note | false",
        "record.note == null && record.qty > 1 ? 'none' : record.note | true",
        "has(record.note) ? record.note.trim() : '' | false",
        "record.note + 'x' | false",
        "[record.note][0] | true",
        "table | false"
      })
  void a_result_is_nullable_only_where_null_can_occur(String expression, boolean nullable) {
    assertThat(Given.orders().set("status", expression).output("status").nullable())
        .isEqualTo(nullable);
  }

  @Test
  void a_field_required_not_to_be_null_is_not_nullable_from_there_on() {
    Given given =
        Given.orders()
            .require("record.note != null && record.qty > 0", "NoteMissing", null)
            .filter("!(record.discount == null)")
            .set("copy", "record.note");
    assertThat(given.output("note").nullable()).isFalse();
    assertThat(given.output("discount").nullable()).isFalse();
    assertThat(given.output("copy").nullable()).isFalse();
  }

  @Test
  void null_may_be_set_by_either_branch_of_a_condition() {
    assertThat(
            Given.orders().set("status", "record.status == 'NEW' ? null : record.status").passed())
        .containsEntry("status", null);
    assertThat(Given.orders().set("price", "record.qty > 9 ? record.price : null").passed())
        .containsEntry("price", null);
    assertThat(Given.orders().value("record.qty > 1 ? 'a' : null")).isEqualTo("a");
  }

  @Test
  void the_paths_of_computed_fields_follow_renames_and_later_steps() {
    Rules rules =
        Given.orders()
            .set("a", "1")
            .set(new Step.Assignment("b", "2"), new Step.Assignment("qty", "3"))
            .set("a", "4")
            .rename("a", "z")
            .remove("b")
            .rules();
    assertThat(rules.computed())
        .containsOnly(
            java.util.Map.entry("z", Given.PATH + ".steps[2].set[0].to"),
            java.util.Map.entry("qty", Given.PATH + ".steps[1].set[1].to"));
  }

  @Test
  void a_field_with_an_odd_name_is_written_in_backticks() {
    assertThat(
            Given.table("t")
                .with("order no-1", ColumnType.INTEGER, 5)
                .withNullable("in", ColumnType.INTEGER, null)
                .holds("record.`order no-1` == 5 && !has(record.`in`)"))
        .isTrue();
  }

  @Test
  void a_field_whose_name_no_backticks_take_can_be_read_after_a_rename() {
    assertThat(
            Given.table("t")
                .with("größe", ColumnType.INTEGER, 5)
                .filter("record.`größe` == 5")
                .findings())
        .isNotEmpty();
    assertThat(
            Given.table("t")
                .with("größe", ColumnType.INTEGER, 5)
                .with("a.b/c", ColumnType.INTEGER, 6)
                .rename("größe", "size_cm")
                .holds("record.size_cm == 5 && record.`a.b/c` == 6"))
        .isTrue();
  }

  @Test
  void strings_math_and_macros_are_there() {
    assertThat(
            Given.orders()
                .holds(
                    "record.status.lowerAscii().replace('n', 'm').substring(1) == 'ew'"
                        + " && math.greatest(record.qty, 2) == 3"
                        + " && 'a,b'.split(',').map(x, x.upperAscii()).join('-') == 'A-B'"
                        + " && [1, 2].exists(x, x == record.qty - 1)"
                        + " && record.status.matches('^N.W$')"))
        .isTrue();
  }

  @Test
  void the_same_rules_serve_many_threads() throws Exception {
    Given given = Given.orders().set("qty", "record.qty * 2");
    Rules rules = given.rules();
    try (var threads = java.util.concurrent.Executors.newFixedThreadPool(4)) {
      var results =
          threads.invokeAll(
              java.util.stream.IntStream.range(0, 200)
                  .<java.util.concurrent.Callable<Object>>mapToObj(
                      i ->
                          () -> {
                            Object[] values = given.row().values().clone();
                            values[1] = i;
                            Outcome outcome =
                                Outcome.of(rules, given.schema(), new Row(i, "" + i, values));
                            return ((Outcome.Passed) outcome).row().values()[1];
                          })
                  .toList());
      for (int i = 0; i < results.size(); i++) {
        assertThat(results.get(i).get()).isEqualTo(2 * i);
      }
    }
  }
}
