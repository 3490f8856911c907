package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every type, at its ends and in its odd corners, through the whole chain; a rule sets another
 * column, so that each record is decoded and encoded by each stage.
 */
class TypesIT extends ChainScenario {
  private static final String USER_TYPES =
      """
      CREATE TYPE mood AS ENUM ('so "so"', 'a,b', '{}', 'NULL', '');
      CREATE TYPE "Odd Type" AS ENUM ('x');
      CREATE DOMAIN positive AS integer CHECK (value > 0);
      CREATE DOMAIN code AS varchar(8) CHECK (value <> 'bad');
      CREATE DOMAIN tags AS text[];
      CREATE DOMAIN deep AS positive;
      CREATE TYPE pair AS (a integer, b text);
      """;

  private static final String HUNDRED_DIGITS =
      "1234567890123456789012345678901234567890123456789012345678901234567890."
          + "123456789012345678901234567890";

  /** SQL literals by type; null is added to each. */
  private static Map<String, List<String>> values() {
    Map<String, List<String>> v = new LinkedHashMap<>();
    v.put("smallint", List.of("-32768", "32767", "0", "-1"));
    v.put("integer", List.of("-2147483648", "2147483647", "0", "-1"));
    v.put("bigint", List.of("-9223372036854775808", "9223372036854775807", "0", "-1"));
    v.put(
        "numeric",
        List.of(
            "0",
            "0.00",
            "-0.500",
            "'NaN'",
            "'Infinity'",
            "'-Infinity'",
            HUNDRED_DIGITS,
            "-" + HUNDRED_DIGITS,
            "1e-1000",
            "1e1000",
            "('1' || repeat('0', 131071))::numeric",
            "('0.' || repeat('0', 16382) || '1')::numeric"));
    v.put("numeric(12,2)", List.of("9999999999.99", "-9999999999.99", "0", "1.10", "'NaN'"));
    v.put("numeric(5,-2)", List.of("1234500", "-100", "0"));
    v.put("numeric(3,5)", List.of("0.00999", "-0.00001"));
    List<String> floats =
        List.of("0", "'-0'", "'NaN'", "'Infinity'", "'-Infinity'", "0.1", "-1e10");
    v.put("real", with(floats, "3.4028235e38", "1e-45", "-1.1754944e-38", "16777217"));
    v.put(
        "double precision",
        with(
            floats,
            "1.7976931348623157e308",
            "5e-324",
            "2.2250738585072014e-308",
            "9007199254740993",
            "0.30000000000000004"));
    v.put("boolean", List.of("true", "false"));
    v.put(
        "text",
        List.of(
            "''",
            "' '",
            "'NULL'",
            "'\\N'",
            "'\\.'",
            "E'a\\tb\\nc\\r\\nd\\\\e'",
            "E'\\b\\f\\x0b\\x01\\x7f'",
            "'ünï 漢字 😀 \ufeff\u200b\ufffd'",
            "E'\\U0010FFFF\\uE000'",
            "'{\"a\": 1}'",
            "repeat('x', 100000)"));
    v.put("char(5)", List.of("''", "'ab'", "'  b'", "'abcde'", "'ünï'"));
    v.put("char", List.of("''", "'a'"));
    v.put("\"char\"", List.of("''", "'a'"));
    v.put("varchar(5)", List.of("''", "'ab   '", "'abcde'", "'漢字漢字漢'"));
    v.put("name", List.of("'a name'"));
    v.put("bytea", List.of("''", "'\\x00ff5c0a27'", "decode(repeat('00', 10000), 'hex')"));
    v.put(
        "date",
        List.of(
            "'infinity'",
            "'-infinity'",
            "'4713-01-01 BC'",
            "'0001-12-31 BC'",
            "'0001-01-01'",
            "'1582-10-10'",
            "'2024-02-29'",
            "'5874897-12-31'"));
    v.put("time", List.of("'00:00'", "'24:00'", "'23:59:59.999999'", "'12:34:56.000001'"));
    v.put("time(0)", List.of("'23:59:59'", "'24:00'"));
    v.put(
        "timetz",
        List.of(
            "'24:00:00+15:59:59'", "'00:00:00-15:59:59'", "'12:00+00'", "'23:59:59.999999+05:45'"));
    List<String> moments =
        List.of(
            "'infinity'",
            "'-infinity'",
            "'4713-01-01 00:00:00 BC'",
            "'0001-12-31 23:59:59.999999 BC'",
            "'0001-01-01'",
            "'1969-12-31 23:59:59.999999'",
            "'1970-01-01'",
            "'2024-03-31 02:30:00'",
            "'294246-12-31 23:59:59.999999'");
    v.put("timestamp", moments);
    v.put("timestamptz", moments);
    v.put("timestamp(3)", List.of("'2024-03-31 02:30:00.123'"));
    v.put(
        "interval",
        List.of(
            "'infinity'",
            "'-infinity'",
            "'0'",
            "'178000000 years'",
            "'-178000000 years'",
            "'1 mon -1 day 00:00:00.000001'",
            "'-1 mon +2147483647 days -99:59:59'"));
    v.put("interval day to second(2)", List.of("'1 day 00:00:00.25'"));
    v.put(
        "uuid",
        List.of(
            "'00000000-0000-0000-0000-000000000000'",
            "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
            "'F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6'"));
    v.put(
        "json",
        List.of(
            "'null'",
            "'{\"a\":  [1,\n\t2],   \"a\": 1.10}'",
            "'  \"\\u00fc\\\\\" '",
            "'1e400'",
            "'{}'"));
    v.put("jsonb", List.of("'null'", "'{\"b\":1.10,\"a\":[null,\"\\\\\"]}'", "'1e400'", "'\"\"'"));
    v.put("mood", List.of("'so \"so\"'", "'a,b'", "'{}'", "'NULL'", "''"));
    v.put("\"Odd Type\"", List.of("'x'"));
    v.put(
        "inet", List.of("'10.0.0.1'", "'10.0.0.0/8'", "'::1/128'", "'fe80::1/64'", "'0.0.0.0/0'"));
    v.put("cidr", List.of("'10.0.0.0/8'", "'10.1.2.3/32'", "'2001:db8::/32'"));
    v.put("macaddr", List.of("'08:00:2b:01:02:03'"));
    v.put("bit(3)", List.of("B'101'"));
    v.put("varbit", List.of("B''", "B'1010101010101'"));
    v.put("xml", List.of("'<a b=\"c\">  d</a>'"));
    v.put("tsvector", List.of("'a:1 b:2A'"));
    v.put("point", List.of("'(1.5,-0)'"));
    v.put("positive", List.of("1", "2147483647"));
    v.put("deep", List.of("1"));
    v.put("code", List.of("''", "'ok'"));
    v.put("tags", List.of("'{}'", "'{a,NULL}'"));
    v.put("pair", List.of("'(1,\"a,\"\"b\")'", "'(,)'"));
    v.put("int4range", List.of("'empty'", "'[1,5)'", "'(,)'", "'[,0)'"));
    v.put("numrange", List.of("'(0.10,1.5]'"));
    v.put("tstzrange", List.of("'[-infinity,infinity]'", "'[2024-01-01,)'"));
    v.put("daterange", List.of("'[0044-03-15 BC,infinity)'"));
    v.put("int4multirange", List.of("'{}'", "'{[1,2),[5,9)}'"));
    v.put("smallint[]", List.of("'{}'", "'{-32768,NULL,32767}'"));
    v.put(
        "integer[]",
        List.of("'{}'", "'{{1,2},{3,NULL}}'", "'[0:1]={1,2}'", "'[-2:-1][5:5]={{1},{2}}'"));
    v.put("bigint[]", List.of("'{{{9223372036854775807}}}'"));
    v.put("numeric[]", List.of("'{1.10,NaN,-Infinity," + HUNDRED_DIGITS + "}'"));
    v.put("real[]", List.of("'{NaN,-0,1e-45,Infinity}'"));
    v.put("double precision[]", List.of("'{NaN,-0,5e-324,-Infinity,0.1}'"));
    v.put("boolean[]", List.of("'{t,f,NULL}'"));
    v.put(
        "text[]",
        List.of("'{NULL,\"NULL\",\"\",\" \",\"a\\\"b\\\\c\",\"{,}\",ü}'", "'[3:4]={a,b}'"));
    v.put("char(3)[]", List.of("'{a,NULL}'"));
    v.put("varchar(3)[]", List.of("'{abc,NULL}'"));
    v.put("bytea[]", List.of("'{\"\\\\x00ff\",NULL,\"\\\\x\"}'"));
    v.put("date[]", List.of("'{infinity,-infinity,\"0044-03-15 BC\",NULL}'"));
    v.put("time[]", List.of("'{24:00,NULL}'"));
    v.put("timetz[]", List.of("'{24:00+05:45,NULL}'"));
    v.put("timestamp[]", List.of("'{infinity,\"0044-03-15 10:00 BC\",NULL}'"));
    v.put("timestamptz[]", List.of("'{-infinity,\"0044-03-15 10:00+00 BC\",NULL}'"));
    v.put("interval[]", List.of("'{infinity,\"1 mon -1 day\",NULL}'"));
    v.put("uuid[]", List.of("'{f81d4fae-7dec-11d0-a765-00a0c91e6bf6,NULL}'"));
    v.put("json[]", List.of("array['{\"a\":  1}'::json, 'null', NULL]"));
    v.put("jsonb[]", List.of("array['{\"a\":  1}'::jsonb, 'null', NULL]"));
    v.put("mood[]", List.of("array['so \"so\"', 'a,b', '{}', 'NULL', '', NULL]::mood[]"));
    v.put("inet[]", List.of("'{10.0.0.1,10.0.0.0/8,NULL}'"));
    v.put("cidr[]", List.of("'{10.0.0.0/8}'"));
    v.put("positive[]", List.of("'{1,NULL}'"));
    v.put("int4range[]", List.of("'{\"[1,2)\",empty,NULL}'"));
    return v;
  }

