package dev.drover.worker.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.drover.wire.schema.ColumnType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValueTextTest {
  @ParameterizedTest
  @CsvSource({
    "BOOLEAN, yes",
    "BOOLEAN, 1",
    "SMALLINT, 32768",
    "INTEGER, 2147483648",
    "INTEGER, 1.0",
    "INTEGER, ''",
    "BIGINT, 9223372036854775808",
    "REAL, 1f",
    "REAL, 1e39",
    "REAL, 0x1p3",
    "DOUBLE, 1e309",
    "DOUBLE, 1e-400",
    "DOUBLE, infinity",
    "DECIMAL, '1,5'",
    "DECIMAL, 1e999999",
    "DECIMAL, 1e-16384",
    "BYTES, abc",
    "BYTES, \\xabc",
    "DATE, 2023-02-29",
    "DATE, 1900-02-29",
    "DATE, 2023-13-01",
    "DATE, 2023-1-1",
    "DATE, 0000-01-01",
    "DATE, 9999999-01-01",
    "DATE, 2023-01-01 AD",
    "TIME, 24:00:00.000001",
    "TIME, 12:60",
    "TIME, 12:00:00.1234567",
    "TIMESTAMP, 2023-01-01",
    "TIMESTAMP, 2023-01-01 00:00:00+00",
    "TIMESTAMP, 294248-01-01 00:00:00",
    "TIMESTAMPTZ, 2023-01-01 00:00:00",
    "TIMESTAMPTZ, now",
    "UUID, 1-1-1-1-1",
    "UUID, 123456789-123-1234-1234-123456789012",
    "UUID, 00000000-0000-0000-0000-00000000000g",
  })
  void a_text_that_is_no_value_is_refused_without_being_repeated(ColumnType type, String text) {
    assertThatExceptionOfType(UnreadableTextException.class)
        .isThrownBy(() -> ValueText.parse(type, text))
        .withMessageContaining(type.name())
        .satisfies(e -> assertThat(e.type()).isEqualTo(type));
  }

  @ParameterizedTest
  @CsvSource({
    "TIMESTAMPTZ, 2024-02-29T12:00:00.5Z, 2024-02-29 12:00:00.5+00",
    "TIMESTAMPTZ, 2024-02-29 12:00:00+02:30, 2024-02-29 09:30:00+00",
    "TIMESTAMPTZ, 2024-02-29 12:00-0130, 2024-02-29 13:30:00+00",
    "TIMESTAMP, 2024-02-29T12:00, 2024-02-29 12:00:00",
    "DECIMAL, 1.50e3, 1500",
    "DECIMAL, 12.50, 12.50",
    "DECIMAL, 1e-3, 0.001",
    "BOOLEAN, t, true",
    "BYTES, \\xABcd, \\xabcd",
  })
  void other_ways_of_writing_a_value_give_the_servers_own(
      ColumnType type, String text, String rendered) {
    assertThat(ValueText.render(type, ValueText.parse(type, text))).isEqualTo(rendered);
  }

  @Test
  void text_is_kept_as_it_is_but_for_the_character_that_no_server_stores() {
    assertThat(ValueText.parse(ColumnType.TEXT, " ä\n")).isEqualTo(" ä\n");
    assertThatExceptionOfType(UnreadableTextException.class)
        .isThrownBy(() -> ValueText.parse(ColumnType.JSON, "\0"));
  }
}
