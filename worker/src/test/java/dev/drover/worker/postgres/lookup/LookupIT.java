package dev.drover.worker.postgres.lookup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.lookup.Answer;
import dev.drover.worker.lookup.LookupQuery;
import dev.drover.worker.lookup.LookupRefusedException;
import dev.drover.worker.lookup.LookupUnavailableException;
import dev.drover.worker.lookup.QueryText;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.session.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Queries described and asked in a real PostgreSQL. */
class LookupIT {
  private static final RecordSchema ORDERS =
      new RecordSchema(
          "public.orders",
          List.of(
              new Column("id", ColumnType.BIGINT, false, "bigint"),
              new Column("customer", ColumnType.INTEGER, true, "integer"),
              new Column("code", ColumnType.TEXT, true, "text"),
              new Column("note", ColumnType.ENUM, true, "mood")));

  private final Endpoint endpoint = PostgresServer.newDatabase();
  private Connection connection;
  private PostgresLookup session;

  @BeforeEach
  void customers() throws SQLException {
    connection = endpoint.open("drover/test/plan");
    session = new PostgresLookup(endpoint, "drover/test/tiers", 2);
    execute("CREATE TABLE customers (id integer PRIMARY KEY, tier text, since date)");
    execute(
        "INSERT INTO customers SELECT i, 't' || i % 3, '2020-01-01' FROM generate_series(1, 5000) i");
    execute("ANALYZE");
  }

