package dev.drover.worker.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ValueFormsTest {
  private static final UUID ID = UUID.fromString("0f8fad5b-d9cb-469f-a165-70867728950e");

  static Stream<Arguments> fields() {
    return Stream.of(
        Arguments.of(ColumnType.SMALLINT, 7, "record.x + 1 == 8"),
        Arguments.of(ColumnType.INTEGER, -7, "record.x == -7"),
        Arguments.of(ColumnType.BIGINT, 1L << 40, "record.x > 1000000000000"),
        Arguments.of(ColumnType.REAL, 1.5f, "record.x == 1.5"),
        Arguments.of(ColumnType.DOUBLE, 2.5, "record.x * 2.0 == 5.0"),
        Arguments.of(ColumnType.BOOLEAN, true, "record.x"),
        Arguments.of(ColumnType.DECIMAL, "1.50", "record.x == decimal('1.5')"),
        Arguments.of(ColumnType.TEXT, "größe ", "record.x.trim() == 'größe'"),
        Arguments.of(ColumnType.BYTES, new byte[] {1, 2}, "record.x == b'\\x01\\x02'"),
        Arguments.of(
            ColumnType.DATE,
            (int) LocalDate.of(2024, 2, 29).toEpochDay(),
            "record.x == timestamp('2024-02-29T00:00:00Z') && record.x.getDayOfMonth() == 28"),
        Arguments.of(ColumnType.TIME, 45_296_000_000L, "record.x == '12:34:56'"),
        Arguments.of(ColumnType.TIME, 45_296_000_120L, "record.x == '12:34:56.000120'"),
        Arguments.of(ColumnType.TIME, 86_400_000_000L, "record.x == '24:00:00'"),
        Arguments.of(ColumnType.TIMESTAMP, -1L, "record.x < timestamp('1970-01-01T00:00:00Z')"),
        Arguments.of(
            ColumnType.TIMESTAMPTZ,
            1_700_000_000_123_456L,
            "record.x == timestamp('2023-11-14T22:13:20.123456Z')"),
        Arguments.of(ColumnType.UUID, ID, "record.x == '0f8fad5b-d9cb-469f-a165-70867728950e'"),
        Arguments.of(ColumnType.JSON, "{\"a\": 1}", "record.x.contains('\"a\"')"),
        Arguments.of(ColumnType.ENUM, "happy", "record.x in ['sad', 'happy']"),
        Arguments.of(ColumnType.ARRAY, "{1,NULL}", "record.x.startsWith('{')"),
        Arguments.of(ColumnType.OTHER, "10.0.0.0/8", "record.x.split('/')[1] == '8'"));
  }

  @ParameterizedTest
  @MethodSource("fields")
  void a_field_has_its_type_in_an_expression(ColumnType type, Object value, String holds) {
    assertThat(Given.table("t").with("x", type, value).holds(holds)).isTrue();
  }

  @ParameterizedTest
  @MethodSource("fields")
  void a_field_set_to_itself_keeps_its_value_and_its_column(ColumnType type, Object value) {
    Given given = Given.table("t").with("x", type, value).set("x", "record.x");
    assertThat(given.passed().get("x")).isEqualTo(value);
    assertThat(given.output("x")).isEqualTo(new Column("x", type, false, "native " + type));
  }

  @ParameterizedTest
  @EnumSource(ColumnType.class)
  void a_null_of_any_type_can_be_tested_and_carried(ColumnType type) {
    Given given = Given.table("t").withNullable("x", type, null).set("x", "record.x");
    assertThat(given.passed().get("x")).isNull();
    assertThat(given.holds("record.x == null && null == record.x && !has(record.x)")).isTrue();
    assertThat(given.holds("record.x != null")).isFalse();
  }

  static Stream<Arguments> timesBeyond() {
    return Stream.of(
        Arguments.of(ColumnType.DATE, Integer.MAX_VALUE),
        Arguments.of(ColumnType.DATE, Integer.MIN_VALUE),
        Arguments.of(ColumnType.DATE, (int) LocalDate.of(10_000, 1, 1).toEpochDay()),
        Arguments.of(ColumnType.TIMESTAMP, Long.MAX_VALUE),
        Arguments.of(ColumnType.TIMESTAMPTZ, Long.MIN_VALUE),
        Arguments.of(
            ColumnType.TIMESTAMPTZ,
            Instant.parse("0000-12-31T23:59:59Z").getEpochSecond() * 1_000_000));
  }

  @ParameterizedTest
  @MethodSource("timesBeyond")
  void an_infinite_time_is_carried_and_fails_only_the_rule_that_calculates_with_it(
      ColumnType type, Object value) {
    Given given = Given.table("t").with("x", type, value);
    assertThat(given.set("x", "record.x").set("y", "record.x != null").passed())
        .containsEntry("x", value)
        .containsEntry("y", true);
    assertThat(given.failure("record.x > timestamp('2020-01-01T00:00:00Z')").message())
        .isEqualTo(
            "steps[2].set[0].to: operation on a date or time that is infinite or outside of the"
                + " years 1 to 9999 (field x)");
  }

  @Test
  void a_date_stays_a_date_and_takes_midnights_only() {
    Given given = Given.table("t").with("x", ColumnType.DATE, 0);
    assertThat(given.set("x", "record.x + duration('24h')").passed()).containsEntry("x", 1);
    assertThat(given.set("x", "record.x + duration('1h')").failed().message())
        .isEqualTo(
            "steps[1].set[0].to: gives a timestamp that is not midnight, for a date, for field x");
  }

  @Test
  void a_text_for_a_uuid_or_time_must_be_one() {
    Given uuid = Given.table("t").with("x", ColumnType.UUID, ID).set("x", "'1-1-1-1-1'");
    assertThat(uuid.failed().message())
        .isEqualTo("steps[0].set[0].to: gives a text that is no uuid, for field x");
    Given time = Given.table("t").with("x", ColumnType.TIME, 0L).set("x", "'25:00:00'");
    assertThat(time.failed().message()).contains("no time of day");
  }

  @Test
  void bytes_are_compared_by_their_content() {
    byte[] bytes = "abc".getBytes(StandardCharsets.UTF_8);
    assertThat(
            Given.table("t").with("x", ColumnType.BYTES, bytes).holds("string(record.x) == 'abc'"))
        .isTrue();
  }
}
