package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.batch;
import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.row;
import static dev.drover.worker.postgres.target.TargetServer.rows;
import static dev.drover.worker.postgres.target.TargetServer.schema;
import static dev.drover.worker.postgres.target.TargetServer.table;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.database.SystemFailure;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Rows that are there just as they come are not written again, and nothing else changes by that.
 */
class RowsThereIT {
  private static final RecordSchema SCHEMA = schema("id", ColumnType.INTEGER, "v", ColumnType.TEXT);

  /** The rows that a load has not written again: they have no later transaction than the first. */
  private static final String UNTOUCHED =
      "SELECT id FROM shop.t WHERE xmin::text = (SELECT x FROM shop.first) ORDER BY id";

  private Connection connection;
  private Loader loader;
  private int loads;

  @BeforeEach
  void connect() throws Exception {
    execute("DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop");
    connection = TargetServer.connect();
    loader = new Loader(connection, LoadMode.Upsert, null);
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  @Test
  void a_row_that_is_there_as_it_comes_is_not_written_again() throws Exception {
    create(
        "id integer PRIMARY KEY, v text, kept integer", "(1, 'a', 1), (2, 'b', 2), (3, NULL, 3)");

    LoadOutcome outcome = load(row(1, "a"), row(2, "B"), row(3, null), row(4, "d"));

    assertThat(outcome.counts().passed()).isEqualTo(4);
    assertThat(rows(UNTOUCHED)).containsExactly("1", "3");
    assertThat(rows("SELECT * FROM shop.t ORDER BY id"))
        .containsExactly("1|a|1", "2|B|2", "3|~|3", "4|d|~");
  }

  @Test
  void what_counts_as_equal_and_is_not_the_same_is_written() throws Exception {
    execute(
        "CREATE COLLATION shop.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)");
    create(
        """
        id integer PRIMARY KEY, n numeric, scaled numeric(10, 2), f double precision, j jsonb,
        i interval, loose text COLLATE shop.loose, fixed character(4)
        """,
        """
        (1, 1.0, 1, 0, '{"a": 1.0}', '1 month', 'e', 'x'),
        (2, 1.0, 1, 0, '{"a": 1.0}', '1 month', 'e', 'x'),
        (3, 1.0, 1, 0, '{"a": 1.0}', '1 month', 'e', 'x'),
        (4, 1.0, 1, 0, '{"a": 1.0}', '1 month', 'e', 'x'),
        (5, 1.0, 1, 0, '{"a": 1.0}', '1 month', 'e', 'x'),
        (6, 1.0, 1, 0, '{"a": 1.0}', '1 month', 'e', 'x')
        """);
    RecordSchema schema =
        schema(
            "id", ColumnType.INTEGER,
            "n", ColumnType.DECIMAL,
            "scaled", ColumnType.DECIMAL,
            "f", ColumnType.DOUBLE,
            "j", ColumnType.OTHER,
            "i", ColumnType.OTHER,
            "loose", ColumnType.TEXT,
            "fixed", ColumnType.TEXT);
    String one = "1.0";
    String json = "{\"a\": 1.0}";

    loader.load(
        table("shop.t"),
        List.of(
            batch(
                "b1",
                schema,
                row(1, one, one, 0.0, json, "1 mon", "e", "x"),
                row(2, "1.00", one, 0.0, json, "1 mon", "e", "x"),
                row(3, one, one, -0.0, json, "1 mon", "e", "x"),
                row(4, one, one, 0.0, "{\"a\": 1.00}", "1 mon", "e", "x"),
                row(5, one, one, 0.0, json, "30 days", "e", "x"),
                row(6, one, one, 0.0, json, "1 mon", "é", "x"))));

    assertThat(rows(UNTOUCHED)).containsExactly("1");
    assertThat(rows("SELECT id, n, f, j, i, loose FROM shop.t WHERE id > 1 ORDER BY id"))
        .containsExactly(
            "2|1.00|0|{\"a\": 1.0}|1 mon|e",
            "3|1.0|-0|{\"a\": 1.0}|1 mon|e",
            "4|1.0|0|{\"a\": 1.00}|1 mon|e",
            "5|1.0|0|{\"a\": 1.0}|30 days|e",
            "6|1.0|0|{\"a\": 1.0}|1 mon|é");
  }

  @Test
  void a_trigger_sees_each_row_as_it_comes() throws Exception {
    create("id integer PRIMARY KEY, v text", "(1, 'a'), (2, 'b')");
    execute(
        """
        CREATE TABLE shop.seen (id integer);
        CREATE FUNCTION shop.see() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO shop.seen VALUES (NEW.id); RETURN NEW; END';
        CREATE TRIGGER see BEFORE INSERT ON shop.t FOR EACH ROW EXECUTE FUNCTION shop.see()
        """);

    load(row(1, "a"), row(2, "x"), row(3, "c"));

    assertThat(rows("SELECT DISTINCT id FROM shop.seen ORDER BY id"))
        .containsExactly("1", "2", "3");
    assertThat(rows("SELECT v FROM shop.t ORDER BY id")).containsExactly("a", "x", "c");
  }

  @Test
  void a_trigger_that_comes_in_mid_run_sees_the_rows_of_the_next_attempt() throws Exception {
    create("id integer PRIMARY KEY, v text", "(1, 'a'), (2, 'b')");
    TargetTable found = table("shop.t");
    execute(
        """
        CREATE FUNCTION shop.shout() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN NEW.v := upper(NEW.v); RETURN NEW; END';
        CREATE TRIGGER shout BEFORE INSERT ON shop.t FOR EACH ROW EXECUTE FUNCTION shop.shout()
        """);
    List<LoadBatch> batches = List.of(batch("b1", SCHEMA, row(1, "x"), row(2, "y")));

    assertThatThrownBy(() -> loader.load(found, batches))
        .isInstanceOfSatisfying(
            SystemFailure.class, e -> assertThat(e.reason()).isEqualTo("TargetChanged"))
        .hasMessageContaining("a trigger");
    assertThat(rows("SELECT v FROM shop.t ORDER BY id")).containsExactly("a", "b");

    loader.load(table("shop.t"), batches);
    assertThat(rows("SELECT v FROM shop.t ORDER BY id")).containsExactly("X", "Y");
  }

  @Test
  void a_row_of_a_table_that_inherits_is_another_one() throws Exception {
    create("id integer PRIMARY KEY, v text", "(1, 'a'), (2, 'b')");
    execute(
        """
        CREATE TABLE shop.heir () INHERITS (shop.t);
        INSERT INTO shop.heir VALUES (1, 'heir'), (3, 'z')
        """);

    load(row(1, "x"), row(2, "b"), row(3, "z"));

    assertThat(rows("SELECT * FROM ONLY shop.t ORDER BY id")).containsExactly("1|x", "2|b", "3|z");
    assertThat(rows("SELECT * FROM shop.heir ORDER BY id")).containsExactly("1|heir", "3|z");
  }

  @Test
  void the_last_row_of_a_key_wins_though_it_is_the_one_that_is_there() throws Exception {
    create("id integer PRIMARY KEY, v text", "(1, 'a'), (2, 'b'), (3, 'c')");

    load(row(1, "x"), row(2, "b"), row(1, "a"), row(3, "c"), row(3, "y"));
    assertThat(rows("SELECT v FROM shop.t ORDER BY id")).containsExactly("a", "b", "y");

    load(row(1, "x"), row(2, "b"), row(1, "a"), row(3, "c"), row(3, "z"));
    assertThat(rows("SELECT v FROM shop.t ORDER BY id")).containsExactly("a", "b", "z");
    assertThat(loader.attempts()).as("it knows that keys come twice").isEqualTo(1);
  }

  @Test
  void a_row_is_refused_alone_as_among_others_that_are_there() throws Exception {
    create(
        "id integer PRIMARY KEY, v text, kept integer CHECK (kept IS NOT NULL)",
        "(1, 'a', 1), (2, 'b', 2), (3, 'c', 3)");

    LoadOutcome conflicting = load(row(1, "x"));
    assertThat(conflicting.counts().failed()).as("which is staged from now on").isEqualTo(1);
    assertThat(load(row(1, "a"), row(2, "b"), row(3, "c")).counts().failed()).isEqualTo(3);
  }

  @Test
  void keys_that_only_count_as_equal_are_told_apart_from_what_is_the_same() throws Exception {
    execute(
        "CREATE COLLATION shop.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)");
    create(
        "id integer NOT NULL, v text COLLATE shop.loose PRIMARY KEY",
        "(1, 'e'), (2, 'f'), (3, 'g')");

    LoadOutcome outcome = load(row(1, "é"), row(2, "f"), row(3, "g"));

    assertThat(outcome.counts().passed()).isEqualTo(3);
    assertThat(
            rows("SELECT id FROM shop.t WHERE xmin::text = (SELECT x FROM shop.first) ORDER BY id"))
        .containsExactly("2", "3");
  }

  /** After a load in which all differ, the next four are taken to be there, and not compared. */
  @Test
  void rows_that_are_taken_to_be_there_are_written_also_where_they_are_not() throws Exception {
    create(
        "id integer PRIMARY KEY, v text, kept text DEFAULT 'new'", "(1, 'a', 'k'), (2, 'b', 'k')");
    load(row(1, "x"), row(2, "x"));

    load(row(1, "y"), row(2, "y"));
    assertThat(rows("SELECT * FROM shop.t ORDER BY id")).containsExactly("1|y|k", "2|y|k");
    assertThat(rows("SELECT count(*) FROM shop.t WHERE xmax::text = '0'"))
        .as("not locked, as ON CONFLICT does before it writes")
        .containsExactly("2");

    load(row(1, "z"), row(3, "z"), row(2, "z"));
    assertThat(rows("SELECT * FROM shop.t ORDER BY id"))
        .containsExactly("1|z|k", "2|z|k", "3|z|new");
    assertThat(loader.attempts()).isEqualTo(1);
  }

  @Test
  void of_a_key_that_comes_twice_the_last_row_wins_where_rows_are_taken_to_be_there()
      throws Exception {
    create("id integer PRIMARY KEY, v text", "(1, 'a'), (2, 'b')");
    load(row(1, "x"), row(2, "x"));

    load(row(1, "1"), row(2, "2"), row(1, "3"), row(2, "4"), row(1, "5"));

    assertThat(rows("SELECT v FROM shop.t ORDER BY id")).containsExactly("5", "4");
  }

  @Test
  void a_foreign_key_that_holds_only_with_the_rows_that_are_new_holds() throws Exception {
    execute(
        """
        CREATE TABLE shop.t (id integer PRIMARY KEY, code text UNIQUE, up text REFERENCES shop.t (code));
        INSERT INTO shop.t VALUES (1, 'A', NULL), (2, 'x', 'A')
        """);
    RecordSchema schema =
        schema("id", ColumnType.INTEGER, "code", ColumnType.TEXT, "up", ColumnType.TEXT);
    loader.load(table("shop.t"), List.of(batch("b1", schema, row(1, "A", "x"), row(2, "x", null))));
    loader.load(table("shop.t"), List.of(batch("b2", schema, row(1, "A", null), row(2, "x", "A"))));

    LoadOutcome outcome =
        loader
            .load(
                table("shop.t"), List.of(batch("b3", schema, row(1, "B", null), row(3, "A", null))))
            .getFirst();

    assertThat(outcome.counts().passed()).isEqualTo(2);
    assertThat(rows("SELECT * FROM shop.t ORDER BY id")).containsExactly("1|B|~", "2|x|A", "3|A|~");
  }

  @Test
  void what_is_refused_is_told_apart_where_rows_are_taken_to_be_there() throws Exception {
    create("id integer PRIMARY KEY, v text CHECK (v <> 'bad')", "(1, 'a'), (2, 'b'), (3, 'c')");
    load(row(1, "x"), row(2, "x"), row(3, "x"));

    LoadOutcome outcome = load(row(1, "y"), row(2, "bad"), row(3, "y"));

    assertThat(outcome.counts().failed()).isEqualTo(1);
    assertThat(rows("SELECT v FROM shop.t ORDER BY id")).containsExactly("y", "x", "y");
  }

  @Test
  void what_somebody_else_writes_meanwhile_is_replaced() throws Exception {
    create("id integer PRIMARY KEY, v text", "(1, 'a'), (2, 'b')");
    try (Connection other = TargetServer.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("INSERT INTO shop.t VALUES (3, 'other')");
      CompletableFuture<LoadOutcome> loading =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return load(row(1, "a"), row(2, "b"), row(3, "c"));
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              });
      await().until(() -> !rows("SELECT 1 FROM pg_locks WHERE NOT granted").isEmpty());
      other.commit();

      assertThat(loading.get(20, TimeUnit.SECONDS).counts().passed()).isEqualTo(3);
    }
    assertThat(rows("SELECT v FROM shop.t ORDER BY id")).containsExactly("a", "b", "c");
    assertThat(rows(UNTOUCHED)).containsExactly("1", "2");
  }

  /** Nobody counts a temporary table, and by guessing the planner would read all of a large one. */
  @Test
  void a_large_table_is_not_read_whole() throws Exception {
    create("id integer PRIMARY KEY, v text", "(-1, 'a')");
    execute("INSERT INTO shop.t SELECT g, 'old' FROM generate_series(1, 200000) g; ANALYZE shop.t");
    List<Object[]> records = new ArrayList<>();
    for (int id = 1; id <= 10_000; id++) {
      records.add(row(20 * id, "new"));
    }
    String scans = "SELECT seq_scan FROM pg_stat_user_tables WHERE relid = 'shop.t'::regclass";
    String before = flushed(scans);

    loader.load(table("shop.t"), List.of(batch("b1", SCHEMA, records)));

    assertThat(flushed(scans)).isEqualTo(before);
    assertThat(rows("SELECT v, count(*) FROM shop.t GROUP BY v ORDER BY v"))
        .containsExactly("a|1", "new|10000", "old|190000");
  }

  /** The answer of the loader's own session, which has told what it did until then. */
  private String flushed(String query) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT pg_stat_force_next_flush()");
      connection.commit();
      try (ResultSet row = statement.executeQuery(query)) {
        row.next();
        return row.getString(1);
      }
    } finally {
      connection.commit();
    }
  }

  private void create(String columns, String values) throws SQLException {
    execute("CREATE TABLE shop.t (%s)".formatted(columns));
    insert(values);
  }

  private void insert(String values) throws SQLException {
    execute(
        """
        INSERT INTO shop.t VALUES %s;
        CREATE TABLE shop.first AS SELECT DISTINCT xmin::text AS x FROM shop.t
        """
            .formatted(values));
  }

  private LoadOutcome load(Object[]... values) throws Exception {
    return loader.load(table("shop.t"), List.of(batch("b" + loads++, SCHEMA, values))).getFirst();
  }
}
