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

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.database.LoadOutcome.AlreadyDecided;
import dev.drover.worker.database.LoadOutcome.Loaded;
import dev.drover.worker.database.SystemFailure;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A batch counts once, whatever happens; and what is no record's fault decides nothing. */
class LoaderIT {
  private static final RecordSchema SCHEMA =
      schema("id", ColumnType.INTEGER, "v", ColumnType.INTEGER);
  private static final Ledger LEDGER = new Ledger("shop", "uid-1", "load");

  private Connection connection;
  private Loader loader;

  @BeforeEach
  void connect() throws Exception {
    execute(
        """
        DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;
        CREATE TABLE shop.t (id integer, v integer CHECK (v > 0))
        """);
    connection = TargetServer.connect();
    LEDGER.ensure(connection);
    loader = new Loader(connection, LoadMode.Insert, LEDGER);
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  @Test
  void several_batches_load_in_one_transaction_and_their_decisions_are_kept() throws Exception {
    List<LoadOutcome> outcomes =
        loader.load(
            table("shop.t"),
            List.of(
                batch("b2", SCHEMA, row(1, 1), row(2, -1)),
                batch("b1", SCHEMA, row(3, 3)),
                batch("b0", SCHEMA)));

    assertThat(outcomes).hasOnlyElementsOfType(Loaded.class);
    assertThat(outcomes).extracting(o -> o.counts().passed()).containsExactly(1L, 1L, 0L);
    assertThat(
            rows(
                "SELECT batch, take, revision, input_hash, records_in, failed, waiting FROM"
                    + " shop.drover_ledger ORDER BY batch"))
        .containsExactly("b0|1|7|hash-b0|0|0|0", "b1|1|7|hash-b1|1|0|0", "b2|1|7|hash-b2|2|1|0");
    assertThat(rows("SELECT id FROM shop.t ORDER BY id")).containsExactly("1", "3");
  }

  @Test
  void a_column_of_another_type_than_when_the_table_was_found_decides_nothing() throws Exception {
    TargetTable found = table("shop.t");
    List<LoadBatch> batches = List.of(batch("b1", SCHEMA, row(1, 1)));
    execute("ALTER TABLE shop.t ALTER v TYPE real");

    assertThatThrownBy(() -> loader.load(found, batches))
        .isInstanceOf(SystemFailure.class)
        .hasMessageContaining("column shop.t.v was integer and is real now");
    assertThat(rows("SELECT * FROM shop.t")).isEmpty();
    assertThat(rows("SELECT * FROM shop.drover_ledger")).isEmpty();

    assertThat(loader.load(table("shop.t"), batches)).hasOnlyElementsOfType(Loaded.class);
  }

  @Test
  void a_batch_that_comes_again_writes_nothing_and_tells_what_was_decided() throws Exception {
    LoadBatch batch = batch("b1", SCHEMA, row(1, 1), row(2, -1), row(3, 3));
    LoadOutcome first = loader.load(table("shop.t"), List.of(batch)).getFirst();
    LoadBatch otherTake =
        new LoadBatch(
            "b1",
            2,
            "8",
            "other",
            batch("b1", SCHEMA, row(9, 9)).rows(),
            LoadBatch.Patience.MayWait);

    List<LoadOutcome> again =
        loader.load(table("shop.t"), List.of(otherTake, batch("b2", SCHEMA, row(4, 4))));

    assertThat(again.getFirst())
        .isEqualTo(new AlreadyDecided(1, "7", "hash-b1", first.counts(), first.verdicts()));
    assertThat(first.verdicts()).hasSize(1);
    assertThat(again.getLast()).isInstanceOf(Loaded.class);
    assertThat(rows("SELECT id FROM shop.t ORDER BY id")).containsExactly("1", "3", "4");
  }

  @Test
  void a_batch_that_stands_twice_in_one_load_counts_once() throws Exception {
    LoadBatch batch = batch("b1", SCHEMA, row(1, 1));

    List<LoadOutcome> outcomes = loader.load(table("shop.t"), List.of(batch, batch));

    assertThat(outcomes.getFirst()).isInstanceOf(Loaded.class);
    assertThat(outcomes.getLast()).isInstanceOf(AlreadyDecided.class);
    assertThat(rows("SELECT count(*) FROM shop.t")).containsExactly("1");
  }

  @Test
  void batches_with_other_columns_load_in_the_same_transaction() throws Exception {
    RecordSchema narrow = schema("v", ColumnType.INTEGER);

    loader.load(
        table("shop.t"),
        List.of(
            batch("b1", SCHEMA, row(1, 1)),
            batch("b2", narrow, row(2), row(-2)),
            batch("b3", SCHEMA, row(3, 3))));

    assertThat(rows("SELECT id, v FROM shop.t ORDER BY v")).containsExactly("1|1", "~|2", "3|3");
  }

  @Test
  void the_same_batches_loaded_at_once_from_two_connections_count_once() throws Exception {
    List<LoadBatch> batches = new ArrayList<>();
    for (int b = 0; b < 20; b++) {
      List<Object[]> values = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        values.add(row(b * 1000 + i, i == 100 ? -1 : 1));
      }
      batches.add(batch("b" + b, SCHEMA, values));
    }
    TargetTable table = table("shop.t");
    try (Connection other = TargetServer.connect();
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Loader second = new Loader(other, LoadMode.Insert, LEDGER);
      Future<List<LoadOutcome>> one = threads.submit(() -> oneByThree(loader, table, batches));
      Future<List<LoadOutcome>> two =
          threads.submit(() -> oneByThree(second, table, batches.reversed()));
      List<LoadOutcome> mine = one.get();
      List<LoadOutcome> theirs = two.get().reversed();
      for (int b = 0; b < 20; b++) {
        assertThat(List.of(mine.get(b), theirs.get(b)))
            .as("batch %s", b)
            .hasAtLeastOneElementOfType(Loaded.class)
            .hasAtLeastOneElementOfType(AlreadyDecided.class);
        assertThat(mine.get(b).verdicts()).isEqualTo(theirs.get(b).verdicts()).hasSize(1);
      }
    }
    assertThat(rows("SELECT count(*), count(DISTINCT id) FROM shop.t"))
        .containsExactly("3980|3980");
  }

