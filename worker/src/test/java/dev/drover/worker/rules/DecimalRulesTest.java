package dev.drover.worker.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.schema.ColumnType;
import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecimalRulesTest {
  private static Given prices(String price, String other) {
    return Given.table("shop.prices")
        .with("price", ColumnType.DECIMAL, price)
        .with("other", ColumnType.DECIMAL, other)
        .with("qty", ColumnType.INTEGER, 3)
        .withNullable("rebate", ColumnType.DECIMAL, null);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '"',
      value = {
        "record.price + record.other | 12.80",
        "record.price - record.other | 12.20",
        "record.price * record.other | 3.7500",
        "record.price / record.other | 41.66666666666666666666666666666667",
        "record.price % record.other | 0.20",
        "-record.price               | -12.50",
        "record.price + 1            | 13.50",
        "1 + record.price            | 13.50",
        "record.price - 1            | 11.50",
        "1 - record.price            | -11.50",
        "record.price * record.qty   | 37.50",
        "record.qty * record.price   | 37.50",
        "record.price / 5            | 2.50",
        "100 / record.price          | 8",
        "record.price % 5            | 2.50",
        "26 % record.price           | 1.00",
        "decimal('0.1') + decimal('0.2') | 0.3",
        "decimal(7)                  | 7",
        "decimal('1e3')              | 1000",
        "decimal(record.price)       | 12.50"
      })
  void arithmetic_is_exact_and_keeps_the_scale(String expression, String result) {
    assertThat(prices("12.50", "0.30").value(expression)).isEqualTo(result);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "record.price == record.other",
        "record.price >= record.other && record.price <= record.other",
        "!(record.price != record.other)",
        "!(record.price < record.other)",
        "!(record.price > record.other)",
        "record.price == decimal('12.5')",
        "record.price in [decimal('1'), decimal('12.500')]",
        "record.price > 12 && 12 < record.price && 13 >= record.price && record.price <= 13",
        "record.price != 12 && 12 != record.price",
        "record.price * 2 == 25 && 25 == record.price * 2"
      })
  void comparison_is_by_value_and_not_by_scale(String condition) {
    assertThat(prices("12.50", "12.5000").holds(condition)).isTrue();
  }

  @Test
  void decimals_compare_as_their_numbers_do_whatever_their_scales() {
    Random random = new Random(42);
    Given given =
        Given.table("t")
            .with("a", ColumnType.DECIMAL, "0")
            .with("b", ColumnType.DECIMAL, "0")
            .set("less", "record.a < record.b")
            .set("same", "record.a == record.b")
            .set("more", "record.a > record.b")
            .set("hash", "record.a in {record.b: 1}".replace("{record.b: 1}", "[record.b]"));
    Rules rules = given.rules();
    for (int i = 0; i < 5000; i++) {
      BigDecimal a = BigDecimal.valueOf(random.nextInt(-50, 50), random.nextInt(0, 3));
      BigDecimal b =
          random.nextInt(3) == 0
              ? a.setScale(a.scale() + random.nextInt(4))
              : BigDecimal.valueOf(random.nextInt(-50, 50), random.nextInt(0, 3));
      Object[] row = {a.toPlainString(), b.toPlainString()};
      Outcome outcome =
          Outcome.of(rules, given.schema(), new dev.drover.wire.batch.Row(i, "k", row));
      int order = a.compareTo(b);
      assertThat(((Outcome.Passed) outcome).row().values())
          .as("%s and %s", a, b)
          .endsWith(order < 0, order == 0, order > 0, order == 0);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '"',
      value = {
        "string(record.price)       | 12.00",
        "string(int(record.price))  | 12",
        "string(double(record.price) / 8.0) | 1.5"
      })
  void conversions_are_exact(String expression, String result) {
    assertThat(prices("12.00", "1").value(expression)).isEqualTo(result);
  }

  @Test
  void an_int_of_a_decimal_with_a_fraction_fails() {
    assertThat(prices("12.50", "1").failure("int(record.price)").message())
        .isEqualTo(
            "steps[0].set[0].to: int(...) of a decimal that has a fraction or is outside of the"
                + " range of an int (field price)");
  }

  @Test
  void an_int_of_a_decimal_beyond_64_bits_fails() {
    assertThat(prices("9223372036854775808", "1").failure("int(record.price)").cause().code())
        .isEqualTo("RuleError");
  }

  @Test
  void division_by_a_zero_decimal_fails_naming_the_fields() {
    assertThat(prices("12.50", "0.00").failure("record.price / record.other").message())
        .isEqualTo("steps[0].set[0].to: division by zero (fields price, other)");
    assertThat(prices("12.50", "0.00").failure("record.price % 0").message())
        .isEqualTo("steps[0].set[0].to: division by zero (field price)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"NaN", "Infinity", "-Infinity"})
  void a_special_decimal_can_be_carried_and_printed_but_not_calculated_with(String special) {
    assertThat(prices(special, "1").set("copy", "record.price").passed())
        .containsEntry("price", special)
        .containsEntry("copy", special);
    assertThat(prices(special, "1").value("string(record.price)")).isEqualTo(special);
    assertThat(prices(special, "1").holds("record.price != null && record.price != 1")).isTrue();
    assertThat(prices(special, "1").failure("record.price + 1").message())
        .isEqualTo(
            "steps[0].set[0].to: calculation with a decimal that is NaN or infinite (field price)");
    assertThat(prices(special, "1").failure("record.price < record.other").cause().subject())
        .isEqualTo("price");
  }

  @Test
  void a_null_decimal_is_null_and_equals_no_number() {
    assertThat(prices("1", "1").holds("record.rebate == null")).isTrue();
    assertThat(prices("1", "1").holds("record.rebate == 0")).isFalse();
    assertThat(prices("1", "1").holds("record.rebate != record.price")).isTrue();
    assertThat(prices("1", "1").failure("record.price - record.rebate").message())
        .isEqualTo("steps[0].set[0].to: operation on a null value: field rebate is null");
  }

  @Test
  void a_text_that_is_no_number_fails_without_quoting_it() {
    assertThat(
            prices("1", "1")
                .with("code", ColumnType.TEXT, "s3cret")
                .failure("decimal(record.code)")
                .message())
        .contains("no decimal number (field code)")
        .doesNotContain("s3cret");
  }

  @Test
  void a_number_too_long_to_be_numeric_fails_rather_than_fill_the_memory() {
    assertThat(
            prices("1", "1")
                .failure("string(decimal('1e' + string(2000000000 + record.qty)))")
                .message())
        .contains("more digits than numeric holds");
  }

  @Test
  void a_decimal_meets_no_double() {
    assertThat(prices("1", "1").filter("record.price > 9.99").finding().message())
        .contains("decimal, double")
        .contains("write decimal(\"9.99\") rather than 9.99");
  }
}
