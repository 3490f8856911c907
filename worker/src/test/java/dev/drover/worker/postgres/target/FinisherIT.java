package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.plan.StageSpec.Indexes;
import dev.drover.worker.database.Finished;
import dev.drover.worker.database.Finished.Problem;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is left to do at a target when all is decided, done once in effect. */
class FinisherIT {
  private static final Preparation NOTES = new Preparation("fin", "uid-1", "load");

  /** Every index and foreign key, with their comments. */
  private static final String ALL =
      """
      SELECT pg_get_indexdef(indexrelid), obj_description(indexrelid) FROM pg_index
      WHERE indrelid IN ('fin.item'::regclass, 'fin.part'::regclass)
      UNION ALL
      SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid),
        obj_description(oid) FROM pg_constraint
      WHERE conrelid IN ('fin.item'::regclass, 'fin.part'::regclass) AND contype = 'f'
      ORDER BY 1
      """;

  @BeforeEach
  void tables() throws Exception {
    execute("DROP SCHEMA IF EXISTS fin CASCADE");
    execute(
        """
        CREATE SCHEMA fin;
        CREATE TABLE fin.parent (id integer PRIMARY KEY);
        CREATE TABLE fin.item (
          id integer PRIMARY KEY, code text UNIQUE, day date, note text,
          parent integer CONSTRAINT item_parent REFERENCES fin.parent ON DELETE CASCADE
            DEFERRABLE INITIALLY DEFERRED,
          twin integer CONSTRAINT "Item's twin" REFERENCES fin.item);
        CREATE INDEX item_day ON fin.item (day DESC NULLS LAST) INCLUDE (code) WHERE note <> '';
        CREATE INDEX "item Note" ON fin.item (lower(note)) WITH (fillfactor = 70);
        COMMENT ON INDEX fin."item Note" IS 'it''s for search';
        COMMENT ON CONSTRAINT item_parent ON fin.item IS 'who';
        CREATE TABLE fin.part (id integer, day date, parent integer REFERENCES fin.parent)
          PARTITION BY RANGE (day);
        CREATE TABLE fin.part_1 PARTITION OF fin.part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
        CREATE INDEX part_id ON fin.part (id);
        INSERT INTO fin.parent VALUES (1);
        """);
  }

  private static void defer() throws SQLException {
    TablePreparer preparer = new TablePreparer(NOTES, List.of(), Indexes.Defer);
    try (Connection connection = TargetServer.connect()) {
      preparer.begin(connection);
      preparer.prepare(connection, "fin.item");
      preparer.prepare(connection, "fin.part");
    }
  }

  private static Finished finish() throws SQLException {
    try (Connection connection = TargetServer.connect()) {
      return finisher().finish(connection);
    }
  }

  private static Finisher finisher() {
    return new Finisher("uid-1/load", NOTES, List.of("fin.item", "fin.part", "fin.counted"));
  }

  private static List<Problem> problems() throws SQLException {
    return ((Finished.Done) finish()).problems();
  }

  @Test
  void what_was_dropped_is_there_again_as_it_was() throws Exception {
    List<String> before = rows(ALL);
    defer();
    assertThat(rows(ALL)).hasSize(2);
    execute("INSERT INTO fin.item VALUES (1, 'a', '2020-01-01', 'n', 1, 1)");
    execute("INSERT INTO fin.part VALUES (1, '2020-05-05', 1)");
    assertThat(problems()).isEmpty();
    assertThat(rows(ALL)).isEqualTo(before);
    assertThat(rows("SELECT FROM fin.drover_preparation WHERE done_at IS NULL")).isEmpty();
    assertThat(rows("SELECT indisvalid FROM pg_index WHERE indrelid = 'fin.part'::regclass"))
        .as("the partitions' indexes hang on it")
        .containsExactly("t");
    assertThat(rows("SELECT count(*) FROM pg_index WHERE indrelid = 'fin.part_1'::regclass"))
        .containsExactly("1");
  }

