package dev.drover.worker.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.ColumnType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuleCompilerTest {
  private static final String STEPS = Given.PATH + ".steps";

  @Test
  void an_unknown_field_is_refused_naming_those_that_are_known() {
    assertThat(
            Given.orders()
                .filter("true")
                .filter("record.statuz == 'x'")
                .onlyFor("shop.*")
                .finding())
        .isEqualTo(
            Finding.error(
                "ExpressionInvalid",
                STEPS + "[1].filter",
                "at character 7: undefined field 'statuz'; table shop.orders has no field statuz at"
                    + " this step; it has id, qty, status, price, note, discount"));
  }

  @Test
  void a_step_for_every_table_is_advised_to_name_its_tables() {
    assertThat(
            Given.table("shop.lines")
                .with("id", ColumnType.BIGINT, 1L)
                .filter("record.status == ''")
                .finding()
                .message())
        .contains("table shop.lines has no field status")
        .endsWith("give it tables: [...] with those it is meant for");
  }

  @Test
  void each_place_has_its_exact_path() {
    List<Finding> findings =
        Given.orders()
            .require("record.a", "A", "record.b")
            .set(new Step.Assignment("x", "1"), new Step.Assignment("y", "record.c"))
            .rename("d", "e")
            .rename("id", "qty")
            .remove("id", "f")
            .filter("record.g")
            .findings();
    assertThat(findings)
        .extracting(Finding::path)
        .containsExactly(
            STEPS + "[0].require.that",
            STEPS + "[0].require.message",
            STEPS + "[1].set[1].to",
            STEPS + "[2].rename[0].from",
            STEPS + "[3].rename[0].to",
            STEPS + "[4].remove[1]",
            STEPS + "[5].filter");
    assertThat(findings).allMatch(f -> f.severity() == Finding.Severity.Error);
  }

  @Test
  void a_syntax_error_is_told_with_its_position() {
    assertThat(Given.orders().filter("record.qty >").findings().getFirst().message())
        .startsWith("at character 13: ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '"',
      value = {
        "record.qty + 'x' == '' | '+' is not defined for (int, string); convert one",
        "record.qty * 1.5 > 1.0 | '*' is not defined for (int, double); convert one, such as by double(...)",
        "qty > 1 | undeclared reference to 'qty'; write record.qty",
        "now() > timestamp(0) | a rule must give the same result every time",
        "random() > 1 | a rule must give the same result every time",
        "record['qty'] > 1 | write record.field, or record.`field-name`",
        "record.qty > 1 ? record.qty : 'x' | '?:' is not defined for (bool, int, string); both results must be of one type, or null",
        "record.price == 1.5 | write decimal(\"9.99\") rather than 9.99",
        "record.status[0] == 'a' | '[]' is not defined for (string, int)",
        "record.price in [1] | 'in' is not defined for (decimal, list(int))",
        "timestamp(0) > '2024-01-01' | write timestamp('2024-01-31T00:00:00Z') rather than a text",
        "record.qty | gives int, but must give bool; write a condition",
        "[1].exists(record, record > 0) | record and table can't be variables of a macro",
        "record.qty.foo > 1 | type 'int' does not support field selection"
      })
  void what_is_wrong_is_said_with_what_to_write_instead(String filter, String text) {
    assertThat(Given.orders().filter(filter).findings().getFirst().message()).contains(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '"',
      value = {
        "record.price > decimal('1,5') | at character 23: no decimal number; write it as decimal(",
        "timestamp('yesterday') == timestamp(0) | at character 10: no timestamp; write it as timestamp(",
        "int('x') > record.qty | at character 4: int(...) has no value for",
        "record.qty > 1 / 0 | at character 16: this fails for every record",
        "record.status.matches('(') | at character 22: matches(...) is given no regular expression"
      })
  void a_constant_that_can_only_fail_is_refused(String filter, String text) {
    assertThat(Given.orders().filter(filter).finding().message()).contains(text);
  }

  @Test
  void many_fields_are_not_all_named() {
    Given wide = Given.table("t");
    for (int i = 0; i < 300; i++) {
      wide.with("c" + i, ColumnType.INTEGER, i);
    }
    assertThat(wide.filter("record.x > 1").finding().message()).contains("c49 and 250 more");
  }

  @Test
  void a_message_must_be_a_text() {
    assertThat(Given.orders().require("true", "A", "record.qty").finding())
        .isEqualTo(
            Finding.error(
                "ExpressionInvalid",
                STEPS + "[0].require.message",
                "gives int, but must give string; convert it by string(...)"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '"',
      value = {
        "[1, 2] | gives list(int), which no field can hold; make it one value",
        "{'a': 1} | gives map(string, int), which no field can hold; take one value out of it",
        "duration('1h') | gives duration, which no field can hold; convert it, such as by string(...)",
        "1u | gives uint, which no field can hold; convert it by int(...)",
        "dyn(record.qty) | gives dyn, which no field can hold; say which type it is",
        "[1, 'a'][0] | gives dyn, which no field can hold; say which type it is",
        "null | which no field can hold; a new field needs a type",
        "record | which no field can hold",
        "int | which no field can hold"
      })
  void a_result_that_no_column_holds_is_refused_with_advice(String expression, String text) {
    assertThat(Given.orders().set("fresh", expression).finding())
        .satisfies(
            finding -> {
              assertThat(finding.reason()).isEqualTo("ResultTypeInvalid");
              assertThat(finding.path()).isEqualTo(STEPS + "[0].set[0].to");
              assertThat(finding.message()).contains(text);
            });
  }

  @Test
  void a_removed_or_renamed_field_is_unknown_to_later_steps() {
    assertThat(Given.orders().remove("note").filter("record.note == ''").finding().message())
        .contains("no field note");
    assertThat(Given.orders().rename("note", "n").set("x", "record.note").finding().message())
        .contains("it has id, qty, status, price, n, discount");
  }

  @Test
  void a_field_of_a_refused_expression_is_not_complained_of_again() {
    assertThat(
            Given.orders()
                .set("total", "record.price * 1.5")
                .filter("record.total > 3 && record.total.foo")
                .set("more", "record.total + 1")
                .set("evenMore", "record.more + 1")
                .finding()
                .path())
        .isEqualTo(STEPS + "[0].set[0].to");
  }

  @Test
  void a_step_of_no_kind_or_of_two_is_refused() {
    Step none = new Step(List.of(), null, null, List.of(), List.of(), List.of());
    assertThat(Given.orders().step(none).finding())
        .isEqualTo(
            Finding.error(
                "StepInvalid",
                STEPS + "[0]",
                "a step has exactly one of require, filter, set, rename and remove; this one has"
                    + " none"));
    Step two = new Step(List.of(), null, "true", List.of(), List.of(), List.of("id"));
    assertThat(Given.orders().step(two).finding().message())
        .endsWith("this one has filter and remove: make them steps of their own");
  }

  @Test
  void a_rename_onto_a_field_that_is_there_is_refused() {
    assertThat(Given.orders().rename("note", "status").finding())
        .isEqualTo(
            Finding.error(
                "FieldExists",
                STEPS + "[0].rename[0].to",
                "table shop.orders has a field status already at this step; remove or rename that one"
                    + " before, or choose another name"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "((", "record.", "'", "1 = 1", "record.qty > 9999999999999999999"})
  void nonsense_is_a_finding_and_no_exception(String filter) {
    assertThat(Given.orders().filter(filter).findings()).isNotEmpty();
  }

  @Test
  void an_expression_nested_without_end_is_a_finding() {
    String deep = "(".repeat(5000) + "true" + ")".repeat(5000);
    assertThat(Given.orders().filter(deep).findings()).isNotEmpty();
  }
}