  private static List<String> with(List<String> some, String... more) {
    List<String> all = new ArrayList<>(some);
    all.addAll(List.of(more));
    return all;
  }

  private static ChainSpec chain(LoadMode mode, int splitRecords, String... tables) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of(tables), splitRecords),
            new StageSpec.Transform("clean", "read", List.of(set("touched", "'by a rule'"))),
            new StageSpec.Load("load", "clean", "target", null, mode, List.of())));
  }

  /** Runs a chain to its end; every record of it is loaded. */
  private ChainPlan run(ChainSpec spec) throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, spec);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      assertThat(plan.startable()).as("%s", plan.findings()).isTrue();
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);
      assertThat(chain.failures())
          .extracting(f -> f.detail().table() + " " + f.detail().key() + " " + f.detail().message())
          .isEmpty();
      Counts loaded = chain.tally("load");
      assertThat(loaded).isEqualTo(new Counts(loaded.in(), loaded.in(), 0, 0, 0, 0));
      return plan;
    }
  }

  /** All of a table but what the rule set, as the server prints it, row by row and as one hash. */
  private static void equal(SoftAssertions softly, String table, String columns) throws Exception {
    String rows = "(SELECT " + columns + " FROM " + table + ")";
    // Equal by the text of whole rows; the hash sees what a long text's comparison would not show.
    String shown = "SELECT left(r::text, 500) FROM " + rows + " r ORDER BY r::text COLLATE \"C\"";
    softly
        .assertThat(databases.query("target", shown))
        .as(table)
        .isEqualTo(databases.query("legacy", shown));
    softly
        .assertThat(databases.checksum("target", rows))
        .as("checksum of %s", table)
        .isEqualTo(databases.checksum("legacy", rows));
    softly
        .assertThat(
            databases.query(
                "target",
                "SELECT count(*) FROM " + table + " WHERE touched IS DISTINCT FROM 'by a rule'"))
        .as("rows of %s that no rule touched", table)
        .containsExactly("0");
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void every_value_of_every_type_arrives_as_it_left(LoadMode mode) throws Exception {
    inBoth(USER_TYPES);
    Map<String, String> typeOfTable = new LinkedHashMap<>();
    for (Map.Entry<String, List<String>> type : values().entrySet()) {
      String table = "t" + typeOfTable.size();
      typeOfTable.put(table, type.getKey());
      String columns = " (id integer PRIMARY KEY, v " + type.getKey() + ", touched text)";
      inBoth("CREATE TABLE " + table + columns);
      databases.execute("legacy", "INSERT INTO " + table + " VALUES (0, NULL, 'before')");
      int id = 1;
      for (String value : type.getValue()) {
        databases.execute(
            "legacy", "INSERT INTO " + table + " VALUES (" + id++ + ", " + value + ", 'before')");
      }
      if (mode == LoadMode.Upsert) {
        // What is there already is replaced: the value's place holds null, null's place a value.
        databases.execute(
            "target",
            "INSERT INTO " + table + " SELECT i, NULL, 'old' FROM generate_series(1, 20) i",
            "INSERT INTO " + table + " VALUES (0, " + type.getValue().getFirst() + ", 'old')");
        databases.execute("target", "DELETE FROM " + table + " WHERE id >= " + id);
      }
    }

    run(chain(mode, 1000, "public.t*"));

    SoftAssertions softly = new SoftAssertions();
    for (Map.Entry<String, String> table : typeOfTable.entrySet()) {
      equal(softly, table.getKey(), "id, v AS \"" + table.getValue().replace("\"", "") + "\"");
    }
    softly.assertAll();
  }

  @Test
  void tables_of_any_key_and_name_are_read_in_splits_and_arrive_whole() throws Exception {
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("composite", "a integer, b text COLLATE \"C\", PRIMARY KEY (b, a)");
    keys.put("backwards", "a bigint, b date, c uuid, PRIMARY KEY (c, b, a)");
    keys.put("words", "k text PRIMARY KEY");
    keys.put("padded", "k char(8) PRIMARY KEY");
    keys.put("ids", "k uuid PRIMARY KEY");
    keys.put("exact", "k numeric PRIMARY KEY");
    keys.put("moments", "k timestamptz PRIMARY KEY");
    keys.put("bytes", "k bytea PRIMARY KEY");
    keys.put("floats", "k double precision PRIMARY KEY");
    keys.put("moods", "k integer, m mood, PRIMARY KEY (m, k)");
    keys.put("parted", "k integer, day date, PRIMARY KEY (day, k)");
    keys.put(
        "\"Odd \"\"Name\"\", x's\"",
        "\"SELECT\" integer, \"a \"\"b\"\" ü.\" text, PRIMARY KEY (\"SELECT\")");
    keys.put("\"dotted.name\"", "k integer PRIMARY KEY");
    inBoth(USER_TYPES);
    for (Map.Entry<String, String> key : keys.entrySet()) {
      String partitions = key.getKey().equals("parted") ? " PARTITION BY RANGE (day)" : "";
      inBoth(
          "CREATE TABLE " + key.getKey() + " (touched text, " + key.getValue() + ")" + partitions);
    }
    for (int year = 2020; year < 2023; year++) {
      inBoth(
          "CREATE TABLE parted_%d PARTITION OF parted FOR VALUES FROM ('%d-01-01') TO ('%d-01-01')"
              .formatted(year, year, year + 1));
    }
    String many = " FROM generate_series(1, 1500) i";
    String odd = "(ARRAY['', ' ', 'ß', 'Z', 'a''b', E'\\\\', '\"', E'\\t', '漢'])[1 + i % 9]";
    databases.execute(
        "legacy",
        "INSERT INTO composite SELECT '', i, " + odd + many,
        "INSERT INTO backwards SELECT '', i, date '2020-01-01' + i % 3, md5((i % 7)::text)::uuid"
            + many,
        "INSERT INTO words SELECT '', " + odd + " || i" + many,
        "INSERT INTO padded SELECT '', chr(65 + i % 26) || i" + many,
        "INSERT INTO ids SELECT '', md5(i::text)::uuid" + many,
        "INSERT INTO exact SELECT '', (i - 700) * 1e20 / 7" + many,
        "INSERT INTO exact VALUES ('', 'NaN'), ('', 'Infinity'), ('', '-Infinity')",
        "INSERT INTO moments SELECT '', timestamptz '0044-01-01 BC' + i * interval '1 year 1 us'"
            + many,
        "INSERT INTO moments VALUES ('', 'infinity'), ('', '-infinity')",
        "INSERT INTO bytes SELECT '', decode(md5(i::text), 'hex')" + many,
        "INSERT INTO floats SELECT '', (i - 700) / 7.0::float8" + many,
        "INSERT INTO floats VALUES ('', 'NaN'), ('', 'Infinity'), ('', '-Infinity')",
        "INSERT INTO moods SELECT '', i, (enum_range(NULL::mood))[1 + i % 5]" + many,
        "INSERT INTO parted SELECT '', i, date '2020-01-01' + i % 1000" + many,
        "INSERT INTO \"Odd \"\"Name\"\", x's\" SELECT '', i, " + odd + many,
        "INSERT INTO \"dotted.name\" SELECT '', i" + many,
        "ANALYZE");

    ChainPlan plan = run(chain(LoadMode.Upsert, 300, "public.*"));

    SoftAssertions softly = new SoftAssertions();
    for (String table : keys.keySet()) {
      String bare = table.startsWith("\"") ? table.substring(1, table.length() - 1) : table;
      softly
          .assertThat(table(plan, "public." + bare.replace("\"\"", "\"")).splits())
          .as("splits of %s", table)
          .hasSizeGreaterThan(2);
      String columns =
          databases
              .query(
                  "legacy",
                  "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
                      + " WHERE attnum > 0 AND attname <> 'touched' AND attrelid = '"
                      + table.replace("'", "''")
                      + "'::regclass")
              .getFirst();
      equal(softly, table, columns);
    }
    softly.assertAll();
  }

  @Test
  void a_table_without_a_key_keeps_its_repeated_rows() throws Exception {
    inBoth("CREATE TABLE log (line text, touched text)");
    databases.execute(
        "legacy",
        "INSERT INTO log SELECT 'line ' || i % 100, '' FROM generate_series(1, 5000) i",
        "DELETE FROM log WHERE line = 'line 7'",
        "INSERT INTO log VALUES (NULL, ''), (NULL, '')",
        "ANALYZE");

    ChainPlan plan = run(chain(LoadMode.Insert, 100, "public.log"));

    assertThat(plan.tables().getFirst().splits()).hasSizeGreaterThan(1);
    assertThat(plan.findings()).singleElement().extracting(f -> f.reason()).isEqualTo("NoKey");
    SoftAssertions softly = new SoftAssertions();
    equal(softly, "log", "line");
    softly.assertAll();
  }
}