  private static List<LoadOutcome> oneByThree(
      Loader loader, TargetTable table, List<LoadBatch> batches) throws SystemFailure {
    List<LoadOutcome> outcomes = new ArrayList<>();
    for (int i = 0; i < batches.size(); i += 3) {
      outcomes.addAll(loader.load(table, batches.subList(i, Math.min(i + 3, batches.size()))));
    }
    return outcomes;
  }

  @Test
  void a_session_killed_while_writing_leaves_nothing_and_the_batch_loads_later() throws Exception {
    int pid = pid(connection);
    TargetTable table = table("shop.t");
    LoadBatch batch = batch("b1", SCHEMA, row(1, 1));
    try (Connection blocker = TargetServer.connect();
        ExecutorService threads = Executors.newFixedThreadPool(1)) {
      blocker.setAutoCommit(false);
      try (Statement statement = blocker.createStatement()) {
        statement.execute("LOCK TABLE shop.t IN ACCESS EXCLUSIVE MODE");
      }
      Future<?> load = threads.submit(() -> loader.load(table, List.of(batch)));
      await()
          .until(
              () -> rows("SELECT 1 FROM pg_locks WHERE NOT granted AND pid = " + pid).size() == 1);
      execute("SELECT pg_terminate_backend(" + pid + ")");

      assertThatThrownBy(load::get)
          .cause()
          .asInstanceOf(InstanceOfAssertFactories.type(SystemFailure.class))
          .satisfies(failure -> assertThat(failure.sqlState()).isIn("57P01", "08006"));
    }
    assertThat(rows("SELECT 1 FROM shop.t UNION ALL SELECT 1 FROM shop.drover_ledger")).isEmpty();

    try (Connection fresh = TargetServer.connect()) {
      assertThat(new Loader(fresh, LoadMode.Insert, LEDGER).load(table, List.of(batch)))
          .hasOnlyElementsOfType(Loaded.class);
    }
    assertThat(rows("SELECT id FROM shop.t")).containsExactly("1");
  }

  @Test
  void a_session_that_was_killed_before_is_a_system_failure() throws Exception {
    execute("SELECT pg_terminate_backend(" + pid(connection) + ")");

    assertSystemFailure(batch("b1", SCHEMA, row(1, 1)))
        .satisfies(failure -> assertThat(failure.sqlState()).isIn("57P01", "08006"));
  }

