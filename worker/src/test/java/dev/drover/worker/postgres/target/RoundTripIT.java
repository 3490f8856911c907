package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.batch;
import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.row;
import static dev.drover.worker.postgres.target.TargetServer.rows;
import static dev.drover.worker.postgres.target.TargetServer.schema;
import static dev.drover.worker.postgres.target.TargetServer.table;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadOutcome;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is loaded is what the database then holds, in every type, by COPY and through staging. */
class RoundTripIT {

  static Stream<Arguments> values() {
    return Stream.of(
        of(ColumnType.BOOLEAN, "boolean", true, "true", false, "false"),
        of(ColumnType.SMALLINT, "smallint", -32768, "-32768", 32767, "32767", 0, "0"),
        of(ColumnType.INTEGER, "integer", Integer.MIN_VALUE, "-2147483648", 10, "10", 9, "9"),
        of(
            ColumnType.BIGINT,
            "bigint",
            Long.MIN_VALUE,
            "-9223372036854775808",
            Long.MAX_VALUE,
            "9223372036854775807",
            -1_000_000_000_000_000_000L,
            "-1000000000000000000",
            999_999_999_999_999_999L,
            "999999999999999999"),
        of(
            ColumnType.REAL,
            "real",
            Float.NaN,
            "NaN",
            Float.POSITIVE_INFINITY,
            "Infinity",
            Float.MIN_VALUE,
            "1e-45",
            -0.1f,
            "-0.1"),
        of(
            ColumnType.DOUBLE,
            "double precision",
            Double.NaN,
            "NaN",
            Double.NEGATIVE_INFINITY,
            "-Infinity",
            Double.MAX_VALUE,
            "1.7976931348623157e+308",
            0.1,
            "0.1",
            -0.0,
            "-0"),
        of(
            ColumnType.DECIMAL,
            "numeric",
            "12.50",
            "12.50",
            "NaN",
            "NaN",
            "-Infinity",
            "-Infinity",
            "0.00000000000000000001",
            "0.00000000000000000001"),
        of(
            ColumnType.TEXT,
            "text",
            "",
            "",
            "\\N",
            "\\N",
            "\\.",
            "\\.",
            "a\tb\nc\r\nd\\e",
            "a\tb\nc\r\nd\\e",
            "\b\f\u000b\u0001\u007f",
            "\b\f\u000b\u0001\u007f",
            "ünï 漢字 😀 \ufeff",
            "ünï 漢字 😀 \ufeff",
            "NULL",
            "NULL",
            " pad ",
            " pad "),
        of(ColumnType.TEXT, "character(4)", "ab  ", "ab"),
        of(
            ColumnType.BYTES,
            "bytea",
            new byte[0],
            "\\x",
            new byte[] {0, -1, 92, 10},
            "\\x00ff5c0a"),
        of(
            ColumnType.DATE,
            "date",
            0,
            "1970-01-01",
            Integer.MAX_VALUE,
            "infinity",
            Integer.MIN_VALUE,
            "-infinity",
            -719_529,
            "0002-12-31 BC",
            19_782,
            "2024-02-29"),
        of(
            ColumnType.TIME,
            "time",
            0L,
            "00:00:00",
            86_400_000_000L,
            "24:00:00",
            3_661_000_001L,
            "01:01:01.000001"),
        of(
            ColumnType.TIMESTAMP,
            "timestamp",
            -1L,
            "1969-12-31 23:59:59.999999",
            Long.MAX_VALUE,
            "infinity",
            Long.MIN_VALUE,
            "-infinity"),
        of(
            ColumnType.TIMESTAMPTZ,
            "timestamptz",
            1_700_000_000_123_456L,
            "2023-11-14 22:13:20.123456+00",
            Long.MAX_VALUE,
            "infinity"),
        of(
            ColumnType.UUID,
            "uuid",
            UUID.fromString("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        of(ColumnType.JSON, "json", "{\"a\":  \"\\n\\\\\"}", "{\"a\":  \"\\n\\\\\"}"),
        of(ColumnType.JSON, "jsonb", "{\"b\":1,\"a\":null}", "{\"a\": null, \"b\": 1}"),
        of(ColumnType.ENUM, "shop.mood", "so \"so\"", "so \"so\""),
        of(
            ColumnType.ARRAY,
            "text[]",
            "[0:1]={NULL,\"a\\\"b\\\\c\"}",
            "[0:1]={NULL,\"a\\\"b\\\\c\"}",
            "{{a},{b}}",
            "{{a},{b}}"),
        of(ColumnType.OTHER, "interval", "1 year -2 days 00:00:00.5", "1 year -2 days +00:00:00.5"),
        of(ColumnType.OTHER, "inet", "10.0.0.0/8", "10.0.0.0/8"));
  }

  private static Arguments of(ColumnType type, String nativeType, Object... valuesAndTexts) {
    List<Object> values = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < valuesAndTexts.length; i += 2) {
      values.add(valuesAndTexts[i]);
      texts.add((String) valuesAndTexts[i + 1]);
    }
    return Arguments.of(type, nativeType, values, texts);
  }

  @ParameterizedTest
  @MethodSource("values")
  void every_value_and_null_arrive_as_they_are(
      ColumnType type, String nativeType, List<Object> values, List<String> texts)
      throws Exception {
    assertArrive(nativeType, schema("id", ColumnType.INTEGER, "v", type), values, texts);
  }

  /** One column that has no binary form makes the whole table go as text. */
  @ParameterizedTest
  @MethodSource("values")
  void every_value_and_null_arrive_as_they_are_beside_a_column_that_goes_as_text(
      ColumnType type, String nativeType, List<Object> values, List<String> texts)
      throws Exception {
    assertArrive(
        nativeType,
        schema("id", ColumnType.INTEGER, "v", type, "w", ColumnType.OTHER),
        values,
        texts);
  }

  private static void assertArrive(
      String nativeType, RecordSchema schema, List<Object> values, List<String> texts)
      throws Exception {
    execute(
        """
        DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;
        CREATE TYPE shop.mood AS ENUM ('so "so"');
        CREATE TABLE shop.t (id integer PRIMARY KEY, v %s, w inet)
        """
            .formatted(nativeType));
    List<Object[]> records = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    records.add(Arrays.copyOf(row(0, null), schema.columns().size()));
    expected.add("0|~");
    for (int i = 0; i < values.size(); i++) {
      records.add(Arrays.copyOf(row(i + 1, values.get(i)), schema.columns().size()));
      expected.add((i + 1) + "|" + texts.get(i));
    }
    LoadBatch batch = batch("b1", schema, records);

    try (Connection connection = TargetServer.connect()) {
      Loader loader = new Loader(connection, LoadMode.Upsert, null);
      for (int way = 0; way < 2; way++) {
        LoadOutcome outcome = loader.load(table("shop.t"), List.of(batch)).getFirst();
        assertThat(outcome.verdicts()).isEmpty();
        assertThat(loader.attempts()).isEqualTo(way + 1);
        assertThat(rows("SELECT id, v::text FROM shop.t ORDER BY id")).isEqualTo(expected);
      }
    }
  }
}
