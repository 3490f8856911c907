package dev.drover.worker.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which values a column would take and change. */
class ExactFitTest {
  private static final Map<String, ColumnType> TYPES =
      Map.ofEntries(
          Map.entry("numeric", ColumnType.DECIMAL),
          Map.entry("bigint", ColumnType.BIGINT),
          Map.entry("integer", ColumnType.INTEGER),
          Map.entry("real", ColumnType.REAL),
          Map.entry("double precision", ColumnType.DOUBLE),
          Map.entry("text", ColumnType.TEXT),
          Map.entry("character", ColumnType.TEXT),
          Map.entry("character varying", ColumnType.TEXT),
          Map.entry("date", ColumnType.DATE),
          Map.entry("time without time zone", ColumnType.TIME),
          Map.entry("timestamp without time zone", ColumnType.TIMESTAMP),
          Map.entry("timestamp with time zone", ColumnType.TIMESTAMPTZ));

  private static ColumnType type(String nativeType) {
    return TYPES.get(nativeType.replaceAll("\\([^)]*\\)", ""));
  }

  private static Object value(ColumnType type, String text) {
    return switch (type) {
      case INTEGER -> Integer.valueOf(text);
      case BIGINT, TIME, TIMESTAMP, TIMESTAMPTZ -> Long.valueOf(text);
      case REAL -> Float.valueOf(text);
      case DOUBLE -> Double.valueOf(text);
      default -> text;
    };
  }

  private static boolean changed(String from, String to, String value) {
    ColumnType type = type(from);
    return ExactFit.changed(
            new Column("v", type, true, from),
            new TargetColumn(
                "v",
                type(to),
                to,
                true,
                false,
                TargetColumn.Filling.Open,
                new TargetColumn.Grants(true, true, true)))
        .map(check -> check.test(value(type, value)))
        .orElse(false);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      textBlock =
          """
          numeric(10,4);    numeric(10,2); 1.2345
          numeric;          numeric(10,2); -0.005
          numeric;          numeric(10,0); 0.5
          numeric;          numeric(5,-2); 1234
          text;             numeric(4,2);  1.239
          double precision; numeric(10,2); 0.125
          double precision; real;          0.1234567890123
          numeric;          double precision; 12345678901234567.5
          numeric;          real;          16777217
          bigint;           double precision; 9007199254740993
          integer;          real;          16777217
          text;             character varying(3); `abc `
          timestamp without time zone; timestamp(0) without time zone; 1500000
          timestamp with time zone; timestamp(3) with time zone; 1234567
          timestamp without time zone; date; 1
          time without time zone; time(0) without time zone; 1500000
          """)
  void a_value_that_would_be_rounded_or_cut(String from, String to, String value) {
    assertThat(changed(from, to, value)).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      textBlock =
          """
          numeric(10,4);    numeric(10,2); 1.2300
          numeric;          numeric(10,2); NaN
          numeric;          numeric(10,2); 12345678901
          numeric(10,2);    numeric(12,2); 1.25
          integer;          numeric(10,2); 7
          text;             numeric(4,2);  no number
          text;             numeric(4,2);  ` 1.20 `
          double precision; real;          0.1
          double precision; real;          Infinity
          double precision; real;          1e300
          numeric;          double precision; 0.1
          numeric;          real;          Infinity
          bigint;           double precision; 9007199254740992
          text;             character varying(3); abcd
          text;             character varying(3); `ab `
          character(5);     character varying(3); `ab   `
          timestamp without time zone; timestamp(0) without time zone; 2000000
          timestamp without time zone; timestamp(0) without time zone; 9223372036854775807
          timestamp without time zone; date; -86400000000
          timestamp with time zone; timestamp without time zone; 1234567
          """)
  void a_value_that_stays_as_it_is_or_that_the_server_refuses_itself(
      String from, String to, String value) {
    assertThat(changed(from, to, value)).isFalse();
  }
}
