package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.batch;
import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.row;
import static dev.drover.worker.postgres.target.TargetServer.rows;
import static dev.drover.worker.postgres.target.TargetServer.schema;
import static dev.drover.worker.postgres.target.TargetServer.table;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.decision.Verdict;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.database.SystemFailure;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A row whose key exists is replaced, whichever way it is written. */
class UpsertIT {
  private static final RecordSchema SCHEMA = schema("id", ColumnType.INTEGER, "v", ColumnType.TEXT);

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
  void existing_rows_are_replaced_and_columns_that_the_record_lacks_are_kept() throws Exception {
    execute(
        """
        CREATE TABLE shop.t (id integer PRIMARY KEY, v text, kept text DEFAULT 'new');
        INSERT INTO shop.t VALUES (2, 'old', 'old'), (9, 'old', 'old')
        """);

    LoadOutcome outcome = load(row(1, "a"), row(2, "b"), row(3, null));

    assertThat(outcome.counts().passed()).isEqualTo(3);
    assertThat(rows("SELECT * FROM shop.t ORDER BY id"))
        .containsExactly("1|a|new", "2|b|old", "3|~|new", "9|old|old");
  }

  @Test
  void a_key_that_is_dropped_in_mid_run_doubles_nothing() throws Exception {
    execute(
        """
        CREATE TABLE shop.t (id integer PRIMARY KEY, v text);
        INSERT INTO shop.t VALUES (1, 'old')
        """);
    TargetTable found = table("shop.t");
    List<LoadBatch> batches = List.of(batch("b1", SCHEMA, row(1, "new"), row(2, "new")));
    execute("ALTER TABLE shop.t DROP CONSTRAINT t_pkey");

    assertChanged(() -> loader.load(found, batches), "no unique index over (id) any more");
    assertChanged(() -> loader.load(table("shop.t"), batches), "no key of table shop.t");
    assertThat(rows("SELECT * FROM shop.t")).containsExactly("1|old");

    execute("ALTER TABLE shop.t ADD PRIMARY KEY (id)");
    loader.load(table("shop.t"), batches);
    assertThat(rows("SELECT * FROM shop.t ORDER BY id")).containsExactly("1|new", "2|new");
  }

  private static void assertChanged(ThrowingCallable load, String told) {
    assertThatThrownBy(load)
        .isInstanceOfSatisfying(
            SystemFailure.class, e -> assertThat(e.reason()).isEqualTo("TargetChanged"))
        .hasMessageContaining(told);
  }

  @Test
  void the_last_of_several_rows_of_one_key_wins() throws Exception {
    execute("CREATE TABLE shop.t (id integer PRIMARY KEY, v text)");

    LoadOutcome outcome = load(row(1, "a"), row(2, "x"), row(1, "b"), row(1, "c"));

    assertThat(outcome.counts().passed()).isEqualTo(4);
    assertThat(rows("SELECT * FROM shop.t ORDER BY id")).containsExactly("1|c", "2|x");
  }

  @Test
  void bad_rows_are_set_aside_while_others_replace() throws Exception {
    execute(
        """
        CREATE TABLE shop.t (id integer PRIMARY KEY, v varchar(4) NOT NULL CHECK (v <> 'evil'),
          other integer UNIQUE);
        INSERT INTO shop.t SELECT g, 'old', -g FROM generate_series(1, 1000) g
        """);
    RecordSchema schema =
        schema("id", ColumnType.INTEGER, "v", ColumnType.TEXT, "other", ColumnType.INTEGER);
    List<Object[]> values = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      String v = i % 200 == 7 ? "evil" : i % 200 == 9 ? "too long" : i % 200 == 11 ? null : "new";
      values.add(row(i + 1, v, i == 500 ? 77 : i == 600 ? 77 : -i - 1));
    }

    LoadOutcome outcome =
        loader.load(table("shop.t"), List.of(batch("b1", schema, values))).getFirst();

