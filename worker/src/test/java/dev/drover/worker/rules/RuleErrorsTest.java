package dev.drover.worker.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.Row;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.ColumnType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuleErrorsTest {
  private static Given numbers() {
    return Given.table("t")
        .with("small", ColumnType.SMALLINT, 32767)
        .with("qty", ColumnType.INTEGER, Integer.MAX_VALUE)
        .with("big", ColumnType.BIGINT, Long.MAX_VALUE)
        .with("zero", ColumnType.INTEGER, 0)
        .with("real", ColumnType.REAL, 1f)
        .with("huge", ColumnType.DOUBLE, 1e300)
        .with("secret", ColumnType.TEXT, "s3cret")
        .withNullable("note", ColumnType.TEXT, null)
        .withNullable("tip", ColumnType.INTEGER, null)
        .withNullable("flag", ColumnType.BOOLEAN, null)
        .withNullable("since", ColumnType.TIMESTAMPTZ, null);
  }

  @Test
  void an_operation_on_a_null_fails_that_record_naming_the_field() {
    Given given =
        numbers()
            .filter("true")
            .set(
                new Step.Assignment("qty", "1"),
                new Step.Assignment("x", "record.qty + record.tip"));
    assertThat(given.failed())
        .isEqualTo(
            new Verdict.Failed(
                Verdict.FailureClass.Record,
                new Cause("steps[1]", "RuleError", "t", "tip"),
                "steps[1].set[1].to: operation on a null value: field tip is null"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '"',
      value = {
        "record.note + record.secret | field note is null",
        "record.tip > 1 | field tip is null",
        "record.note.lowerAscii() == 'x' | field note is null",
        "record.since < timestamp(0) | field since is null",
        "(record.tip == null ? 0 : 1) == 0 && record.note.size() > 1 | field note is null",
        "record.tip + (record.note == null ? 1 : 2) | field tip is null",
        "[record.tip, record.qty].all(x, x > 0) | field tip is null",
        "(record.qty > 0 ? record.note : record.secret).trim() | field note is null",
        "record.note + (record.qty > 0 ? 'a' : 'b') | field note is null",
        "-record.tip | field tip is null",
        "record.flag ? record.tip : record.qty | field flag is null",
        "!record.flag | field flag is null",
        "record.flag && true | field flag is null",
        "record.flag || false | field flag is null",
        "record.tip * record.tip | field tip is null"
      })
  void only_the_null_that_was_operated_on_is_named(String expression, String named) {
    assertThat(numbers().failure(expression).message())
        .isEqualTo("steps[0].set[0].to: operation on a null value: " + named);
  }

  @Test
  void a_null_written_in_the_expression_is_told_with_the_fields_beside_it() {
    assertThat(numbers().failure("(record.qty > 0 ? null : record.qty) + 1").message())
        .isEqualTo("steps[0].set[0].to: operation on a null value (field qty)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "record.tip == null || record.tip > 1",
        "record.tip != null && record.tip > 1 || true",
        "record.note == 'x' || record.note == null",
        "record.tip != 3",
        "!(record.note in ['a', 'b'])",
        "type(record.note) == null_type || true"
      })
  void a_null_that_is_only_tested_fails_nothing(String condition) {
    assertThat(numbers().holds(condition)).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '"',
      value = {
        "record.big + 1 | a number out of range (field big) | big",
        "record.big * 2 | a number out of range (field big) | big",
        "-record.big - 2 | a number out of range (field big) | big",
        "record.qty / record.zero | division by zero (fields qty, zero) | qty",
        "record.qty % record.zero | division by zero (fields qty, zero) | qty",
        "int(record.secret) | a value of the wrong form for int(...) (field secret) | secret",
        "timestamp(record.secret) == timestamp(0) | a value of the wrong form for timestamp(...) (field secret) | secret",
        "double(record.secret) | a value of the wrong form for double(...) (field secret) | secret",
        "int(record.huge) | a number out of range (field huge) | huge",
        "record.secret.substring(record.qty) | no result for substring(...) with these values (fields secret, qty) | secret",
        "record.secret.split('e')[9] | an index out of bounds (field secret) | secret",
        "{'a': 1}[record.secret] | no such key (field secret) | secret",
        "timestamp(record.big) == timestamp(0) | no result for timestamp(...) with these values (field big) | big"
      })
  void an_error_is_told_in_clear_without_values(String expression, String text, String subject) {
    Verdict.Failed failed = numbers().failure(expression);
    assertThat(failed.cause()).isEqualTo(new Cause("steps[0]", "RuleError", "t", subject));
    assertThat(failed.message())
        .isEqualTo("steps[0].set[0].to: " + text)
        .doesNotContain("s3cret")
        .doesNotContain("" + Long.MAX_VALUE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '"',
      value = {
        "small | record.small + 1 | a number outside of the range of smallint",
        "small | -record.qty | a number outside of the range of smallint",
        "qty | record.qty + 1 | a number outside of the range of integer",
        "real | record.huge | a number outside of the range of real"
      })
  void a_number_too_large_for_its_column_fails_and_never_wraps(
      String field, String to, String text) {
    assertThat(numbers().set(field, to).failed().message())
        .isEqualTo("steps[0].set[0].to: gives " + text + ", for field " + field);
  }

  @Test
  void a_requirement_that_cannot_be_evaluated_is_a_rule_error_and_not_its_code() {
    assertThat(numbers().require("record.tip > 0", "TipMissing", null).failed())
        .isEqualTo(
            new Verdict.Failed(
                Verdict.FailureClass.Record,
                new Cause("steps[0]", "RuleError", "t", "tip"),
                "steps[0].require.that: operation on a null value: field tip is null"));
  }

  @Test
  void a_value_whose_type_dyn_hid_fails_the_record() {
    assertThat(numbers().set("secret", "record.qty > 0 ? dyn(1) : 'a'").failed().message())
        .contains("a value of another type than the expression's, for field secret");
    assertThat(numbers().filter("record.qty > 0 ? dyn(1) : true").failed().message())
        .isEqualTo("steps[0].filter: a condition that is neither true nor false");
  }

  @Test
  void a_runaway_macro_is_stopped() {
    String tens = "[0,1,2,3,4,5,6,7,8,9]";
    String loop =
        "%s.all(a, %s.all(b, %s.all(c, %s.all(d, %s.all(e, a + b + c + d + e >= 0)))))"
            .formatted(tens, tens, tens, tens, tens);
    assertThat(numbers().failure(loop).message()).contains("more than 10000 iterations");
  }

  @Test
  void a_failed_record_does_not_hinder_the_next() {
    Given given = numbers().set("x", "record.qty / record.zero");
    Rules rules = given.rules();
    assertThat(Outcome.of(rules, given.schema(), given.row()))
        .isInstanceOf(Outcome.NotPassed.class);
    Object[] values = given.row().values().clone();
    values[3] = 1;
    assertThat(Outcome.of(rules, given.schema(), new Row(1, "1", values)))
        .isInstanceOf(Outcome.Passed.class);
  }
}
