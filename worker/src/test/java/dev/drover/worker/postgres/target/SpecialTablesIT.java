package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.batch;
import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.row;
import static dev.drover.worker.postgres.target.TargetServer.rows;
import static dev.drover.worker.postgres.target.TargetServer.schema;
import static dev.drover.worker.postgres.target.TargetServer.table;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tables that do something of their own with a row, by each way that rows are written. */
class SpecialTablesIT {
  private static final RecordSchema SCHEMA = schema("id", ColumnType.INTEGER, "v", ColumnType.TEXT);

  /** How rows come into a table. */
  enum Way {
    Insert,
    Upsert,
    /** An upsert that meets a row, so that all go through staging. */
    Replace
  }

  @BeforeEach
  void clean() throws Exception {
    execute("DROP SCHEMA IF EXISTS special CASCADE; CREATE SCHEMA special");
  }

  /** Loads three rows; with {@link Way#Replace} the first is there already. */
  private static void load(Way way) throws Exception {
    LoadMode mode = way == Way.Insert ? LoadMode.Insert : LoadMode.Upsert;
    if (way == Way.Replace) {
      load(mode, row(1, "old"));
    }
    assertThat(load(mode, row(1, "a"), row(2, "b"), row(3, "c")))
        .isEqualTo(new Counts(3, 3, 0, 0, 0, 0));
  }

  private static Counts load(LoadMode mode, Object[]... values) throws Exception {
    try (Connection connection = TargetServer.connect()) {
      return new Loader(connection, mode, null)
          .load(table("special.t"), List.of(batch("b1", SCHEMA, values)))
          .getFirst()
          .counts();
    }
  }

  @ParameterizedTest
  @EnumSource
  void identities_take_the_records_numbers_and_generated_columns_follow(Way way) throws Exception {
    for (String identity : List.of("ALWAYS", "BY DEFAULT")) {
      execute(
          """
          DROP TABLE IF EXISTS special.t;
          CREATE TABLE special.t (id integer GENERATED %s AS IDENTITY PRIMARY KEY, v text,
            stored text GENERATED ALWAYS AS (upper(v)) STORED,
            virtual text GENERATED ALWAYS AS (v || '!') VIRTUAL)
          """
              .formatted(identity));
      load(way);
      assertThat(rows("SELECT * FROM special.t ORDER BY id"))
          .as(identity)
          .containsExactly("1|a|A|a!", "2|b|B|b!", "3|c|C|c!");
    }
  }

  @ParameterizedTest
  @EnumSource
  void triggers_see_every_row(Way way) throws Exception {
    execute(
        """
        CREATE TABLE special.t (id integer PRIMARY KEY, v text, seen text);
        CREATE TABLE special.log (id integer, v text);
        CREATE FUNCTION special.see() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN NEW.seen := ''seen '' || NEW.v; RETURN NEW; END';
        CREATE FUNCTION special.log() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO special.log VALUES (NEW.id, NEW.v); RETURN NULL; END';
        CREATE TRIGGER see BEFORE INSERT OR UPDATE ON special.t
          FOR EACH ROW EXECUTE FUNCTION special.see();
        CREATE TRIGGER log AFTER INSERT OR UPDATE ON special.t
          FOR EACH ROW EXECUTE FUNCTION special.log();
        """);
    load(way);
    assertThat(rows("SELECT * FROM special.t ORDER BY id"))
        .containsExactly("1|a|seen a", "2|b|seen b", "3|c|seen c");
    assertThat(rows("SELECT * FROM special.log WHERE v <> 'old' ORDER BY id"))
        .containsExactly("1|a", "2|b", "3|c");
  }

  @ParameterizedTest
  @EnumSource
  void rows_find_their_partitions(Way way) throws Exception {
    execute(
        """
        CREATE TABLE special.t (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
        CREATE TABLE special.low PARTITION OF special.t FOR VALUES FROM (0) TO (2);
        CREATE TABLE special.high PARTITION OF special.t FOR VALUES FROM (2) TO (9)
          PARTITION BY HASH (id);
        CREATE TABLE special.h0 PARTITION OF special.high FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE special.h1 PARTITION OF special.high FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        """);
    load(way);
    assertThat(rows("SELECT * FROM special.low")).containsExactly("1|a");
    assertThat(rows("SELECT * FROM special.high ORDER BY id")).containsExactly("2|b", "3|c");
  }

  @ParameterizedTest
  @EnumSource
  void deferred_constraints_hold_at_the_end_whatever_the_order(Way way) throws Exception {
    execute(
        """
        CREATE TABLE special.t (id integer PRIMARY KEY, v text, next integer
            GENERATED ALWAYS AS (id % 3 + 1) STORED
            REFERENCES special.t DEFERRABLE INITIALLY DEFERRED,
          UNIQUE (v) DEFERRABLE INITIALLY DEFERRED)
        """);
    if (way == Way.Replace) {
      // What is there must hold by itself.
      execute("INSERT INTO special.t VALUES (1, 'x'), (2, 'y'), (3, 'z')");
    }
    LoadMode mode = way == Way.Insert ? LoadMode.Insert : LoadMode.Upsert;
    assertThat(load(mode, row(1, "a"), row(2, "b"), row(3, "c")))
        .isEqualTo(new Counts(3, 3, 0, 0, 0, 0));
    assertThat(rows("SELECT * FROM special.t ORDER BY id"))
        .containsExactly("1|a|2", "2|b|3", "3|c|1");
  }
}
