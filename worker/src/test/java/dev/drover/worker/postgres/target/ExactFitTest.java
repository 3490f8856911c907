package dev.drover.worker.postgres.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which values a column would take and change. */
class ExactFitTest {
  private static final Map<String, ColumnType> TYPES =
      Map.ofEntries(
          Map.entry("numeric", ColumnType.DECIMAL),
          Map.entry("bigint", ColumnType.BIGINT),
          Map.entry("integer", ColumnType.INTEGER),
          Map.entry("name", ColumnType.TEXT),
          Map.entry("json", ColumnType.JSON),
          Map.entry("jsonb", ColumnType.JSON),
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
    return nativeType.endsWith("[]")
        ? ColumnType.ARRAY
        : nativeType.startsWith("ROW(")
            ? ColumnType.OTHER
            : TYPES.getOrDefault(nativeType.replaceAll("\\([^)]*\\)", ""), ColumnType.OTHER);
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

  private static Fit fit(String from, String to) {
    TargetColumn column =
        new TargetColumn(
            "v",
            type(to),
            to,
            to,
            true,
            false,
            TargetColumn.Filling.Open,
            new TargetColumn.Grants(true, true, true));
    return ExactFit.of(new Column("v", type(from), true, from), column);
  }

  private static boolean changed(String from, String to, String value) {
    return switch (fit(from, to)) {
      case Fit.Exact _ -> false;
      case Fit.Checked check -> check.changes().test(value(type(from), value));
      case Fit.Lossy _ -> true;
    };
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
          shop.amount;      numeric(10,2); 1.239
          text;             numeric(4,2);  1_0.239
          text;             double precision; 0.12345678901234567890
          text;             real;          16777217
          text;             date;          2024-01-31 13:45
          text;             date;          20240131T134500
          text;             date;          Jan 31 13:45:00 2024
          text;             date;          tomorrow
          text;             timestamp without time zone; 2024-01-31 13:45:00+02
          text;             timestamp without time zone; 2024-01-31T13:45:00 Europe/Berlin
          text;             timestamp without time zone; 2024-01-31 13:45:00.1234567
          text;             timestamp(0) without time zone; 2024-01-31 13:45:00.5
          text;             timestamp without time zone; 2024-01-31+02
          text;             timestamp with time zone; 2024-01-31 13:45:00.1234567Z
          text;             time without time zone; 2024-01-31 13:45
          text;             time without time zone; 13:45:00+02
          text;             name;          a123456789b123456789c123456789d123456789e123456789f123456789abcd
          text;             "char";        ab
          json;             jsonb;         {"a": 1, "a": 2}
          text;             jsonb;         [{"a": {"b": 1, "b": 1}}]
          timestamp without time zone; time without time zone; 1500000
          timestamp with time zone; time with time zone; 1500000
          time without time zone; time(0) with time zone; 1500000
          time without time zone; interval(0); 1500000
          time without time zone; interval day to hour; 0
          time without time zone[]; time(0) with time zone[]; {10:00:00.5}
          numeric;          money;         1.25
          interval;         interval(0);   1 day 00:00:01.5
          text;             timestamp without time zone; 2024-01-31T134500+02
          text;             timestamp without time zone; 2024-01-31 EST
          text;             date;          2024-01-31T134500
          text;             time without time zone; 101530.1234567
          interval;         interval day to minute; 1 day
          interval;         interval day to second(0); 1 day 00:00:01.5
          time with time zone; time(0) with time zone; 13:45:00.5+00
          text;             time with time zone; 2024-01-31 13:45:00+02
          numeric(10,4)[];  numeric(10,2)[]; {1.2345}
          double precision[]; real[];      {0.1,0.1234567890123}
          text[];           character varying(3)[]; `{abc,NULL,"abc "}`
          text;             date[];        `{2024-01-31,"2024-01-31 13:45"}`
          timestamp without time zone[]; timestamp(0) without time zone[]; `{"2024-01-31 13:45:00.5"}`
          timestamp with time zone[]; date[]; `[0:0]={"2024-01-31 13:45:00+00"}`
          shop.price;       ROW(text,numeric(10,2)); `("a ""b"", (c)",1.239)`
          shop.price;       ROW(timestamp(0) without time zone,text); `("2024-01-31 13:45:00.5",)`
          shop.price[];     ROW(text,numeric(10,2))[]; `{"(a,1.23)","(\\"a, b\\",1.239)"}`
          shop.price;       ROW(numeric(10,2)[]); `("{1.23,1.239}")`
          text;             ROW(numeric(10,2)); (1.239)
          shop.price;       ROW(money,numeric(10,2)); `($1.00,1.239)`
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
          numeric;          numeric(5,-2); 0
          numeric(10,4);    numeric(5,-2); 1200.0000
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
          time without time zone; time(0) with time zone; 2000000
          time without time zone; time with time zone; 1500000
          time without time zone; interval; 1500000
          timestamp without time zone; timestamp(0) without time zone; 9223372036854775807
          timestamp without time zone; date; -86400000000
          timestamp with time zone; timestamp without time zone; 1234567
          shop.amount;      numeric(10,2); 1.23
          text;             numeric;       1.239
          text;             double precision; 0.1
          text;             double precision; 1.50e3
          text;             date;          2024-01-31
          text;             date;          2024-01-31 00:00:00.000
          text;             date;          Jan 31 12:00 AM 2024
          text;             date;          no date
          text;             timestamp without time zone; 2024-01-31T13:45:00.123456Z
          text;             timestamp without time zone; 2024-01-31 13:45:00.100000000+00:00
          text;             timestamp without time zone; Wed 31 Jan 13:45 2024
          text;             timestamp without time zone; 2024-01-31
          text;             timestamp with time zone; 2024-01-31 13:45:00.5+02
          text;             time without time zone; 13:45:00.5
          text;             time without time zone; 01:45 PM
          text;             time without time zone; no time
          text;             name;          short
          text;             character(5);  `a  `
          json;             jsonb;         {"a": 1, "b": {"a": 1}}
          json;             jsonb;         {"a": 1
          jsonb;            json;          {"a": 1}
          interval(0);      interval;      1 day
          interval;         interval(0);   1 day 00:00:01
          interval(0);      interval(3);   1 day 00:00:01
          time with time zone; time(0) with time zone; 13:45:00+02
          character varying(3); character varying(5); `ab `
          character varying(3)[]; character varying(5)[]; `{"ab "}`
          timestamp(0) without time zone[]; timestamp(3) without time zone[]; `{"2024-01-31 13:45:00"}`
          text[];           character varying(3)[]; `{abc,NULL,"{,"}`
          double precision[]; real[];      {0.1}
          text;             date[];        {2024-01-31}
          interval day to minute; interval; 1 day
          interval;         interval day to second; 1 year 2 mons -3 days 04:05:06.789
          interval(0);      interval second(3); 1 day 00:00:01
          text;             interval;      1 day
          numeric(10,2)[];  numeric(12,2)[]; {1.25}
          numeric(10,2)[];  numeric[];     {1.25}
          integer[];        bigint[];      {1}
          text[];           character varying[]; {abc}
          character varying(3)[]; text[];  {abc}
          text;             integer[];     {1}
          time with time zone; time with time zone; 13:45:00+02
          shop.price;       ROW(text,numeric(10,2)); `(1.239,1.23)`
          shop.price;       ROW(numeric(10,2),"odd,(type"); `(,1.239)`
          shop.price;       ROW(numeric,double precision,date); (1.239,0.1,2024-01-31)
          bigint;           ROW(numeric(10,2)); 5
          shop.price;       ROW(numeric(10,2),numeric(10,2)); (1.23)
          shop.price[];     ROW(text,numeric(10,2))[]; `{"(a,1.23)",NULL}`
          """)
  void a_value_that_stays_as_it_is_or_that_the_server_refuses_itself(
      String from, String to, String value) {
    assertThat(changed(from, to, value)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"number", "nesting", "name"})
  void repeated_keys_are_seen_behind_whatever_the_server_takes(String large) {
    String before =
        switch (large) {
          case "number" -> "1" + "0".repeat(2_000);
          case "nesting" -> "[".repeat(3_000) + "]".repeat(3_000);
          default -> "{\"" + "n".repeat(60_000) + "\": 1}";
        };
    String repeated = "{\"first\": " + before + ", \"a\": 1, \"a\": 2}";
    assertThat(changed("json", "jsonb", repeated)).isTrue();
    assertThat(changed("json", "jsonb", repeated.replace("\"a\": 2", "\"b\": 2"))).isFalse();
  }

  @Test
  void where_nothing_can_be_told_a_domain_of_one_name_is_taken_for_the_same() {
    TargetColumn column =
        new TargetColumn(
            "v",
            ColumnType.OTHER,
            "span",
            "interval day to minute",
            true,
            false,
            TargetColumn.Filling.Open,
            new TargetColumn.Grants(true, true, true));
    assertThat(ExactFit.of(new Column("v", ColumnType.OTHER, true, "public.span"), column))
        .isInstanceOf(Fit.Exact.class);
    assertThat(ExactFit.of(new Column("v", ColumnType.OTHER, true, "public.other"), column))
        .isInstanceOf(Fit.Lossy.class);
  }
}
