package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.batch;
import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.finalAttempt;
import static dev.drover.worker.postgres.target.TargetServer.row;
import static dev.drover.worker.postgres.target.TargetServer.rows;
import static dev.drover.worker.postgres.target.TargetServer.schema;
import static dev.drover.worker.postgres.target.TargetServer.table;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.database.SystemFailure;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Refused rows are told alike whether they are isolated within the server or from outside, which
 * one of two logins has to do as it may not use PL/pgSQL.
 */
class EitherWayIT {
  private static final RecordSchema TEXTS = schema("id", ColumnType.INTEGER, "v", ColumnType.TEXT);
  private static final long SEED = 20261126;

  /** How the rows of a table were isolated. */
  private record Outcome(List<String> verdicts, List<String> rows, boolean within) {}

  @BeforeAll
  static void createLogins() throws Exception {
    execute(
        """
        CREATE ROLE either_within LOGIN;
        CREATE ROLE either_outside LOGIN;
        REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
        GRANT USAGE ON LANGUAGE plpgsql TO either_within
        """);
  }

  @AfterAll
  static void dropLogins() throws Exception {
    execute(
        """
        DROP SCHEMA IF EXISTS shop CASCADE;
        GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC;
        REVOKE USAGE ON LANGUAGE plpgsql FROM either_within;
        DROP ROLE either_within;
        DROP ROLE either_outside
        """);
  }

  private String ddl = "";

