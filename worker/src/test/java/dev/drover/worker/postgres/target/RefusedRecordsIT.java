package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.batch;
import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.finalAttempt;
import static dev.drover.worker.postgres.target.TargetServer.row;
import static dev.drover.worker.postgres.target.TargetServer.rows;
import static dev.drover.worker.postgres.target.TargetServer.schema;
import static dev.drover.worker.postgres.target.TargetServer.table;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadOutcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Each reason to refuse a record sets that record aside, and its neighbours load. */
class RefusedRecordsIT {
  private static final RecordSchema TEXTS = schema("id", ColumnType.INTEGER, "v", ColumnType.TEXT);

  private Connection connection;

  @BeforeEach
  void connect() throws SQLException {
    execute("DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop");
    connection = TargetServer.connect();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          varchar(3);                         secret; ValueTooLong;      v
          integer;                            secret; InvalidText;       v
          smallint;                           70000;  NumberOutOfRange;  v
          numeric(4,2);                       12345;  NumberOutOfRange;  v
          date;                               secret; InvalidDateTime;   v
          date;                               2024-02-31; InvalidDateTime; v
          date;                               5000-01-01 BC; InvalidDateTime; v
          timestamp;                          5874897-12-31; InvalidDateTime; v
          timestamptz;                        4714-11-23 BC; InvalidDateTime; v
          shop.mood;                          furious; InvalidText;      v
          numeric(4,2);                       1.239;  WouldChange;       v
          shop.price;                         (1.239); WouldChange;      v
          uuid;                               secret; InvalidText;       v
          jsonb;                              secret; InvalidText;       v
          integer[];                          secret; InvalidText;       v
          text NOT NULL;                      ~;      NullNotAllowed;    v
          text CHECK (v <> 'secret');         secret; CheckViolated;     t_v_check
          int4range, EXCLUDE USING gist (v WITH &&); [5,6); ExclusionViolated; t_v_excl
          text UNIQUE;                        dup;    DuplicateKey;      t_v_key
          text UNIQUE DEFERRABLE INITIALLY DEFERRED; dup; DuplicateKey;  t_v_key
          """)
  void a_bad_value_fails_alone(String type, String bad, String code, String subject)
      throws Exception {
    execute("CREATE TYPE shop.mood AS ENUM ('g1', 'g3')");
    execute("CREATE TYPE shop.price AS (amount numeric(4,2))");
    execute("CREATE TABLE shop.t (id integer, v %s)".formatted(type));
    execute(seed(type));
    String good = good(type);
    LoadBatch batch =
        batch(
            "b1",
            TEXTS,
            row(1, good.formatted(1)),
            row(2, bad.equals("~") ? null : bad),
            row(3, good.formatted(3)));

    LoadOutcome outcome = load(LoadMode.Insert, batch);

    assertThat(outcome.counts().passed()).isEqualTo(2);
    Verdict.Failed failed = onlyFailure(outcome, 1);
    assertThat(failed.failureClass()).isEqualTo(FailureClass.Record);
    assertThat(failed.cause().code()).isEqualTo(code);
    assertThat(failed.cause().subject()).isEqualTo(subject);
    assertThat(failed.cause().table()).isEqualTo("legacy.source");
    assertThat(failed.cause().step()).isEqualTo("load");
    assertThat(failed.message()).contains("shop.t").doesNotContain("secret").doesNotContain(bad);
    assertThat(rows("SELECT id FROM shop.t WHERE id > 0 ORDER BY id")).containsExactly("1", "3");
  }

  private static String seed(String type) {
    if (type.contains("UNIQUE")) {
      return "INSERT INTO shop.t VALUES (0, 'dup')";
    }
    return type.contains("EXCLUDE") ? "INSERT INTO shop.t VALUES (0, '[0,10)')" : "SELECT 1";
  }

  private static String good(String type) {
    return switch (type.split("[ (,]")[0]) {
      case "integer", "smallint", "numeric" -> "%d";
      case "date", "timestamp", "timestamptz" -> "2024-01-0%d";
      case "uuid" -> "00000000-0000-0000-0000-00000000000%d";
      case "int4range" -> "[10%1$d,10%1$d]";
      case "integer[]" -> "{%d}";
      case "jsonb" -> "{\"a\": %d}";
      case "shop.price" -> "(%d.50)";
      default -> "g%d";
    };
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void a_null_in_the_key_fails_alone_also_where_rows_are_replaced(LoadMode mode) throws Exception {
    execute("CREATE TABLE shop.t (id integer PRIMARY KEY, v text)");
    if (mode == LoadMode.Upsert) {
      execute("INSERT INTO shop.t VALUES (1, 'to be replaced')");
    }

    LoadOutcome outcome =
        load(mode, batch("b1", TEXTS, row(1, "a"), row(null, "secret"), row(3, "b")));

    assertThat(onlyFailure(outcome, 1).cause().code()).isEqualTo("NullNotAllowed");
    assertThat(failure(outcome, 0).cause().subject()).isEqualTo("id");
    assertThat(rows("SELECT * FROM shop.t ORDER BY id")).containsExactly("1|a", "3|b");
  }

  @Test
  void a_key_that_comes_twice_fails_the_second_time_where_rows_are_inserted() throws Exception {
    execute("CREATE TABLE shop.t (id integer PRIMARY KEY, v text)");

    LoadOutcome outcome =
        load(
            LoadMode.Insert,
            batch("b1", TEXTS, row(1, "a"), row(2, "first"), row(2, "second"), row(3, "b")));

    assertThat(onlyFailure(outcome, 2).cause().code()).isEqualTo("DuplicateKey");
    assertThat(rows("SELECT v FROM shop.t ORDER BY id")).containsExactly("a", "first", "b");
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void what_a_column_would_round_or_cut_fails_and_its_neighbours_load(LoadMode mode)
      throws Exception {
    execute(
        """
        CREATE TABLE shop.t (id integer PRIMARY KEY, n numeric(6,2), at timestamp(0), d date)
        """);
    RecordSchema schema =
        schema(
            "id",
            ColumnType.INTEGER,
            "n",
            ColumnType.DECIMAL,
            "at",
            ColumnType.TIMESTAMP,
            "d",
            ColumnType.TIMESTAMP);
    long second = 1_000_000;
    long day = 86_400 * second;

    LoadOutcome outcome =
        load(
            mode,
            batch(
                "b1",
                schema,
                row(1, "1.50", second, day),
                row(2, "1.505", second, day),
                row(3, "1.5000", second + 1, day),
                row(4, "1", second, day + second),
                row(5, "123456", second, day),
                row(6, null, null, null)));

    assertThat(codes(outcome))
        .containsExactly("1 WouldChange", "2 WouldChange", "3 WouldChange", "4 NumberOutOfRange");
    assertThat(failure(outcome, 0).message())
        .contains("shop.t.n (numeric(6,2))", "round or cut", "set")
        .doesNotContain("1.505");
    assertThat(failure(outcome, 0).cause().subject()).isEqualTo("n");
    assertThat(rows("SELECT id, n, at, d FROM shop.t ORDER BY id"))
        .containsExactly("1|1.50|1970-01-01 00:00:01|1970-01-02", "6|~|~|~");
  }

  @Test
  void text_that_the_database_cannot_store_fails_alone() throws Exception {
    execute("CREATE TABLE shop.t (id integer, v text)");
    LoadBatch batch =
        batch(
            "b1",
            TEXTS,
            row(1, "a"),
            row(2, "nul \0"),
            row(3, "half \ud83d"),
            row(4, "\ud83d\ude00"));

    LoadOutcome outcome = load(LoadMode.Insert, batch);

    assertThat(codes(outcome)).containsExactly("1 InvalidCharacter", "2 InvalidCharacter");
    assertThat(rows("SELECT id, v FROM shop.t ORDER BY id")).containsExactly("1|a", "4|😀");
  }

  @Test
  void a_domain_and_a_missing_partition_are_named() throws Exception {
    execute(
        """
        CREATE DOMAIN shop.positive AS integer CONSTRAINT above_zero CHECK (VALUE > 0);
        CREATE TABLE shop.t (id integer, v shop.positive) PARTITION BY RANGE (id);
        CREATE TABLE shop.t_low PARTITION OF shop.t FOR VALUES FROM (0) TO (100)
        """);

    LoadOutcome outcome =
        load(LoadMode.Insert, batch("b1", TEXTS, row(1, "1"), row(2, "-1"), row(200, "1")));

    assertThat(codes(outcome)).containsExactly("1 CheckViolated", "2 NoPartition");
    assertThat(failure(outcome, 0).cause().subject()).isEqualTo("above_zero");
    assertThat(rows("SELECT id FROM shop.t")).containsExactly("1");
  }

  @Test
  void a_record_whose_parent_is_missing_waits_and_fails_at_the_final_attempt() throws Exception {
    execute(
        """
        CREATE TABLE shop.parent (id text PRIMARY KEY);
        INSERT INTO shop.parent VALUES ('p');
        CREATE TABLE shop.t (id integer, v text REFERENCES shop.parent)
        """);
    LoadBatch batch = batch("b1", TEXTS, row(1, "p"), row(2, "secret"), row(3, null));

    LoadOutcome waiting = load(LoadMode.Insert, batch);
    LoadOutcome last = load(LoadMode.Insert, finalAttempt(batch));

    assertThat(waiting.verdicts()).hasSize(1);
    assertThat(waiting.verdicts().getFirst().index()).isEqualTo(1);
    Verdict.Waiting verdict = (Verdict.Waiting) waiting.verdicts().getFirst().verdict();
    assertThat(verdict.cause().code()).isEqualTo("ParentMissing");
    assertThat(verdict.cause().subject()).isEqualTo("t_v_fkey");
    assertThat(verdict.message()).doesNotContain("secret");
    assertThat(onlyFailure(last, 1).failureClass()).isEqualTo(FailureClass.Dependency);
    assertThat(rows("SELECT id FROM shop.t ORDER BY id")).containsExactly("1", "1", "3", "3");
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void a_deferred_foreign_key_is_checked_while_its_record_can_be_told(LoadMode mode)
      throws Exception {
    execute(
        """
        CREATE TABLE shop.parent (id text PRIMARY KEY);
        CREATE TABLE shop.t (id integer PRIMARY KEY,
          v text REFERENCES shop.parent DEFERRABLE INITIALLY DEFERRED)
        """);

    LoadOutcome outcome =
        load(mode, batch("b1", TEXTS, row(1, null), row(2, "x"), row(3, null), row(4, "x")));

    assertThat(codes(outcome)).containsExactly("1 ParentMissing", "3 ParentMissing");
    assertThat(rows("SELECT id FROM shop.t ORDER BY id")).containsExactly("1", "3");
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void records_that_point_to_each_other_load_in_any_order_around_a_bad_one(LoadMode mode)
      throws Exception {
    execute(
        """
        CREATE TABLE shop.t (id integer PRIMARY KEY, boss integer REFERENCES shop.t, v varchar(3))
        """);
    RecordSchema schema =
        schema("id", ColumnType.INTEGER, "boss", ColumnType.INTEGER, "v", ColumnType.TEXT);

    LoadOutcome outcome =
        load(
            mode,
            batch(
                "b1",
                schema,
                row(1, 5, "a"),
                row(2, 1, "b"),
                row(3, null, "too long"),
                row(4, 3, "d"),
                row(5, 6, "e"),
                row(6, 5, "f")));

    assertThat(codes(outcome)).containsExactly("2 ValueTooLong", "3 ParentMissing");
    assertThat(rows("SELECT id, boss FROM shop.t ORDER BY id"))
        .containsExactly("1|5", "2|1", "5|6", "6|5");
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void a_long_chain_of_records_is_loaded_up_to_where_it_is_torn(LoadMode mode) throws Exception {
    execute("CREATE TABLE shop.t (id integer PRIMARY KEY, boss integer REFERENCES shop.t)");
    List<Object[]> values = new ArrayList<>();
    for (int i = 1; i <= 4000; i++) {
      values.add(row(i, i == 1500 ? Integer.valueOf(99_999) : i == 4000 ? null : i + 1));
    }
    // In a circle, and hanging on it.
    values.add(row(5001, 5003));
    values.add(row(5002, 5001));
    values.add(row(5003, 5002));
    values.add(row(5004, 5003));
    Loader loader = new Loader(connection, mode, null);

    LoadOutcome outcome =
        loader
            .load(
                table("shop.t"),
                List.of(
                    batch(
                        "b1",
                        schema("id", ColumnType.INTEGER, "boss", ColumnType.INTEGER),
                        values)))
            .getFirst();

    assertThat(outcome.counts().waiting()).isEqualTo(1500);
    assertThat(rows("SELECT count(*), min(id) FROM shop.t")).containsExactly("2504|1501");
    assertThat(loader.attempts()).isLessThan(20);
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void of_many_circles_only_that_which_lacks_a_row_is_kept_out(LoadMode mode) throws Exception {
    execute(
        """
        CREATE TABLE shop.place (id integer PRIMARY KEY);
        INSERT INTO shop.place VALUES (1);
        CREATE TABLE shop.t (id integer PRIMARY KEY, boss integer REFERENCES shop.t,
          place integer REFERENCES shop.place)
        """);
    List<Object[]> values = new ArrayList<>();
    for (int i = 1; i <= 1000; i += 2) {
      values.add(row(i, i + 1, i == 501 ? 99 : 1));
      values.add(row(i + 1, i, 1));
    }
    Loader loader = new Loader(connection, mode, null);

    LoadOutcome outcome =
        loader
            .load(
                table("shop.t"),
                List.of(
                    batch(
                        "b1",
                        schema(
                            "id",
                            ColumnType.INTEGER,
                            "boss",
                            ColumnType.INTEGER,
                            "place",
                            ColumnType.INTEGER),
                        values)))
            .getFirst();

    assertThat(outcome.counts().waiting()).isEqualTo(2);
    assertThat(rows("SELECT count(*) FROM shop.t")).containsExactly("998");
    assertThat(loader.attempts()).isLessThan(40);
  }

  @Test
  void what_a_trigger_raises_fails_its_record_and_names_the_function_only() throws Exception {
    for (String timing : List.of("BEFORE", "AFTER")) {
      execute("DROP SCHEMA shop CASCADE; CREATE SCHEMA shop; CREATE TABLE shop.t (id int, v text)");
      execute(
          """
          CREATE FUNCTION shop.guard() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN
            IF NEW.v = 'secret' THEN RAISE EXCEPTION 'no %% here', NEW.v; END IF;
            RETURN NEW;
          END $$;
          CREATE TRIGGER guard %s INSERT ON shop.t FOR EACH ROW EXECUTE FUNCTION shop.guard()
          """
              .formatted(timing));

      LoadOutcome outcome =
          load(LoadMode.Insert, batch("b1", TEXTS, row(1, "a"), row(2, "secret"), row(3, "b")));

      Verdict.Failed failed = onlyFailure(outcome, 1);
      assertThat(failed.cause().code()).isEqualTo("Raised");
      assertThat(failed.cause().subject()).isEqualTo("shop.guard");
      assertThat(failed.message()).doesNotContain("secret");
      assertThat(rows("SELECT id FROM shop.t ORDER BY id")).containsExactly("1", "3");
    }
  }

  @Test
  void one_percent_of_bad_rows_costs_far_fewer_attempts_than_rows() throws Exception {
    execute("CREATE TABLE shop.t (id integer, v integer)");
    List<Object[]> values = new ArrayList<>();
    for (int i = 0; i < 8_000; i++) {
      values.add(row(i, i % 100 == 57 ? "bad" : "1"));
    }
    Loader loader = new Loader(connection, LoadMode.Insert, null);

    LoadOutcome outcome =
        loader.load(table("shop.t"), List.of(batch("b1", TEXTS, values))).getFirst();

    assertThat(outcome.counts().failed()).isEqualTo(80);
    assertThat(outcome.counts().balanced()).isTrue();
    assertThat(loader.attempts()).isLessThan(300);
    assertThat(rows("SELECT count(*) FROM shop.t")).containsExactly("7920");
  }

  @Test
  void one_percent_of_missing_parents_costs_far_fewer_attempts_than_rows() throws Exception {
    execute(
        """
        CREATE TABLE shop.parent (id text PRIMARY KEY);
        INSERT INTO shop.parent SELECT g FROM generate_series(0, 9) g;
        CREATE TABLE shop.t (id integer, v text REFERENCES shop.parent)
        """);
    List<Object[]> values = new ArrayList<>();
    for (int i = 0; i < 8_000; i++) {
      values.add(row(i, i % 100 == 57 ? "x" + i : String.valueOf(i % 10)));
    }
    Loader loader = new Loader(connection, LoadMode.Insert, null);

    LoadOutcome outcome =
        loader.load(table("shop.t"), List.of(batch("b1", TEXTS, values))).getFirst();

    assertThat(outcome.counts().waiting()).isEqualTo(80);
    assertThat(loader.attempts()).isLessThan(300);
  }

  @Test
  void a_wholly_bad_batch_fails_record_by_record_and_is_no_system_failure() throws Exception {
    execute("CREATE TABLE shop.t (id integer, v integer)");
    List<Object[]> values = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      values.add(row(i, "bad"));
    }
    Loader loader = new Loader(connection, LoadMode.Insert, null);

    LoadOutcome outcome =
        loader.load(table("shop.t"), List.of(batch("b1", TEXTS, values))).getFirst();

    assertThat(outcome.counts().failed()).isEqualTo(500);
    assertThat(loader.attempts()).isLessThan(520);
  }

  @Test
  void an_unlisted_code_is_the_records_fault_if_its_neighbours_load() throws Exception {
    execute("CREATE TABLE shop.t (id integer, v text); CREATE INDEX ON shop.t (v)");
    StringBuilder incompressible = new StringBuilder();
    new java.util.Random(1).ints(6_000, 33, 127).forEach(c -> incompressible.append((char) c));

    LoadOutcome outcome =
        load(
            LoadMode.Insert,
            batch("b1", TEXTS, row(1, "a"), row(2, incompressible.toString()), row(3, "b")));

    assertThat(codes(outcome)).containsExactly("1 Sql54000");
    assertThat(rows("SELECT id FROM shop.t ORDER BY id")).containsExactly("1", "3");
  }

  private LoadOutcome load(LoadMode mode, LoadBatch batch) throws Exception {
    return new Loader(connection, mode, null).load(table("shop.t"), List.of(batch)).getFirst();
  }

  private static Verdict.Failed onlyFailure(LoadOutcome outcome, int index) {
    assertThat(outcome.verdicts()).hasSize(1);
    assertThat(outcome.verdicts().getFirst().index()).isEqualTo(index);
    return failure(outcome, 0);
  }

  private static Verdict.Failed failure(LoadOutcome outcome, int nth) {
    return (Verdict.Failed) outcome.verdicts().get(nth).verdict();
  }

  private static List<String> codes(LoadOutcome outcome) {
    return outcome.verdicts().stream().map(RefusedRecordsIT::code).toList();
  }

  private static String code(IndexedVerdict verdict) {
    return verdict.index()
        + " "
        + switch (verdict.verdict()) {
          case Verdict.Failed failed -> failed.cause().code();
          case Verdict.Waiting waiting -> waiting.cause().code();
          case Verdict.Filtered filtered -> "filtered";
          case Verdict.Waived waived -> "waived";
        };
  }
}
