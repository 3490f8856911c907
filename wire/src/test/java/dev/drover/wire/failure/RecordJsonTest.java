package dev.drover.wire.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordJsonTest {
  private static final RecordSchema SCHEMA =
      new RecordSchema(
          "public.t",
          List.of(
              new Column("small", ColumnType.SMALLINT, false, "smallint"),
              new Column("id", ColumnType.BIGINT, false, "bigint"),
              new Column("price", ColumnType.DECIMAL, true, "numeric(22,2)"),
              new Column("ratio", ColumnType.DOUBLE, true, "double precision"),
              new Column("real", ColumnType.REAL, true, "real"),
              new Column("name", ColumnType.TEXT, true, "character varying(4)"),
              new Column("raw", ColumnType.BYTES, true, "bytea"),
              new Column("day", ColumnType.DATE, true, "date"),
              new Column("at", ColumnType.TIME, true, "time"),
              new Column("local", ColumnType.TIMESTAMP, true, "timestamp(0) without time zone"),
              new Column("instant", ColumnType.TIMESTAMPTZ, true, "timestamptz"),
              new Column("uuid", ColumnType.UUID, true, "uuid"),
              new Column("ok", ColumnType.BOOLEAN, true, "boolean")));

  private static Object[] values() {
    return new Object[] {
      7,
      Long.MAX_VALUE,
      "12345678901234567890.10",
      Double.NaN,
      0.1f,
      "x",
      new byte[] {1, 2},
      -1,
      86_400_000_000L,
      Long.MAX_VALUE,
      -1L,
      new UUID(1, 2),
      true
    };
  }

  @Test
  void what_is_shown_corrects_to_the_same_record() {
    ObjectNode shown = RecordJson.render(SCHEMA, values(), 60_000).json();

    assertThat(RecordJson.corrected(SCHEMA, values(), shown)).isEqualTo(values());
  }

  @Test
  void nothing_loses_a_digit_on_the_way_to_a_person() {
    ObjectNode shown = RecordJson.render(SCHEMA, values(), 60_000).json();

    assertThat(shown.get("id").asText()).isEqualTo("9223372036854775807");
    assertThat(shown.get("price").asText()).isEqualTo("12345678901234567890.10");
    assertThat(shown.get("real").asText()).isEqualTo("0.1");
    assertThat(shown.get("local").asText()).isEqualTo("infinity");
    assertThat(shown.get("instant").asText()).isEqualTo("1969-12-31T23:59:59.999999Z");
  }

  @Test
  void a_correction_changes_only_the_fields_that_it_names() {
    Object[] corrected =
        RecordJson.corrected(SCHEMA, values(), json("{'price': 3.5, 'name': null}"));

    assertThat(corrected[2]).isEqualTo("3.5");
    assertThat(corrected[5]).isNull();
    assertThat(corrected[1]).isEqualTo(Long.MAX_VALUE);
    assertThat(values()[2]).isEqualTo("12345678901234567890.10");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'nosuch': 1}          | spec.correction.nosuch | no such field",
        "{'small': 40000}       | spec.correction.small  | smallint",
        "{'small': 1.5}         | spec.correction.small  | whole number",
        "{'id': null}           | spec.correction.id     | no null",
        "{'day': '2026-13-01'}  | spec.correction.day    | 2026-01-31",
        "{'ok': 'yes'}          | spec.correction.ok     | true or false",
        "{'price': 'secret!'}   | spec.correction.price  | 12.50",
        "{'price': '1.239'}     | spec.correction.price  | more than 2 digits after the point",
        "{'price': '123456789012345678901'} | spec.correction.price | more than 20 digits before the point",
        "{'name': 'secret!'}    | spec.correction.name   | is longer than 4 characters",
        "{'local': '2026-01-31T10:00:00.5'} | spec.correction.local | more than 0 digits of a second",
        "{'price': '1e999999999'} | spec.correction.price | 12.50",
        "{'price': '1e-999999999'} | spec.correction.price | 12.50",
        "{'real': '1e39'}       | spec.correction.real   | a number",
        "{'ratio': '1e999'}     | spec.correction.ratio  | a number",
        "{'at': '24:00:59'}     | spec.correction.at     | a time",
        "{'at': '10:00:00.1234567'} | spec.correction.at | a time",
        "{'instant': '2026-01-31T10:00:00.1234567Z'} | spec.correction.instant | an instant",
        "{'instant': 'no infinity'} | spec.correction.instant | an instant",
        "{'uuid': '1-1-1-1-1'}  | spec.correction.uuid   | a UUID",
        "{'name': 49}           | spec.correction.name   | a string",
        "{'name': ['a']}        | spec.correction.name   | a string",
        "[1]                    | spec.correction        | object",
      })
  void a_correction_that_does_not_fit_is_refused_by_path_without_the_value(
      String correction, String path, String advice) {
    assertThatThrownBy(() -> RecordJson.corrected(SCHEMA, values(), json(correction)))
        .isInstanceOf(RecordJson.FieldRefusedException.class)
        .hasMessageStartingWith(path + ":")
        .hasMessageContaining(advice)
        .message()
        .doesNotContain("secret!");
  }

  @Test
  void long_texts_are_cut_and_named() {
    RecordSchema schema =
        new RecordSchema("t.t", List.of(new Column("doc", ColumnType.TEXT, true, "text")));

    RecordJson.Shown shown = RecordJson.render(schema, new Object[] {"x".repeat(100_000)}, 60_000);

    assertThat(shown.cut()).containsExactly("doc");
    assertThat(shown.json().get("doc").asText()).hasSizeLessThan(61_000);
  }

  private static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text.replace('\'', '"'));
    } catch (Exception e) {
      throw new IllegalArgumentException(e);
    }
  }
}
