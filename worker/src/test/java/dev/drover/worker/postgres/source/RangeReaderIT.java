package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.ColumnType;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.postgres.session.SqlFailure;
import dev.drover.worker.text.ValueText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RangeReaderIT {
  private static SourceServer database;

  @BeforeAll
  static void open() throws Exception {
    database = new SourceServer();
    database.execute(
        """
        CREATE TYPE mood AS ENUM ('happy', 'so, so', '');
        CREATE DOMAIN score AS numeric(6,2);
        CREATE DOMAIN moods AS mood[];
        CREATE DOMAIN code AS varchar(10) COLLATE "C" NOT NULL CHECK (VALUE <> 'x')
        """);
  }

  @AfterAll
  static void close() throws Exception {
    database.close();
  }

  /**
   * Each line: a native type, and literals of it between slashes; null is tried with every type.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "boolean | true/false",
        "smallint | -32768/0/32767",
        "integer | -2147483648/0/2147483647",
        "bigint | -9223372036854775808/0/9223372036854775807",
        "numeric | 0/-0.00/12.50/1e100/NaN/Infinity/-Infinity/123456789012345678901234567890.123",
        "real | 0/-0/1.5/-3.4028235e+38/1e-45/NaN/Infinity/-Infinity",
        "double precision | 0/-0/0.1/1.7976931348623157e+308/5e-324/NaN/Infinity/-Infinity",
        "text | ` /a\tb\nc\\d/'quoted\"/äöü😀/\\N`",
        "character(5) | ab/abcde",
        "character varying(7) | a b",
        "name | pg_class",
        "bytea | `\\x/\\x00ff7f80`",
        "date | 1970-01-01/2024-02-29/0044-03-15 BC/4714-11-24 BC/5874897-12-31/infinity/-infinity",
        "time without time zone | 00:00:00/23:59:59.999999/24:00:00",
        "time with time zone | 00:00:00+15:59/24:00:00-15:59",
        "timestamp without time zone | 1969-12-31 23:59:59.999999/0044-03-15 00:00:00 BC/294246-12-31 23:59:59/infinity/-infinity/4714-11-24 00:00:00 BC",
        "timestamp with time zone | 2024-03-31 01:30:00+02/12345-01-01 00:00:00+00/infinity/-infinity",
        "interval | 1 year 2 mons -3 days 04:05:06.789/00:00:00",
        "uuid | 00000000-0000-0000-0000-000000000000/ffffffff-ffff-ffff-ffff-fffffffffffe",
        "json | `{\"a\" :  1, \"a\": [null]}/null`",
        "jsonb | `{\"b\": 1.50, \"a\": \"ä\"}`",
        "public.mood | happy/so, so",
        "integer[] | `{}/{{1,2},{3,NULL}}/[0:1]={1,2}`",
        "text[] | `{a,\"b,c\",NULL,\"NULL\",\"\"}`",
        "public.mood[] | `{happy,\"so, so\"}`",
        "public.score | 1.50",
        "public.moods | {happy}",
        "inet | 10.0.0.1/::1",
        "cidr | 10.0.0.1",
        "int4range | `[1,5)/empty`",
        "tsvector | `'a':1 'b'`",
        "point | (1,2)",
        "xml | <a>1</a>",
        "bit(3) | 101",
        "\"char\" | a",
        "oid | 4294967295",
      })
  void every_value_arrives_as_the_server_prints_it(String nativeType, String literals)
      throws Exception {
    database.execute(
        "DROP TABLE IF EXISTS v; CREATE TABLE v (id int PRIMARY KEY, v "
            + nativeType
            + ");"
            + "INSERT INTO v VALUES (-1, NULL)");
    int id = 0;
    try (var insert =
        database.connection.prepareStatement(
            "INSERT INTO v VALUES (?, CAST(?::text AS " + nativeType + "))")) {
      for (String literal : literals.split("/(?!a>)", -1)) {
        insert.setInt(1, id++);
        insert.setString(2, literal);
        insert.executeUpdate();
      }
    }
    if (nativeType.equals("text")) {
      database.execute("INSERT INTO v VALUES (1000, '')");
      id++;
    }
    TablePlan table = database.table("public.v");
    ColumnType type = table.schema().columns().get(1).type();
    List<Object[]> rows = database.rows(table, KeyRange.ALL);
    assertThat(rows).hasSize(id + 1);
    assertThat(rows.getFirst()).containsExactly(-1, null);
    try (Statement statement = database.connection.createStatement();
        ResultSet server =
            statement.executeQuery("SELECT id, v FROM v WHERE id >= 0 ORDER BY id")) {
      for (Object[] row : rows.subList(1, rows.size())) {
        server.next();
        Object value = row[1];
        assertThat(value).isInstanceOf(classOf(type));
        if (type == ColumnType.REAL || type == ColumnType.DOUBLE) {
          assertThat(value.toString()).isEqualTo(server.getObject(2).toString());
        } else if (type == ColumnType.BOOLEAN) {
          assertThat(value).isEqualTo(server.getBoolean(2));
        } else {
          assertThat(ValueText.render(type, value)).isEqualTo(server.getString(2));
        }
      }
    }
  }

  private static Class<?> classOf(ColumnType type) {
    return switch (type) {
      case BOOLEAN -> Boolean.class;
      case SMALLINT, INTEGER, DATE -> Integer.class;
      case BIGINT, TIME, TIMESTAMP, TIMESTAMPTZ -> Long.class;
      case REAL -> Float.class;
      case DOUBLE -> Double.class;
      case BYTES -> byte[].class;
      case UUID -> UUID.class;
      case TEXT, DECIMAL, JSON, ENUM, ARRAY, OTHER -> String.class;
    };
  }

  @Test
  void dates_count_from_1970_and_infinities_are_the_extremes() throws Exception {
    database.execute(
        """
        CREATE TABLE times (id int PRIMARY KEY, d date, t timestamp, z timestamptz, n time);
        INSERT INTO times VALUES
          (1, '1970-01-02', '1970-01-01 00:00:00.000001', '1970-01-01 01:00:00+01', '24:00'),
          (2, 'infinity', 'infinity', '-infinity', '00:00')
        """);
    List<Object[]> rows = database.rows(database.table("public.times"), KeyRange.ALL);
    assertThat(rows.get(0)).containsExactly(1, 1, 1L, 0L, 86_400_000_000L);
    assertThat(rows.get(1))
        .containsExactly(2, Integer.MAX_VALUE, Long.MAX_VALUE, Long.MIN_VALUE, 0L);
  }

  @Test
  void a_timestamp_that_the_wire_cannot_carry_is_refused_not_wrapped() throws Exception {
    database.execute(
        "CREATE TABLE late (id int PRIMARY KEY, t timestamp);"
            + "INSERT INTO late VALUES (1, '294276-12-31 23:59:59')");
    TablePlan table = database.table("public.late");
    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(() -> database.rows(table, KeyRange.ALL))
        .withMessageContaining("column t")
        .satisfies(e -> assertThat(e.getSQLState()).isEqualTo("22008"));
    assertThat(database.count("SELECT count(*) FROM late")).isOne();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "int | i - 50",
        "uuid | md5(i::text)::uuid",
        "text | concat(CASE i % 4 WHEN 0 THEN 'O''Neil, ' WHEN 1 THEN '\"ä\\' WHEN 2 THEN '{' ELSE '' END, i)",
        "text COLLATE \"unicode\" | concat(CASE WHEN i % 2 = 0 THEN 'A' ELSE 'a' END, i)",
        "varchar(20) | concat('a', i)",
        "character(12) | i",
        "public.code | concat('a', i)",
        "timestamptz | timestamptz '2000-01-01' + i * interval '1 microsecond'",
        "timestamp(3) | timestamp '0001-01-01 BC' + i * interval '1 hour'",
        "date | date '2000-01-01' - i * 10000",
        "time | time '00:00' + i * interval '1 minute'",
        "numeric(20,3) | i / 7.0",
        "real | sqrt(i)",
        "double precision | CASE i WHEN 1 THEN 'NaN' WHEN 2 THEN '-Infinity' ELSE sqrt(i) END",
        "interval | i * interval '1 hour'",
        "inet | '10.0.0.0'::inet + i",
        "bytea | int4send(i)",
        "jsonb | to_jsonb(concat('x''', i))",
        "int[] | ARRAY[i % 7, i]",
      })
  void resuming_after_any_key_gives_exactly_the_rows_that_remain(String type, String expression)
      throws Exception {
    database.execute(
        "DROP TABLE IF EXISTS r; CREATE TABLE r (k "
            + type
            + " PRIMARY KEY, i int);"
            + "INSERT INTO r SELECT "
            + expression
            + ", i FROM generate_series(1, 97) i");
    assertResumable(database.table("public.r"), 97);
  }

  @Test
  void composite_keys_resume_within_their_first_column() throws Exception {
    database.execute(
        """
        CREATE TABLE "Odd Table" ("Weird, ""col""\" text, b varchar(5), c bigint, v int,
          PRIMARY KEY ("Weird, ""col""\", c, b));
        INSERT INTO "Odd Table"
        SELECT (ARRAY['it''s', 'a,b', '"q"', '', ' '])[i % 5 + 1], i % 3, -i / 4, i
        FROM generate_series(1, 120) i
        """);
    TablePlan table = database.table("public.Odd Table");
    assertThat(table.key()).hasSize(3);
    assertResumable(table, 120);
    try (RangeReader reader =
        RangeReader.open(database.connection, table.schema(), table.key(), KeyRange.ALL)) {
      reader.advance();
      assertThat(reader.key())
          .isEqualTo("[\"\",\"-29\",\"1\"]")
          .isEqualTo(KeyText.of(reader.keyParts()));
    }
  }

  @ParameterizedTest
  @CsvSource({"off_the_path.citext", "public.email"})
  void a_types_own_comparison_is_found_off_the_search_path(String type) throws Exception {
    database.execute(
        """
        CREATE SCHEMA IF NOT EXISTS off_the_path;
        CREATE EXTENSION IF NOT EXISTS citext SCHEMA off_the_path;
        DROP DOMAIN IF EXISTS email CASCADE;
        CREATE DOMAIN email AS off_the_path.citext;
        DROP TABLE IF EXISTS people;
        """
            + "CREATE TABLE people (k "
            + type
            + ", i int, PRIMARY KEY (k, i));"
            + "INSERT INTO people SELECT CASE WHEN i % 2 = 0 THEN 'A' ELSE 'a' END || i % 17, i"
            + " FROM generate_series(1, 90) i");
    TablePlan table = database.table("public.people");
    assertThat(table.schema().columns().getFirst().type()).isEqualTo(ColumnType.TEXT);
    assertResumable(table, 90);
  }

  @Test
  void a_partitioned_table_is_read_across_its_partitions_in_key_order() throws Exception {
    database.execute(
        """
        CREATE TABLE parts (id int, v text, PRIMARY KEY (id)) PARTITION BY HASH (id);
        CREATE TABLE parts0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE parts1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        INSERT INTO parts SELECT i, i FROM generate_series(1, 60) i
        """);
    assertResumable(database.table("public.parts"), 60);
  }

  @Test
  void without_a_key_rows_come_and_resume_in_physical_order() throws Exception {
    database.execute(
        """
        CREATE TABLE heap (i int, v text);
        INSERT INTO heap SELECT i, repeat('x', 500) FROM generate_series(1, 200) i;
        DELETE FROM heap WHERE i % 5 = 0
        """);
    TablePlan table = database.table("public.heap");
    assertThat(table.key()).isEmpty();
    assertResumable(table, 160);
    List<String> last =
        RangeReader.maxKey(database.connection, SourceView.NOW, table.schema(), table.key());
    assertThat(database.keys(table, new KeyRange(null, last))).hasSize(160);
  }

  @Test
  void the_last_bound_is_the_last_key_and_nothing_of_an_empty_table() throws Exception {
    database.execute(
        """
        CREATE TABLE last (a text, b int, PRIMARY KEY (a, b));
        CREATE TABLE last_heap (a int)
        """);
    TablePlan table = database.table("public.last");
    TablePlan heap = database.table("public.last_heap");
    assertThat(RangeReader.maxKey(database.connection, SourceView.NOW, table.schema(), table.key()))
        .isNull();
    assertThat(RangeReader.maxKey(database.connection, SourceView.NOW, heap.schema(), heap.key()))
        .isNull();
    assertThat(database.rows(heap, KeyRange.ALL)).isEmpty();
    database.execute("INSERT INTO last VALUES ('b', 2), ('b', 10), ('a', 99)");
    assertThat(RangeReader.maxKey(database.connection, SourceView.NOW, table.schema(), table.key()))
        .containsExactly("b", "10");
    assertThat(database.connection.getAutoCommit()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a int, b text | 1 | x",
        "a varchar(9), b uuid | x | 00000000-0000-0000-0000-000000000000",
        "a public.code, b numeric(9,2) | x | 1.50",
        "a character(4), b timestamptz | x | 2024-01-01 00:00:00+00",
      })
  void a_range_is_found_by_the_keys_own_index(String columns, String a, String b) throws Exception {
    database.execute(
        "DROP TABLE IF EXISTS indexed; CREATE TABLE indexed ("
            + columns
            + ", v text, PRIMARY KEY (a, b))");
    TablePlan table = database.table("public.indexed");
    TableSql sql = TableSql.of(database.connection, table.schema(), table.key());
    String select = RangeReader.select(sql, new KeyRange(List.of(a, b), List.of(a, b)));
    StringBuilder plan = new StringBuilder();
    try (ReadOnlyTransaction transaction =
            new ReadOnlyTransaction(database.connection, "SET LOCAL enable_sort = off");
        Statement statement = database.connection.createStatement();
        ResultSet row = statement.executeQuery("EXPLAIN (COSTS off) " + select)) {
      while (row.next()) {
        plan.append(row.getString(1).strip()).append('\n');
      }
    }
    assertThat(plan.toString())
        .startsWith("Index Scan using indexed_pkey")
        .containsPattern(
            "Index Cond: .*ROW\\(.*a.*, b\\) > ROW\\(.* AND .*ROW\\(.*a.*, b\\) <= ROW\\(")
        .doesNotContain("Sort", "Filter");
  }

  @Test
  void closing_early_stops_the_server_and_gives_the_connection_back() throws Exception {
    database.execute(
        """
        CREATE TABLE big (id int PRIMARY KEY, pad text);
        INSERT INTO big SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i
        """);
    TablePlan table = database.table("public.big");
    RangeReader reader =
        RangeReader.open(database.connection, table.schema(), table.key(), KeyRange.ALL);
    assertThat(reader.advance()).isTrue();
    reader.close();
    reader.close();
    assertThat(database.connection.isClosed()).isFalse();
    assertThat(database.connection.getAutoCommit()).isTrue();
    assertThat(database.connection.isReadOnly()).isFalse();
    assertThat(database.count("SELECT count(*) FROM big")).isEqualTo(50_000);
    assertThat(database.rows(table, new KeyRange(List.of("49990"), null))).hasSize(10);
    database.execute("DROP TABLE big");
  }

  @Test
  void closing_at_any_row_never_stops_what_comes_after() throws Exception {
    database.execute(
        """
        CREATE TABLE pieces (id int PRIMARY KEY, pad text);
        INSERT INTO pieces SELECT i, repeat('x', i * 20) FROM generate_series(1, 300) i
        """);
    TablePlan table = database.table("public.pieces");
    for (int rows = 0; rows <= 301; rows++) {
      try (RangeReader reader =
          RangeReader.open(database.connection, table.schema(), table.key(), KeyRange.ALL)) {
        for (int i = 0; i < rows; i++) {
          assertThat(reader.advance()).isEqualTo(i < 300);
        }
      }
      assertThat(database.count("SELECT count(*) FROM pieces")).isEqualTo(300);
    }
  }

  @Test
  void a_session_that_dies_while_reading_fails_and_is_closed() throws Exception {
    try (SourceServer other = new SourceServer()) {
      other.execute(
          """
          CREATE TABLE big (id int PRIMARY KEY, pad text);
          INSERT INTO big SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i
          """);
      TablePlan table = other.table("public.big");
      long pid = other.count("SELECT pg_backend_pid()");
      RangeReader reader =
          RangeReader.open(other.connection, table.schema(), table.key(), KeyRange.ALL);
      assertThat(reader.advance()).isTrue();
      database.count("SELECT pg_terminate_backend(" + pid + ", 5000)::int");
      assertThatExceptionOfType(SQLException.class)
          .isThrownBy(
              () -> {
                while (reader.advance()) {
                  SourceServer.values(reader, table);
                }
              })
          .satisfies(e -> assertThat(SqlFailure.classify(e)).isEqualTo(SqlFailure.System));
      try {
        reader.close();
      } catch (SQLException e) {
        assertThat(SqlFailure.classify(e)).isEqualTo(SqlFailure.System);
      }
      assertThat(other.connection.isClosed()).isTrue();
    }
  }

  @Test
  void a_table_that_is_gone_leaves_the_connection_usable() throws Exception {
    database.execute("CREATE TABLE gone (id int PRIMARY KEY)");
    TablePlan table = database.table("public.gone");
    database.execute("DROP TABLE gone");
    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(() -> database.rows(table, KeyRange.ALL))
        .satisfies(e -> assertThat(e.getSQLState()).isEqualTo("42P01"));
    assertThat(database.count("SELECT 1")).isOne();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ALTER id TYPE bigint | column id of public.changed is bigint now and was integer",
        "ALTER amount TYPE numeric(10,2) | column amount of public.changed is numeric(10,2) now and was numeric(10,4)",
        "ALTER big TYPE double precision | column big of public.changed is double precision now and was bigint",
        "ALTER at TYPE timestamptz | column at of public.changed is timestamp with time zone now",
        "DROP amount | column amount of public.changed is gone",
        "DROP CONSTRAINT changed_pkey | public.changed has no unique index over (id, big) any more",
        "DROP CONSTRAINT changed_pkey, ADD UNIQUE (id, big), ALTER big DROP NOT NULL | column big of public.changed is nullable now"
      })
  void a_table_that_is_another_than_planned_is_noticed_before_a_row_is_read(
      String change, String told) throws Exception {
    database.execute(
        "DROP TABLE IF EXISTS changed;"
            + "CREATE TABLE changed (id int, big bigint, amount numeric(10,4), at timestamp,"
            + " PRIMARY KEY (id, big)); INSERT INTO changed VALUES (1, 2, 1.2345, '2024-01-01')");
    TablePlan table = database.table("public.changed");
    database.execute("ALTER TABLE changed " + change);
    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(() -> database.rows(table, KeyRange.ALL))
        .withMessageContaining(told)
        .satisfies(e -> assertThat(SourceFailure.of(e).reason()).isEqualTo("SourceChanged"));
    assertThatExceptionOfType(SQLException.class)
        .as("nor is an end frozen by another order")
        .isThrownBy(
            () ->
                RangeReader.maxKey(
                    database.connection, SourceView.NOW, table.schema(), table.key()))
        .withMessageContaining(told);
    assertThat(database.count("SELECT 1")).isOne();
  }

  @Test
  void what_a_table_gained_since_planning_does_not_matter() throws Exception {
    database.execute("CREATE TABLE grown (a int, b int, UNIQUE (b, a))");
    database.execute("ALTER TABLE grown ALTER a SET NOT NULL, ALTER b SET NOT NULL");
    TablePlan table = database.table("public.grown");
    database.execute("INSERT INTO grown VALUES (1, 2)");
    database.execute("ALTER TABLE grown ADD c text, ADD PRIMARY KEY (a, b)");
    assertThat(database.keys(table, KeyRange.ALL)).containsExactly(List.of("2", "1"));
  }

  private static void assertResumable(TablePlan table, int rows) throws SQLException {
    List<List<String>> keys = database.keys(table, KeyRange.ALL);
    assertThat(keys).hasSize(rows).doesNotHaveDuplicates();
    Random random = new Random(7);
    for (int i = 0; i < 25; i++) {
      int from = random.nextInt(rows);
      int to = random.nextInt(from, rows);
      assertThat(database.keys(table, new KeyRange(keys.get(from), null)))
          .isEqualTo(keys.subList(from + 1, rows));
      assertThat(database.keys(table, new KeyRange(keys.get(from), keys.get(to))))
          .isEqualTo(keys.subList(from + 1, to + 1));
      assertThat(database.keys(table, new KeyRange(null, keys.get(to))))
          .isEqualTo(keys.subList(0, to + 1));
    }
  }
}
