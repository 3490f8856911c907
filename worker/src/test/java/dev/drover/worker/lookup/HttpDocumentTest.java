package dev.drover.worker.lookup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpDocumentTest {
  private static final RecordSchema ORDERS =
      new RecordSchema(
          "public.orders", List.of(new Column("id", ColumnType.INTEGER, false, "integer")));

  private static LookupSpec.Field field(String pointer, ColumnType type, boolean optional) {
    return new LookupSpec.Field("found", pointer, type, type.name().toLowerCase(), optional);
  }

  private static HttpQuestion question(LookupSpec.Field... fields) throws Exception {
    return HttpQuestion.of(
        new LookupSpec.Http(
            "http://h/{id}", List.of(), false, Arrays.asList(fields), List.of(404), 8, 1000),
        ORDERS);
  }

  private static Answer answer(String json, LookupSpec.Field... fields) throws Exception {
    return HttpDocument.answer(question(fields), json.getBytes(StandardCharsets.UTF_8));
  }

  private static Object value(ColumnType type, String json) throws Exception {
    Answer answer = answer("{\"a\": [{\"b\": " + json + "}]}", field("/a/0/b", type, false));
    return answer instanceof Answer.Found found ? found.values()[0] : answer;
  }

  @Test
  void values_keep_what_they_are() throws Exception {
    assertThat(value(ColumnType.TEXT, "\"a\\u00fc\\\"\"")).isEqualTo("aü\"");
    assertThat(value(ColumnType.BOOLEAN, "true")).isEqualTo(true);
    assertThat(value(ColumnType.INTEGER, "-7")).isEqualTo(-7);
    assertThat(value(ColumnType.BIGINT, "9223372036854775807")).isEqualTo(Long.MAX_VALUE);
    assertThat(value(ColumnType.BIGINT, "\"9223372036854775807\"")).isEqualTo(Long.MAX_VALUE);
    assertThat(value(ColumnType.DECIMAL, "12.50")).isEqualTo("12.50");
    assertThat(value(ColumnType.DECIMAL, "0.1000000000000000055511151231257827"))
        .isEqualTo("0.1000000000000000055511151231257827");
    assertThat(value(ColumnType.DECIMAL, "\"12.50\"")).isEqualTo("12.50");
    assertThat(value(ColumnType.DOUBLE, "1.5e3")).isEqualTo(1500.0);
    assertThat(value(ColumnType.DATE, "\"1970-01-02\"")).isEqualTo(1);
    assertThat(value(ColumnType.TIMESTAMPTZ, "\"1970-01-01T00:00:01Z\"")).isEqualTo(1_000_000L);
    assertThat(value(ColumnType.UUID, "\"11111111-2222-3333-4444-555555555555\""))
        .isEqualTo(UUID.fromString("11111111-2222-3333-4444-555555555555"));
    assertThat(value(ColumnType.JSON, "{\"n\": 1.50}")).isEqualTo("{\"n\":1.50}");
    assertThat(value(ColumnType.TEXT, "null")).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "TEXT | 7",
        "TEXT | {}",
        "TEXT | \"\\u0000\"",
        "TEXT | \"\\ud800\"",
        "BOOLEAN | \"true\"",
        "BOOLEAN | 1",
        "INTEGER | 1.0",
        "INTEGER | 2147483648",
        "INTEGER | \"seven\"",
        "INTEGER | true",
        "SMALLINT | 32768",
        "BIGINT | 9223372036854775808",
        "DECIMAL | \"12,50\"",
        "DOUBLE | 1e400",
        "DATE | \"02.01.1970\"",
        "DATE | 1",
        "TIMESTAMPTZ | \"1970-01-01T00:00:01\"",
        "UUID | \"1111\"",
      })
  void a_value_of_another_type_is_refused_and_not_told(ColumnType type, String json)
      throws Exception {
    assertThat(value(type, json))
        .isInstanceOfSatisfying(
            Answer.Refused.class,
            r ->
                assertThat(r.why())
                    .contains("/a/0/b", "found", type.name().toLowerCase())
                    .doesNotContain("seven", "02.01", "12,50", "32768"));
  }

  @Test
  void nothing_at_a_pointer_is_refused_unless_it_is_optional() throws Exception {
    assertThat(answer("{\"teir\": 1}", field("/tier", ColumnType.TEXT, false)))
        .isInstanceOfSatisfying(
            Answer.Refused.class, r -> assertThat(r.why()).contains("nothing at /tier"));
    assertThat(answer("{}", field("/tier", ColumnType.TEXT, true)))
        .isInstanceOfSatisfying(
            Answer.Found.class, f -> assertThat(f.values()).containsExactly((Object) null));
    assertThat(answer("\"gold\"", field("", ColumnType.TEXT, false)))
        .isInstanceOfSatisfying(
            Answer.Found.class, f -> assertThat(f.values()).containsExactly("gold"));
    assertThat(answer("null", field("/tier", ColumnType.TEXT, false)))
        .isInstanceOf(Answer.Missing.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  ", "<html>", "{\"a\": 1", "{} {}", "{\"a\": 01}"})
  void what_is_no_document_says_nothing_of_the_key(String body) {
    assertThatThrownBy(() -> answer(body, field("/a", ColumnType.TEXT, false)))
        .isInstanceOf(HttpDocument.MalformedException.class);
  }

  @Test
  void a_document_that_is_nested_too_deep_is_refused() throws Exception {
    assertThat(answer("[".repeat(400) + "]".repeat(400), field("", ColumnType.JSON, false)))
        .isInstanceOf(Answer.Refused.class);
  }

  @Test
  void fields_that_do_not_fit_the_records_are_refused_with_their_path() {
    assertThatThrownBy(
            () ->
                HttpQuestion.of(
                    new LookupSpec.Http(
                        "http://h/{customer}",
                        List.of(),
                        false,
                        List.of(field("", ColumnType.TEXT, false)),
                        List.of(404),
                        8,
                        1000),
                    ORDERS))
        .isInstanceOfSatisfying(
            LookupRefusedException.class, e -> assertThat(e.path()).isEqualTo("http.url"))
        .hasMessageContaining("no field customer");
    assertThatThrownBy(
            () -> question(new LookupSpec.Field("id", "", ColumnType.TEXT, "text", false)))
        .isInstanceOfSatisfying(
            LookupRefusedException.class,
            e -> assertThat(e.path()).isEqualTo("http.fields[0].name"));
    assertThatThrownBy(() -> question(field("a", ColumnType.TEXT, false)))
        .isInstanceOfSatisfying(
            LookupRefusedException.class,
            e -> assertThat(e.path()).isEqualTo("http.fields[0].pointer"));
  }
}