  @Test
  void a_foreign_key_that_does_not_hold_is_told_by_name_and_all_else_is_built() throws Exception {
    defer();
    execute("INSERT INTO fin.item (id, parent) VALUES (1, 77)");
    assertThat(problems())
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.reason()).isEqualTo("ForeignKeyBroken");
              assertThat(problem.message())
                  .contains(
                      "item_parent",
                      "fin.item",
                      "fin.parent",
                      "replay or load the parents",
                      "fin.drover_preparation")
                  .doesNotContain("77");
            });
    assertThat(
            rows(
                "SELECT conname FROM pg_constraint WHERE conrelid = 'fin.item'::regclass"
                    + " AND contype = 'f'"))
        .containsExactly("Item's twin");
    assertThat(rows("SELECT count(*) FROM fin.item")).containsExactly("1");

    execute("INSERT INTO fin.parent VALUES (77)");
    assertThat(problems()).isEmpty();
  }

  @Test
  void what_was_made_by_hand_counts_and_what_was_given_up_is_not_asked_for() throws Exception {
    defer();
    execute("INSERT INTO fin.item (id, parent, twin) VALUES (1, 77, 78)");
    assertThat(problems()).hasSize(2);
    execute(
        "ALTER TABLE fin.item ADD CONSTRAINT item_parent FOREIGN KEY (parent)"
            + " REFERENCES fin.parent NOT VALID");
    execute("DELETE FROM fin.drover_preparation WHERE name LIKE '%twin%'");
    assertThat(problems()).isEmpty();
  }

  @Test
  void a_session_that_is_killed_while_it_builds_leaves_all_to_the_next() throws Exception {
    List<String> before = rows(ALL);
    defer();
    execute(
        """
        CREATE FUNCTION fin.die() RETURNS event_trigger LANGUAGE plpgsql AS
          'BEGIN IF current_query() LIKE ''%item_day%'' THEN
             PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END';
        CREATE EVENT TRIGGER die ON ddl_command_end EXECUTE FUNCTION fin.die();
        """);
    try {
      assertThatThrownBy(FinisherIT::finish).isInstanceOf(SQLException.class);
    } finally {
      execute("DROP EVENT TRIGGER die");
    }
    assertThat(rows("SELECT to_regclass('fin.item_day')")).containsExactly("~");
    assertThat(problems()).isEmpty();
    assertThat(rows(ALL)).isEqualTo(before);
  }

  @Test
  void one_worker_does_it_while_the_others_look_on() throws Exception {
    try (Connection first = TargetServer.connect();
        Statement statement = first.createStatement()) {
      statement.execute("SELECT pg_advisory_lock(hashtextextended('drover finish uid-1/load', 0))");
      assertThat(finish()).isInstanceOf(Finished.Elsewhere.class);
    }
    assertThat(problems()).isEmpty();
  }

  @Test
  void statistics_are_of_what_was_loaded() throws Exception {
    execute("INSERT INTO fin.item (id) SELECT generate_series(1, 500)");
    finish();
    assertThat(rows("SELECT reltuples FROM pg_class WHERE oid = 'fin.item'::regclass"))
        .containsExactly("500");
  }

  @Test
  void sequences_go_on_behind_what_was_loaded() throws Exception {
    execute(
        """
        CREATE SEQUENCE fin.shared;
        CREATE TABLE fin.counted (
          always integer GENERATED ALWAYS AS IDENTITY,
          usual bigint GENERATED BY DEFAULT AS IDENTITY (START 1000),
          old serial,
          common integer DEFAULT nextval('fin.shared'),
          down integer GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1 MINVALUE -100 MAXVALUE -1),
          bounded integer GENERATED BY DEFAULT AS IDENTITY (MAXVALUE 50),
          plain integer);
        INSERT INTO fin.counted OVERRIDING SYSTEM VALUE
          SELECT i, i, i, i, -i, CASE WHEN i = 10 THEN 5000 ELSE i END, i
          FROM generate_series(1, 10) i;
        """);
    finish();
    finish();
    assertThat(
            rows(
                "INSERT INTO fin.counted DEFAULT VALUES"
                    + " RETURNING always, usual, old, common, down, bounded, plain"))
        .containsExactly("11|1000|11|11|-11|10|~");
  }

  @Test
  void a_sequence_that_is_ahead_is_not_moved_back_and_an_empty_table_moves_none() throws Exception {
    execute(
        "CREATE TABLE fin.counted (id integer GENERATED BY DEFAULT AS IDENTITY, old serial);"
            + " SELECT setval('fin.counted_id_seq', 90)");
    finish();
    execute("INSERT INTO fin.counted (id) VALUES (5)");
    finish();
    assertThat(rows("INSERT INTO fin.counted DEFAULT VALUES RETURNING id, old"))
        .containsExactly("91|2");
  }

  @Test
  void a_login_without_rights_to_a_sequence_finishes_all_the_same() throws Exception {
    execute(
        """
        CREATE TABLE fin.counted (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
        DROP ROLE IF EXISTS finisher;
        CREATE ROLE finisher LOGIN;
        GRANT USAGE ON SCHEMA fin TO finisher;
        GRANT SELECT, INSERT ON fin.counted TO finisher;
        """);
    try (Connection connection = TargetServer.connectAs("finisher")) {
      assertThat(
              Duties.of(connection, "spec.stages[1].load", "fin.counted", Indexes.Keep).findings())
          .singleElement()
          .satisfies(
              finding -> {
                assertThat(finding.reason()).isEqualTo("SequenceNotSettable");
                assertThat(finding.message()).contains("fin.counted_id_seq", "grant");
              });
      assertThat(finisher().finish(connection)).isEqualTo(new Finished.Done(List.of()));
      assertThat(Duties.of(connection, "spec.stages[1].load", "fin.item", Indexes.Defer).findings())
          .anySatisfy(
              finding -> {
                assertThat(finding.reason()).isEqualTo("MayNotDefer");
                assertThat(finding.path()).isEqualTo("spec.stages[1].load.indexes");
                assertThat(finding.message()).contains("fin.item", "indexes: Keep");
              });
    }
  }
}