  @Test
  void a_session_whose_statement_was_cancelled_can_load_the_next_batch() throws Exception {
    execute(
        """
        CREATE FUNCTION shop.slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE INSERT ON shop.t
          FOR EACH ROW WHEN (NEW.id = 13) EXECUTE FUNCTION shop.slow()
        """);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET statement_timeout = '200ms'");
      connection.commit();
    }

    assertSystemFailure(batch("b1", SCHEMA, row(13, 1)))
        .satisfies(failure -> assertThat(failure.sqlState()).isEqualTo("57014"));

    assertThat(loader.load(table("shop.t"), List.of(batch("b1", SCHEMA, row(1, 1)))))
        .hasOnlyElementsOfType(Loaded.class);
  }

  @Test
  void a_read_only_server_decides_nothing() throws Exception {
    connection.setReadOnly(true);

    assertSystemFailure(batch("b1", SCHEMA, row(1, 1)))
        .satisfies(failure -> assertThat(failure.sqlState()).isEqualTo("25006"));
  }

  @Test
  void a_table_that_takes_no_rows_at_all_is_no_records_fault() throws Exception {
    TargetTable table = table("shop.t");
    execute("DROP TABLE shop.t");

    assertThatThrownBy(() -> loader.load(table, List.of(batch("b1", SCHEMA, row(1, 1), row(2, 2)))))
        .isInstanceOf(SystemFailure.class)
        .hasMessageContaining("42P01");
    assertThat(rows("SELECT 1 FROM shop.drover_ledger")).isEmpty();
  }

  @Test
  void a_column_that_is_gone_is_no_records_fault_even_if_there_is_only_one() throws Exception {
    TargetTable table = table("shop.t");
    execute("ALTER TABLE shop.t RENAME v TO w");

    assertThatThrownBy(() -> loader.load(table, List.of(batch("b1", SCHEMA, row(1, 1)))))
        .isInstanceOf(SystemFailure.class)
        .hasMessageContaining("42703");
    execute("ALTER TABLE shop.t RENAME w TO v");
    assertThat(loader.load(table, List.of(batch("b1", SCHEMA, row(1, 1)))).getFirst().counts())
        .isEqualTo(new Counts(1, 1, 0, 0, 0, 0));
  }

  @Test
  void a_trigger_that_is_broken_for_every_record_is_no_records_fault() throws Exception {
    execute(
        """
        CREATE FUNCTION shop.broken() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM missing_function(NEW.v); RETURN NEW; END $$;
        CREATE TRIGGER broken BEFORE INSERT ON shop.t
          FOR EACH ROW EXECUTE FUNCTION shop.broken()
        """);

    assertSystemFailure(batch("b1", SCHEMA, row(1, 1), row(2, 2), row(3, 3)))
        .satisfies(failure -> assertThat(failure.sqlState()).isEqualTo("42883"));
  }

  @Test
  void a_missing_ledger_is_no_records_fault() throws Exception {
    execute("DROP TABLE shop.drover_ledger");

    assertSystemFailure(batch("b1", SCHEMA, row(1, 1)))
        .satisfies(failure -> assertThat(failure.sqlState()).isEqualTo("42P01"));
  }

  @Test
  void no_system_failure_tells_a_value() throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET statement_timeout = '200ms'");
      connection.commit();
    }
    execute(
        """
        CREATE FUNCTION shop.slow(integer) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(60); RETURN true; END $$;
        ALTER TABLE shop.t ADD CHECK (shop.slow(v))
        """);

    assertSystemFailure(batch("b1", SCHEMA, row(1, 424242)))
        .satisfies(failure -> assertThat(failure.getMessage()).doesNotContain("424242"));
  }

  private org.assertj.core.api.ObjectAssert<SystemFailure> assertSystemFailure(LoadBatch batch)
      throws SQLException {
    TargetTable table = table("shop.t");
    return assertThatThrownBy(() -> loader.load(table, List.of(batch)))
        .asInstanceOf(InstanceOfAssertFactories.type(SystemFailure.class));
  }

  private static int pid(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        var result = statement.executeQuery("SELECT pg_backend_pid()")) {
      result.next();
      int pid = result.getInt(1);
      connection.commit();
      return pid;
    }
  }
}
