package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.database.SplitSource;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.session.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A source is read in pieces that it bears: every row once all the same, in order. */
class PostgresRowsIT {
  private static final int MAX_RECORD_BYTES = 1 << 20;

  private Endpoint endpoint;
  private Connection admin;

  @BeforeEach
  void open() throws Exception {
    endpoint = PostgresServer.newDatabase();
    admin = endpoint.open("drover/test/admin");
  }

  @AfterEach
  void close() throws Exception {
    admin.close();
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = admin.createStatement()) {
      statement.execute(sql);
    }
  }

  private String ask(String query) throws SQLException {
    try (Statement statement = admin.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getString(1);
    }
  }

  private TablePlan items(int rows) throws SQLException {
    execute(
        "CREATE TABLE item (id integer PRIMARY KEY, note text);"
            + " INSERT INTO item SELECT i, repeat('x', 100) FROM generate_series(1, "
            + rows
            + ") i; ANALYZE item");
    return table("public.item");
  }

  private TablePlan table(String name) throws SQLException {
    return SourcePlanner.plan(
            admin, 0, new StageSpec.Extract("read", "legacy", List.of(name), 10_000_000))
        .tables()
        .getFirst();
  }

  /** A login to which each row takes a while, and no statement longer than it is allowed to. */
  private Connection slowReader(int millisPerRow, int timeoutMillis) throws SQLException {
    execute(
        """
        DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT USAGE ON SCHEMA public TO reader;
        GRANT SELECT ON item TO reader;
        CREATE FUNCTION slow() RETURNS boolean LANGUAGE plpgsql AS
          'BEGIN PERFORM pg_sleep(%s / 1000.0); RETURN true; END';
        ALTER TABLE item ENABLE ROW LEVEL SECURITY;
        CREATE POLICY slow ON item USING (slow());
        """
            .formatted(millisPerRow));
    Connection reader = endpoint.open("drover/test/reader");
    try (Statement statement = reader.createStatement()) {
      statement.execute("SET ROLE reader; SET statement_timeout = " + timeoutMillis);
    }
    return reader;
  }

  @Test
  void a_table_without_a_key_that_is_rewritten_meanwhile_is_not_read_on() throws Exception {
    execute(
        "CREATE TABLE item (id integer); INSERT INTO item SELECT generate_series(1, 1000);"
            + " DELETE FROM item WHERE id < 100");
    TablePlan table = table("public.item");
    try (Connection reader = endpoint.open("drover/test/reader");
        PostgresRows rows = rows(reader, table)) {
      assertThat(rows.advance()).isTrue();
      rows.release();
      assertThat(rows.advance()).as("it is where it was").isTrue();
      rows.release();
      execute("VACUUM FULL item");

      assertThatThrownBy(rows::advance)
          .isInstanceOfSatisfying(
              SystemFailure.class,
              e -> {
                assertThat(e.reason()).isEqualTo("SourceChanged");
                assertThat(e.extent()).isEqualTo(SystemFailure.Extent.Table);
                assertThat(e.getMessage()).contains("public.item has no key and was rewritten");
              });
      assertThatThrownBy(() -> keys(rows(reader, table))).isInstanceOf(SQLException.class);
    }
    try (Connection reader = endpoint.open("drover/test/reader")) {
      assertThat(keys(rows(reader, table("public.item")))).hasSize(901);
    }
  }

  /** Its policies call functions that find what they need on the login's own path. */
  @Test
  void a_table_with_policies_is_read_on_the_path_of_the_login() throws Exception {
    execute(
        """
        DROP SCHEMA IF EXISTS side CASCADE;
        CREATE SCHEMA side;
        CREATE TABLE side.allowed (id integer);
        INSERT INTO side.allowed SELECT i FROM generate_series(2, 900) i;
        CREATE FUNCTION side.may(wanted integer) RETURNS boolean LANGUAGE plpgsql AS
          'BEGIN RETURN EXISTS (SELECT FROM allowed WHERE id = wanted); END';
        CREATE TABLE item (id integer PRIMARY KEY);
        INSERT INTO item SELECT i FROM generate_series(1, 1000) i;
        ALTER TABLE item ENABLE ROW LEVEL SECURITY;
        CREATE POLICY listed ON item USING (side.may(id));
        DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT USAGE ON SCHEMA public, side TO reader;
        GRANT SELECT ON item, side.allowed TO reader;
        DO $$ BEGIN
          EXECUTE format('ALTER DATABASE %I SET search_path = side, public', current_database());
        END $$
        """);
    TablePlan table = table("public.item");
    try (Connection own = endpoint.open("drover/test/reader");
        Statement statement = own.createStatement()) {
      statement.execute("SET ROLE reader");
      assertThat(keys(rows(own, table))).hasSize(899).startsWith("2").endsWith("900");
    }
  }

  private static PostgresRows rows(Connection reader, TablePlan table) throws SQLException {
    return new PostgresRows(
        SourceSession.of(reader), SourceView.NOW, table, KeyRange.ALL, MAX_RECORD_BYTES);
  }

  private static List<String> keys(SplitSource.Rows rows) throws SystemFailure {
    List<String> keys = new ArrayList<>();
    while (rows.advance()) {
      keys.add(rows.key());
    }
    return keys;
  }

  private static List<String> upTo(int rows) {
    return IntStream.rangeClosed(1, rows).mapToObj(Integer::toString).toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "text | repeat(md5(i::text), 40000)",
        "text | repeat('x', 10000000)", // a few kilobytes at the server
        "bytea | decode(repeat(md5(i::text), 80000), 'hex')",
        "jsonb | jsonb_build_object('a', repeat(md5(i::text), 40000))",
        "text[] | array_fill(md5(i::text), ARRAY[40000])"
      })
  void a_row_that_is_too_large_is_told_without_being_had(String type, String large)
      throws Exception {
    execute(
        "DROP TABLE IF EXISTS wide; CREATE TABLE wide (id integer PRIMARY KEY, v " + type + ")");
    execute(
        "INSERT INTO wide SELECT i, CASE WHEN i IN (3, 4) THEN %s END FROM generate_series(1, 6) i"
            .formatted(large));
    try (Connection reader = endpoint.open("drover/test/wide");
        PostgresRows rows = rows(reader, table("public.wide"))) {
      List<String> told = new ArrayList<>();
      RowWriter writer = new RowWriter(table("public.wide").schema(), 100);
      while (rows.advance()) {
        SplitSource.Unreadable why = rows.unreadable();
        if (why == null) {
          rows.appendTo(writer, told.size());
        }
        told.add(rows.key() + (why == null ? "" : " " + why.code()));
      }
      assertThat(told).containsExactly("1", "2", "3 RecordTooLarge", "4 RecordTooLarge", "5", "6");
    }
  }

  @Test
  void a_table_that_takes_longer_than_a_statement_may_is_read_in_pieces() throws Exception {
    TablePlan table = items(1200);
    try (Connection reader = slowReader(1, 300);
        PostgresRows rows = rows(reader, table)) {
      assertThat(keys(rows)).isEqualTo(upTo(1200));
    }
  }

  @Test
  void rows_so_slow_that_none_arrives_in_time_are_asked_for_in_ever_fewer() throws Exception {
    TablePlan table = items(12);
    try (Connection reader = slowReader(40, 200);
        PostgresRows rows = rows(reader, table)) {
      assertThat(keys(rows)).isEqualTo(upTo(12));
    }
  }

  @Test
  void a_source_that_gives_not_even_one_row_in_time_is_told_of() throws Exception {
    TablePlan table = items(3);
    try (Connection reader = slowReader(3000, 100);
        PostgresRows rows = rows(reader, table)) {
      assertThatThrownBy(rows::advance)
          .isInstanceOf(SystemFailure.class)
          .hasMessageContaining("statement timeout");
    }
  }

  @Test
  void while_it_lets_go_it_holds_nothing_at_the_source() throws Exception {
    TablePlan table = items(100_000);
    try (Connection reader = endpoint.open("drover/test/paused");
        PostgresRows rows = rows(reader, table)) {
      for (int i = 1; i <= 500; i++) {
        assertThat(rows.advance()).isTrue();
      }
      String held =
          "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'drover/test/paused'"
              + " AND (xact_start IS NOT NULL OR backend_xmin IS NOT NULL)";
      assertThat(ask(held)).isEqualTo("1");
      rows.release();
      assertThat(ask(held)).isEqualTo("0");

      execute("DELETE FROM item WHERE id IN (501, 700); INSERT INTO item VALUES (-1, 'too late')");
      assertThat(rows.advance()).isTrue();
      assertThat(rows.key()).as("on behind the last row, as the table is now").isEqualTo("502");
      assertThat(keys(rows)).hasSize(100_000 - 502 - 1).endsWith("100000");
    }
  }

  @Test
  void a_table_without_a_key_goes_on_behind_its_last_position() throws Exception {
    execute(
        "CREATE TABLE loose (id integer); INSERT INTO loose SELECT generate_series(1, 30000);"
            + " ANALYZE loose");
    TablePlan table =
        SourcePlanner.plan(
                admin, 0, new StageSpec.Extract("read", "legacy", List.of("public.loose"), 1000))
            .tables()
            .getFirst();
    List<Object> ids = new ArrayList<>();
    try (Connection reader = endpoint.open("drover/test/loose");
        PostgresRows rows = rows(reader, table)) {
      while (rows.advance()) {
        RowWriter writer = new RowWriter(table.schema(), 64);
        rows.appendTo(writer, 0);
        ids.add(RowReader.readAll(table.schema(), writer.toByteArray()).getFirst().values()[0]);
        if (ids.size() % 7000 == 0) {
          rows.release();
        }
      }
    }
    assertThat(ids).hasSize(30_000).doesNotHaveDuplicates();
  }
}