    assertThat(outcome.verdicts())
        .extracting(v -> ((Verdict.Failed) v.verdict()).cause().code())
        .containsExactlyInAnyOrder(
            "CheckViolated",
            "CheckViolated",
            "CheckViolated",
            "CheckViolated",
            "CheckViolated",
            "ValueTooLong",
            "ValueTooLong",
            "ValueTooLong",
            "ValueTooLong",
            "ValueTooLong",
            "NullNotAllowed",
            "NullNotAllowed",
            "NullNotAllowed",
            "NullNotAllowed",
            "NullNotAllowed",
            "DuplicateKey");
    assertThat(outcome.verdicts()).extracting(v -> v.index()).contains(600).doesNotContain(500);
    assertThat(rows("SELECT v, count(*) FROM shop.t GROUP BY v ORDER BY v"))
        .containsExactly("new|984", "old|16");
    assertThat(loader.attempts()).isLessThan(200);
  }

  @Test
  void a_missing_parent_waits_while_others_replace() throws Exception {
    execute(
        """
        CREATE TABLE shop.parent (id text PRIMARY KEY);
        INSERT INTO shop.parent VALUES ('p');
        CREATE TABLE shop.t (id integer PRIMARY KEY, v text REFERENCES shop.parent);
        INSERT INTO shop.t VALUES (1, NULL), (2, NULL), (3, NULL)
        """);

    LoadOutcome outcome = load(row(1, "p"), row(2, "none"), row(3, "p"));

    assertThat(outcome.counts().waiting()).isEqualTo(1);
    assertThat(rows("SELECT * FROM shop.t ORDER BY id")).containsExactly("1|p", "2|~", "3|p");
  }

  @Test
  void after_a_conflict_loads_go_through_staging_and_later_by_copy_again() throws Exception {
    execute(
        "CREATE TABLE shop.t (id integer PRIMARY KEY, v text); INSERT INTO shop.t VALUES (0, '')");
    load(row(0, "a"));
    assertThat(loader.attempts()).as("copy refused, staged").isEqualTo(2);

    for (int i = 1; i <= 10; i++) {
      load(row(i, "a"));
      assertThat(loader.attempts()).isEqualTo(1);
    }
    load(row(3, "b"));
    assertThat(loader.attempts()).as("copy refused again").isEqualTo(2);
    assertThat(rows("SELECT count(*), max(v) FROM shop.t")).containsExactly("11|b");
  }

  @Test
  void a_table_of_nothing_but_its_key_keeps_what_is_there() throws Exception {
    execute("CREATE TABLE shop.t (id integer, v text, PRIMARY KEY (v, id))");
    load(row(1, "a"));

    assertThat(load(row(1, "a"), row(2, "b")).counts().passed()).isEqualTo(2);
    assertThat(rows("SELECT * FROM shop.t ORDER BY id")).containsExactly("1|a", "2|b");
  }

  @Test
  void identities_defaults_and_generated_columns_are_respected() throws Exception {
    execute(
        """
        CREATE TABLE shop.t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text,
          n integer DEFAULT 5,
          len integer GENERATED ALWAYS AS (length(v)) STORED, made date DEFAULT '2024-01-01')
        """);
    load(row(7, "a"));

    load(row(7, "bb"), row(8, "c"));

    assertThat(rows("SELECT id, v, n, len, made FROM shop.t ORDER BY id"))
        .containsExactly("7|bb|5|2|2024-01-01", "8|c|5|1|2024-01-01");
  }

  @Test
  void names_that_need_quotes_are_quoted() throws Exception {
    execute(
        """
        CREATE TABLE shop."od""d t" ("select" integer PRIMARY KEY, "Ünï, code" text);
        INSERT INTO shop."od""d t" VALUES (1, 'old')
        """);
    RecordSchema schema = schema("select", ColumnType.INTEGER, "Ünï, code", ColumnType.TEXT);

    loader.load(table("shop.od\"d t"), List.of(batch("b1", schema, row(1, "new"))));

    assertThat(rows("SELECT * FROM shop.\"od\"\"d t\"")).containsExactly("1|new");
  }

  @Test
  void without_a_key_among_the_columns_nothing_is_decided() throws Exception {
    execute("CREATE TABLE shop.t (id integer, v text, k integer UNIQUE)");
    execute("INSERT INTO shop.t VALUES (1, 'a', 1); CREATE UNIQUE INDEX ON shop.t (id)");

    assertThatThrownBy(() -> load(row(1, "b")))
        .isInstanceOf(SystemFailure.class)
        .hasMessageContaining("no key of table shop.t");
  }

  private LoadOutcome load(Object[]... values) throws Exception {
    return loader.load(table("shop.t"), List.of(batch("b" + loads++, SCHEMA, values))).getFirst();
  }
}