  @AfterEach
  void close() throws SQLException {
    session.close();
    connection.close();
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private LookupQuery query(String text) throws Exception {
    QueryText query = QueryText.parse(text);
    return new LookupQuery(
        query,
        LookupQuery.keys(query, ORDERS),
        LookupDescription.columns(connection, query, ORDERS));
  }

  private static List<@Nullable Object[]> keys(@Nullable Object... keys) {
    List<@Nullable Object[]> all = new ArrayList<>();
    for (Object key : keys) {
      all.add(new Object[] {key});
    }
    return all;
  }

  private List<Answer> ask(String query, @Nullable Object... keys) throws Exception {
    return session.ask(query(query), keys(keys));
  }

  @Test
  void thousands_of_keys_are_asked_for_in_one_query() throws Exception {
    Object[] keys = IntStream.range(0, 6000).boxed().toArray();
    List<Answer> answers = ask("select tier, since from customers where id = :customer", keys);
    assertThat(session.queries()).isEqualTo(1);
    assertThat(answers).hasSize(6000);
    for (int i = 0; i < 6000; i++) {
      if (i == 0 || i > 5000) {
        assertThat(answers.get(i)).isEqualTo(new Answer.Missing());
      } else {
        assertThat(((Answer.Found) answers.get(i)).values()).containsExactly("t" + i % 3, 18262);
      }
    }
  }

  @Test
  void a_null_key_finds_what_the_query_says() throws Exception {
    assertThat(ask("select tier from customers where id = :customer", (Object) null))
        .containsExactly(new Answer.Missing());
    assertThat(
            ask(
                    "select count(*) as n from customers where id is not distinct from :customer",
                    (Object) null)
                .getFirst())
        .isInstanceOfSatisfying(
            Answer.Found.class, f -> assertThat(f.values()).containsExactly(0L));
  }

  @Test
  void more_than_one_row_is_ambiguous_and_does_not_cost_the_memory_of_all() throws Exception {
    List<Answer> answers =
        ask(
            "select a.tier from customers a where a.id = :customer or :customer = 3",
            1,
            2,
            3,
            9999);
    assertThat(answers.get(2)).isEqualTo(new Answer.Ambiguous());
    assertThat(answers.get(3)).isEqualTo(new Answer.Missing());
    assertThat(answers.subList(0, 2)).allMatch(Answer.Found.class::isInstance);
    assertThat(session.queries()).isBetween(2L, 7L);
  }

  @Test
  void a_key_that_the_query_cannot_take_is_refused_alone() throws Exception {
    List<Answer> answers =
        ask("select tier from customers where id = :code::integer", "1", "2", "x", "4", "5");
    assertThat(answers.get(2)).isEqualTo(new Answer.Refused("SQLSTATE 22P02"));
    assertThat(answers).filteredOn(Answer.Found.class::isInstance).hasSize(4);
    assertThat(session.queries()).isLessThanOrEqualTo(7);
  }

  @Test
  void values_of_every_type_arrive_exactly() throws Exception {
    execute("CREATE TYPE mood AS ENUM ('glad', 'sad')");
    execute(
        """
        CREATE TABLE every (id bigserial PRIMARY KEY, b boolean, s smallint, n numeric(10,2), v varchar(12),
          c char(3), r real, d double precision, y bytea, t timestamptz, u uuid, j jsonb, m mood, a integer[],
          i interval, k inet)""");
    execute(
        """
        INSERT INTO every VALUES (1, true, -2, 12.30, 'ab', 'x', 0.1, 1e300, '\\xdead', '2024-02-03 04:05:06+00',
          '00112233-4455-6677-8899-aabbccddeeff', '{"a": 1}', 'sad', '{1,2}', '1 day', '10.0.0.1')""");
    LookupQuery query =
        query(
            "select id as every_id, b, s, n, v, c, r, d, y, t, u, j, m, a, i, k from every where id = :id");
    assertThat(query.columns())
        .extracting(c -> c.type() + " " + c.nativeType())
        .containsExactly(
            "BIGINT bigint",
            "BOOLEAN boolean",
            "SMALLINT smallint",
            "DECIMAL numeric(10,2)",
            "TEXT character varying(12)",
            "TEXT character(3)",
            "REAL real",
            "DOUBLE double precision",
            "BYTES bytea",
            "TIMESTAMPTZ timestamp with time zone",
            "UUID uuid",
            "JSON jsonb",
            "ENUM mood",
            "ARRAY integer[]",
            "OTHER interval",
            "OTHER inet");
    assertThat(query.columns()).allMatch(Column::nullable);
    Answer.Found found = (Answer.Found) session.ask(query, keys(1L)).getFirst();
    assertThat(found.values())
        .containsExactly(
            1L,
            true,
            -2,
            "12.30",
            "ab",
            "x",
            0.1f,
            1e300,
            new byte[] {(byte) 0xde, (byte) 0xad},
            1706933106000000L,
            UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
            "{\"a\": 1}",
            "sad",
            "{1,2}",
            "1 day",
            "10.0.0.1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "select tier from customers where id = :client | no field client: write one of id, customer",
        "select tier from customers | names no field",
        "select teir from customers where id = :id | column \"teir\" does not exist",
        "select tier frm customers where id = :id | syntax error",
        "select tier from clients where id = :id | relation \"clients\" does not exist",
        "select id, tier from customers where id = :id | have a field id already",
        "select tier, tier from customers where id = :id | two columns are called tier",
        "select 1 from customers where id = :id | has no name",
        "select from customers where id = :id | has no columns",
        "select tier from customers where id = :code | cast it",
        "select tier from customers where id = :id for update | only read",
        "with x as (delete from customers where id = :id returning tier) select tier from x | top level",
      })
  void a_query_that_does_not_fit_is_refused_when_it_is_planned(String query, String why) {
    assertThatThrownBy(() -> query(query))
        .isInstanceOf(LookupRefusedException.class)
        .hasMessageContaining(why);
  }

  @Test
  void nothing_can_be_written() throws Exception {
    execute(
        """
        CREATE FUNCTION sneak(id bigint) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN DELETE FROM customers; RETURN 'x'; END $$""");
    // Nor after a query that takes back what the session began with.
    session.ask(
        query(
            "select set_config('default_transaction_read_only', 'off', false) as t where :id > 0"),
        keys(1L));
    LookupQuery query = query("select sneak(:id) as t");
    assertThatThrownBy(() -> session.ask(query, keys(1L)))
        .isInstanceOfSatisfying(
            LookupUnavailableException.class,
            e -> assertThat(e).hasMessageContaining("read-only transaction"));
  }

  @Test
  void what_a_function_says_of_a_value_under_a_code_of_its_own_is_not_shown() throws Exception {
    execute(
        """
        CREATE FUNCTION tell(n integer) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'customer % is odd', n USING ERRCODE = '45000'; END $$""");
    LookupQuery query = query("select tell(:customer) as t");
    assertThatThrownBy(() -> session.ask(query, keys(4711)))
        .isInstanceOf(LookupUnavailableException.class)
        .hasMessageContaining("SQLSTATE 45000")
        .hasMessageNotContaining("4711");
  }

  @Test
  void a_query_that_takes_too_long_is_asked_for_fewer_keys() throws Exception {
    execute(
        "CREATE FUNCTION slow(n integer) RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT n FROM pg_sleep(0.6)'");
    LookupQuery query = query("select slow(:customer) as n");
    List<@Nullable Object[]> keys = keys(1, 2, 3, 4, 5, 6);
    assertThatThrownBy(() -> session.ask(query, keys))
        .isInstanceOfSatisfying(
            LookupUnavailableException.class,
            e -> assertThat(e.reason()).isEqualTo("LookupTimedOut"));
    List<Answer> answers = session.ask(query, keys);
    assertThat(answers).hasSize(6).allMatch(Answer.Found.class::isInstance);
  }

  @Test
  void a_session_that_was_ended_is_opened_anew() throws Exception {
    LookupQuery query = query("select tier from customers where id = :customer");
    session.ask(query, keys(1));
    execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drover/test/tiers'");
    assertThatThrownBy(() -> session.ask(query, keys(1)))
        .isInstanceOfSatisfying(
            LookupUnavailableException.class,
            e -> assertThat(e.reason()).isEqualTo("DatabaseUnavailable"));
    assertThat(session.ask(query, keys(1)).getFirst()).isInstanceOf(Answer.Found.class);
  }

  @Test
  void a_table_that_went_away_is_told_of_and_no_records_fault() throws Exception {
    LookupQuery query = query("select tier from customers where id = :customer");
    execute("DROP TABLE customers");
    assertThatThrownBy(() -> session.ask(query, keys(1)))
        .isInstanceOfSatisfying(
            LookupUnavailableException.class,
            e -> assertThat(e.reason()).isEqualTo("LookupChanged"));
  }
}