  @BeforeEach
  void begin() {
    ddl = "";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          varchar(3);                         secret; g%d;
          char(3);                            secret; g%d;
          shop.short;                         secret; g%d;
          integer;                            secret; %d;
          shop.small;                         700000; %d;
          shop.sure;                          ~;      %d;
          shop.positive;                      -1;     1%d;
          smallint;                           70000;  %d;
          numeric(4,2);                       12345;  %d;
          numeric(4,2);                       1.239;  %d;
          date;                               secret; 2024-01-0%d;
          date;                               2024-02-31; 2024-01-0%d;
          date;                               5000-01-01 BC; 2024-01-0%d;
          timestamp(0);                       5874897-12-31; 2024-01-0%d;
          timestamptz;                        4714-11-23 BC; 2024-01-0%d;
          shop.mood;                          furious; g%d;
          uuid;                               secret; 00000000-0000-0000-0000-00000000000%d;
          boolean;                            secret; 1;
          bytea;                              \\xzz;  \\x0%d;
          jsonb;                              secret; {"a": %d};
          json;                               secret; {"a": %d};
          integer[];                          secret; {%d};
          bit(3);                             10101;  101;
          interval;                           secret; %d days;
          inet;                               secret; 10.0.0.%d;
          text NOT NULL;                      ~;      g%d;
          text CHECK (v <> 'secret');         secret; g%d;
          text UNIQUE;                        dup;    ~;
          text UNIQUE DEFERRABLE INITIALLY DEFERRED; dup; ~;
          int4range, EXCLUDE USING gist (v WITH &&); [5,6); ~;
          """)
  void a_value_of_one_column(String type, String bad, String good) throws Exception {
    String seed =
        type.contains("UNIQUE")
            ? "INSERT INTO shop.t VALUES (-1, 'dup')"
            : type.contains("EXCLUDE") ? "INSERT INTO shop.t VALUES (-1, '[0,10)')" : "SELECT 1";
    ddl =
        """
        CREATE TYPE shop.mood AS ENUM ('g1', 'g3', 'g5', 'g7', 'g2', 'g4', 'g6', 'g8');
        CREATE DOMAIN shop.short AS varchar(3);
        CREATE DOMAIN shop.small AS smallint;
        CREATE DOMAIN shop.sure AS integer NOT NULL;
        CREATE DOMAIN shop.positive AS integer CONSTRAINT above_zero CHECK (VALUE > 0);
        CREATE TABLE shop.t (id integer, v %s);
        %s
        """
            .formatted(type, seed);
    // A cast to the first would cut it, no variable can be of the second.
    Set<String> outside = Set.of("bit(3)", "shop.sure");
    for (double share : List.of(0.01, 0.2, 1.0)) {
      Random random = new Random(SEED);
      List<Object[]> values = new ArrayList<>();
      for (int i = 0; i < 700; i++) {
        boolean isBad = i == 331 || random.nextDouble() < share;
        values.add(row(i, text(isBad ? bad : good.formatted(1 + i % 8))));
      }
      Outcome within = same(LoadMode.Insert, batch("b1", TEXTS, values));
      assertThat(within.verdicts).isNotEmpty();
      assertThat(within.within)
          .as("within the server")
          .isEqualTo(!outside.contains(type) && !bad.equals("1.239"));
    }
  }

  private static @Nullable String text(String value) {
    return value.equals("~") ? null : value;
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void every_kind_of_refusal_among_good_rows_in_another_order_of_columns(LoadMode mode)
      throws Exception {
    ddl =
        """
        CREATE TABLE shop.parent (id integer PRIMARY KEY);
        INSERT INTO shop.parent SELECT generate_series(0, 9);
        CREATE TABLE shop.t (note varchar(4), amount numeric(6,2) CHECK (amount >= 0),
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          parent integer NOT NULL REFERENCES shop.parent DEFERRABLE INITIALLY DEFERRED,
          other integer UNIQUE, day date, stored numeric GENERATED ALWAYS AS (100 / other) STORED);
        """
            + (mode == LoadMode.Upsert
                ? "INSERT INTO shop.t (id, note, parent, other) OVERRIDING SYSTEM VALUE SELECT g, 'old', 1, -g - 1 FROM generate_series(100, 300) g"
                : "");
    for (int share : List.of(200, 7, 1)) {
      Outcome within = same(mode, batch("b1", mixed(), mixed(share)));
      assertThat(within.within).isTrue();
      assertThat(String.join("\n", within.verdicts))
          .contains("NumberOutOfRange", "ParentMissing", "NullNotAllowed", "ValueTooLong")
          .contains("CheckViolated", "InvalidDateTime", "Sql22012", "DuplicateKey");
      same(mode, finalAttempt(batch("b2", mixed(), mixed(share))));
    }
  }

  private static RecordSchema mixed() {
    return schema(
        "id", ColumnType.BIGINT,
        "parent", ColumnType.INTEGER,
        "day", ColumnType.DATE,
        "amount", ColumnType.DECIMAL,
        "other", ColumnType.INTEGER,
        "note", ColumnType.TEXT);
  }

  private static List<Object[]> mixed(int share) {
    Random random = new Random(SEED);
    List<Object[]> values = new ArrayList<>();
    for (int i = 0; i < 1_500; i++) {
      Object[] row = row((long) i, random.nextInt(10), 19_000 + i, i + ".50", i + 1, "n" + i % 100);
      int kind = i % share == 0 ? i / share % 9 : i < 18 ? i / 2 : -1;
      switch (kind) {
        case 0 -> row[3] = "123456";
        case 1 -> row[1] = 77;
        case 2 -> row[1] = null;
        case 3 -> row[5] = "too long";
        case 4 -> row[3] = "-1";
        case 5 -> row[2] = -2_500_000;
        case 6 -> row[4] = 0;
        case 7 -> row[4] = 1_400;
        case 8 -> {
          row[5] = "too long";
          row[3] = "123456";
        }
        default -> {}
      }
      values.add(row);
    }
    return values;
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void rows_that_point_to_rows_of_their_own_table(LoadMode mode) throws Exception {
    ddl =
        """
        CREATE TABLE shop.t (id integer PRIMARY KEY, boss integer REFERENCES shop.t,
          v varchar(3));
        """
            + (mode == LoadMode.Upsert ? "INSERT INTO shop.t VALUES (7, NULL, 'old')" : "");
    RecordSchema schema =
        schema("id", ColumnType.INTEGER, "boss", ColumnType.INTEGER, "v", ColumnType.TEXT);
    Random random = new Random(SEED);
    List<Object[]> values = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      Integer boss = i % 10 == 0 ? null : i - i % 10 + random.nextInt(10);
      values.add(row(i, boss, i % 50 == 20 ? "too long" : "v"));
    }
    Outcome within = same(mode, batch("b1", schema, values));
    assertThat(within.within).isTrue();
    assertThat(String.join("\n", within.verdicts)).contains("ValueTooLong", "ParentMissing");
  }

  private static final RecordSchema NODES =
      schema("id", ColumnType.INTEGER, "boss", ColumnType.INTEGER, "v", ColumnType.TEXT);

  @Test
  void the_last_row_of_a_key_wins_though_an_earlier_one_waited_for_a_row_after_it()
      throws Exception {
    ddl =
        "CREATE TABLE shop.t (id integer PRIMARY KEY, boss integer REFERENCES shop.t, v varchar(3));";

    Outcome within =
        same(
            LoadMode.Upsert,
            batch(
                "b1",
                NODES,
                row(1, 5, "old"),
                row(1, null, "new"),
                row(5, null, "b"),
                row(9, null, "too long")));

    assertThat(within.rows).containsExactly("1|~|new", "5|~|b");
    assertThat(within.verdicts).singleElement().asString().contains("ValueTooLong");
  }

  @Test
  void the_last_row_of_a_key_wins_though_an_earlier_one_lacks_a_row_of_another_table()
      throws Exception {
    ddl =
        """
        CREATE TABLE shop.boss (id integer PRIMARY KEY);
        CREATE TABLE shop.t (id integer PRIMARY KEY, boss integer REFERENCES shop.boss,
          v varchar(3));
        """;

    Outcome within =
        same(
            LoadMode.Upsert,
            batch("b1", NODES, row(1, 5, "old"), row(1, null, "new"), row(2, 5, "b")));

    assertThat(within.rows).containsExactly("1|~|new");
    assertThat(within.verdicts).singleElement().asString().contains("ParentMissing");
  }

  @Test
  void a_circle_in_which_a_key_comes_twice_is_loaded_around_a_bad_row() throws Exception {
    ddl =
        "CREATE TABLE shop.t (id integer PRIMARY KEY, boss integer REFERENCES shop.t, v varchar(3));";

    Outcome within =
        same(
            LoadMode.Upsert,
            batch(
                "b1",
                NODES,
                row(9, null, "too long"),
                row(1, 2, "old"),
                row(2, 1, "b"),
                row(1, 2, "new")));

    assertThat(within.rows).containsExactly("1|2|new", "2|1|b");
    assertThat(within.verdicts).singleElement().asString().contains("ValueTooLong");
  }

  @Test
  void a_check_that_looks_for_rows_before_it_finds_them() throws Exception {
    ddl =
        """
        CREATE TABLE shop.t (id integer PRIMARY KEY, boss integer);
        CREATE FUNCTION shop.present(wanted integer) RETURNS boolean STABLE LANGUAGE sql
          AS 'SELECT wanted IS NULL OR EXISTS (SELECT FROM shop.t WHERE id = wanted)';
        ALTER TABLE shop.t ADD CHECK (shop.present(boss));
        """;
    RecordSchema bosses = schema("id", ColumnType.INTEGER, "boss", ColumnType.INTEGER);
    List<Object[]> chain = new ArrayList<>();
    for (int i = 1; i <= 40; i++) {
      chain.add(row(i, i == 1 ? null : i == 30 ? Integer.valueOf(999) : i - 1));
    }

    Outcome within = same(LoadMode.Insert, batch("b1", bosses, chain));

    assertThat(within.rows).hasSize(29);
    assertThat(within.verdicts).hasSize(11).allMatch(v -> v.contains("CheckViolated"));
  }

  @Test
  void a_circle_that_cannot_be_loaded_keeps_no_other_out() throws Exception {
    ddl =
        """
        CREATE TABLE shop.place (id integer PRIMARY KEY);
        INSERT INTO shop.place VALUES (1);
        CREATE TABLE shop.t (id integer PRIMARY KEY, boss integer REFERENCES shop.t,
          place integer REFERENCES shop.place);
        """;
    RecordSchema placed =
        schema("id", ColumnType.INTEGER, "boss", ColumnType.INTEGER, "place", ColumnType.INTEGER);

    Outcome within =
        same(
            LoadMode.Insert,
            batch(
                "b1",
                placed,
                row(1, 2, 1),
                row(2, 1, 1),
                row(3, 4, 1),
                row(4, 3, 99),
                row(5, 3, 1),
                row(6, 7, 1),
                row(7, 6, 1)));

    assertThat(within.rows).containsExactly("1|2|1", "2|1|1", "6|7|1", "7|6|1");
    assertThat(within.verdicts).hasSize(3).allMatch(v -> v.contains("ParentMissing"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"BEFORE", "AFTER"})
  void what_a_trigger_raises(String timing) throws Exception {
    ddl = guard(timing, "NEW.v = 'raise' THEN RAISE EXCEPTION 'no %', NEW.v; END IF;");
    Outcome within = same(LoadMode.Insert, batch("b1", TEXTS, guarded("raise")));
    assertThat(within.within).isTrue();
    assertThat(within.verdicts).hasSize(6).allMatch(v -> v.contains("shop.guard"));

    ddl = guard(timing, "NEW.v = 'lost' THEN PERFORM * FROM shop.nowhere; END IF;");
    assertThat(same(LoadMode.Insert, batch("b1", TEXTS, guarded("lost"))).verdicts)
        .hasSize(6)
        .allMatch(v -> v.contains("Sql42P01"));

    ddl = guard(timing, "NEW.v = 'other' THEN RAISE SQLSTATE 'DRV01'; END IF;");
    assertThat(same(LoadMode.Upsert, batch("b1", TEXTS, guarded("other"))).verdicts)
        .hasSize(6)
        .allMatch(v -> v.contains("SqlDRV01"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"40001", "40P01", "53100", "53300", "55P03", "57P01", "57014", "58030"})
  void what_no_row_is_to_blame_for_decides_nothing(String state) throws Exception {
    ddl =
        guard(
            "BEFORE",
            "NEW.v = 'raise' THEN RAISE EXCEPTION 'bad'; END IF; IF NEW.v = 'world' THEN RAISE SQLSTATE '%s'; END IF;"
                .formatted(state));
    List<Object[]> values = guarded("raise");
    values.set(450, row(450, "world"));
    for (String login : List.of("either_within", "either_outside")) {
      create();
      try (Connection connection = TargetServer.connectAs(login)) {
        Loader loader = new Loader(connection, LoadMode.Insert, null);
        SystemFailure failure =
            catchThrowableOfType(
                SystemFailure.class,
                () -> loader.load(table("shop.t"), List.of(batch("b1", TEXTS, values))));
        assertThat(failure.sqlState()).as(login).isEqualTo(state);
      }
      assertThat(rows("SELECT count(*) FROM shop.t")).containsExactly("0");
    }
  }

  @Test
  void a_table_that_refuses_any_row_alike_is_no_rows_fault() throws Exception {
    ddl = guard("BEFORE", "true THEN RAISE SQLSTATE 'DRV01'; END IF;");
    for (String login : List.of("either_within", "either_outside")) {
      create();
      try (Connection connection = TargetServer.connectAs(login)) {
        Loader loader = new Loader(connection, LoadMode.Insert, null);
        SystemFailure failure =
            catchThrowableOfType(
                SystemFailure.class,
                () -> loader.load(table("shop.t"), List.of(batch("b1", TEXTS, guarded("x")))));
        assertThat(failure.sqlState()).as(login).isEqualTo("DRV01");
      }
    }
  }

  private static String guard(String timing, String condition) {
    return """
        CREATE TABLE shop.t (id integer PRIMARY KEY, v text);
        CREATE FUNCTION shop.guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF %s
          RETURN NEW;
        END $$;
        CREATE TRIGGER guard %s INSERT ON shop.t FOR EACH ROW EXECUTE FUNCTION shop.guard()
        """
        .formatted(condition, timing);
  }

  private static List<Object[]> guarded(String bad) {
    List<Object[]> values = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      values.add(row(i, i % 100 == 57 ? bad : "v"));
    }
    return values;
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void partitions_and_what_no_index_holds(LoadMode mode) throws Exception {
    ddl =
        """
        CREATE TABLE shop.t (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
        CREATE TABLE shop.t_low PARTITION OF shop.t FOR VALUES FROM (0) TO (300);
        CREATE TABLE shop.t_high PARTITION OF shop.t FOR VALUES FROM (350) TO (9000);
        CREATE INDEX ON shop.t (v)
        """;
    StringBuilder incompressible = new StringBuilder();
    new Random(SEED).ints(6_000, 33, 127).forEach(c -> incompressible.append((char) c));
    List<Object[]> values = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      values.add(row(i, i == 77 || i == 78 ? incompressible.toString() : i == 90 ? "\0" : "v"));
    }
    Outcome within = same(mode, batch("b1", TEXTS, values));
    assertThat(within.within).isTrue();
    assertThat(String.join("\n", within.verdicts))
        .contains("Sql54000", "NoPartition", "InvalidCharacter");
  }

  @Test
  void tables_without_a_key_and_those_that_a_rule_rewrites() throws Exception {
    ddl = "CREATE TABLE shop.t (id integer, v varchar(3))";
    LoadBatch batch = batch("b0", TEXTS, guarded("too long"));
    assertThatExceptionOfType(SystemFailure.class)
        .as("a plan refuses it, so the key has gone since")
        .isThrownBy(() -> load("either_within", LoadMode.Upsert, batch))
        .satisfies(failure -> assertThat(failure.reason()).isEqualTo("TargetChanged"));
    assertThat(same(LoadMode.Insert, batch("b1", TEXTS, guarded("too long"))).within).isTrue();

    ddl =
        """
        CREATE TABLE shop.t (id integer, v varchar(3));
        CREATE RULE aside AS ON INSERT TO shop.t DO INSTEAD NOTHING
        """;
    Outcome ruled = same(LoadMode.Insert, batch("b1", TEXTS, guarded("too long")));
    assertThat(ruled.within).isFalse();
    assertThat(ruled.rows).hasSize(594);
  }

  @Test
  void loads_that_follow_each_other_in_one_session() throws Exception {
    ddl = "CREATE TABLE shop.t (id integer PRIMARY KEY, v varchar(3))";
    create();
    try (Connection connection = TargetServer.connectAs("either_within")) {
      Loader loader = new Loader(connection, LoadMode.Insert, null);
      List<Integer> attempts = new ArrayList<>();
      for (int load = 0; load < 8; load++) {
        List<Object[]> values = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
          values.add(row(load * 300 + i, load < 5 && i % 100 == 57 ? "too long" : "v"));
        }
        LoadOutcome outcome =
            loader.load(table("shop.t"), List.of(batch("b" + load, TEXTS, values))).getFirst();
        assertThat(outcome.counts().failed()).isEqualTo(load < 5 ? 3 : 0);
        attempts.add(loader.attempts());
      }
      assertThat(attempts)
          .as("whole, staged and called; without the first; whole again")
          .containsExactly(3, 3, 3, 2, 2, 2, 2, 1);
    }
    assertThat(rows("SELECT count(*) FROM shop.t")).containsExactly("2385");
  }

  /** Loads a batch either way, and answers with what came of it within the server. */
  private Outcome same(LoadMode mode, LoadBatch batch) throws Exception {
    Outcome outside = load("either_outside", mode, batch);
    Outcome within = load("either_within", mode, batch);
    assertThat(outside.within).isFalse();
    assertThat(within.verdicts).isEqualTo(outside.verdicts);
    assertThat(within.rows).isEqualTo(outside.rows);
    return within;
  }

  private Outcome load(String login, LoadMode mode, LoadBatch batch) throws Exception {
    create();
    try (Connection connection = TargetServer.connectAs(login)) {
      LoadOutcome outcome =
          new Loader(connection, mode, null).load(table("shop.t"), List.of(batch)).getFirst();
      assertThat(outcome.counts().balanced()).isTrue();
      return new Outcome(
          outcome.verdicts().stream().map(Object::toString).toList(),
          rows("SELECT * FROM shop.t ORDER BY id, ctid"),
          hasRoutine(connection));
    }
  }

  private void create() throws Exception {
    execute(
        "DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop; "
            + ddl
            + """
              ;
              GRANT USAGE ON SCHEMA shop TO either_within, either_outside;
              GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA shop
                TO either_within, either_outside
              """);
  }

  private static boolean hasRoutine(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT count(*) FROM pg_proc WHERE pronamespace = pg_my_temp_schema()")) {
      row.next();
      return row.getInt(1) > 0;
    }
  }
}
