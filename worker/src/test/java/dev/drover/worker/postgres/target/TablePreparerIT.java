package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.NewTable.NewColumn;
import dev.drover.wire.plan.NewTable.NewEnum;
import dev.drover.wire.plan.StageSpec.Indexes;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A target's tables are made ready once, whoever tries and whatever dies. */
class TablePreparerIT {
  private static final String INDEXES =
      "SELECT indexname FROM pg_indexes WHERE schemaname = 'ready' ORDER BY 1";
  private static final String FOREIGN_KEYS =
      "SELECT conname FROM pg_constraint WHERE contype = 'f'"
          + " AND connamespace = 'ready'::regnamespace";
  private static final NewTable TABLE =
      new NewTable(
          "load",
          "ready.item",
          List.of(
              new NewColumn("id", "integer", false, null, null),
              new NewColumn("state", "ready.state", true, null, null)),
          List.of("id"),
          true,
          List.of(new NewEnum("ready", "state", List.of("on", "off"))));

  @BeforeEach
  void clean() throws Exception {
    execute("DROP SCHEMA IF EXISTS ready CASCADE");
  }

  private static TablePreparer preparer(Indexes indexes) {
    return new TablePreparer(new Preparation("ready", "uid-1", "load"), List.of(TABLE), indexes);
  }

  private static void prepare(Indexes indexes) throws SQLException {
    try (Connection connection = TargetServer.connect()) {
      preparer(indexes).begin(connection);
      preparer(indexes).prepare(connection, "ready.item");
    }
  }

  private static void indexed() throws SQLException {
    execute(
        """
        CREATE SCHEMA ready;
        CREATE TABLE ready.parent (id integer PRIMARY KEY);
        CREATE TABLE ready.item (id integer PRIMARY KEY, code text UNIQUE, day date,
          parent integer CONSTRAINT item_parent REFERENCES ready.parent);
        CREATE INDEX item_day ON ready.item (day);
        """);
  }

  @Test
  void any_number_of_workers_may_do_it_at_once() throws Exception {
    for (int round = 0; round < 5; round++) {
      clean();
      CyclicBarrier start = new CyclicBarrier(6);
      try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
        List<Future<?>> workers = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
          workers.add(
              threads.submit(
                  () -> {
                    start.await();
                    prepare(Indexes.Defer);
                    return null;
                  }));
        }
        for (Future<?> worker : workers) {
          worker.get();
        }
      }
      assertThat(rows("SELECT count(*) FROM ready.item")).containsExactly("0");
      assertThat(rows("SELECT kind, target FROM ready.drover_preparation"))
          .containsExactly("Table|ready.item");
    }
  }

  @Test
  void a_table_that_was_made_and_is_gone_is_not_made_again() throws Exception {
    prepare(Indexes.Keep);
    execute("DROP TABLE ready.item");
    prepare(Indexes.Keep);
    assertThat(rows("SELECT to_regclass('ready.item')")).containsExactly("~");
  }

  @Test
  void what_tells_rows_apart_stays_and_the_rest_is_dropped_and_noted() throws Exception {
    indexed();
    prepare(Indexes.Defer);
    assertThat(rows(INDEXES))
        .containsExactly("drover_preparation_pkey", "item_code_key", "item_pkey", "parent_pkey");
    assertThat(rows(FOREIGN_KEYS)).isEmpty();
    assertThat(
            rows("SELECT kind, name, done_at IS NULL FROM ready.drover_preparation ORDER BY kind"))
        .containsExactly("ForeignKey|item_parent|t", "Index|ready.item_day|t", "Table||f");
  }

  @Test
  void an_index_that_is_made_meanwhile_is_not_dropped_by_the_next_worker() throws Exception {
    indexed();
    prepare(Indexes.Defer);
    execute("CREATE INDEX made_meanwhile ON ready.item (day)");
    prepare(Indexes.Defer);
    assertThat(rows(INDEXES)).contains("made_meanwhile");
  }

  @Test
  void who_cannot_drop_all_drops_nothing_and_owes_nothing() throws Exception {
    indexed();
    try (Connection reader = TargetServer.connect();
        Statement statement = reader.createStatement();
        Connection connection = TargetServer.connect()) {
      preparer(Indexes.Defer).begin(connection);
      reader.setAutoCommit(false);
      statement.execute("SELECT FROM ready.parent");
      assertThatThrownBy(() -> preparer(Indexes.Defer).prepare(connection, "ready.item"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55P03"))
          .hasMessageContaining(" on ready.parent, idle in transaction");
    }
    assertThat(rows(INDEXES)).contains("item_day");
    assertThat(rows(FOREIGN_KEYS)).containsExactly("item_parent");
    assertThat(rows("SELECT FROM ready.drover_preparation")).isEmpty();
  }
}
