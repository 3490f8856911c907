package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.worker.database.SourcePlan;
import dev.drover.worker.postgres.session.PostgresServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CatalogIT {
  private SourceServer database;

  @BeforeEach
  void open() throws Exception {
    database = new SourceServer();
  }

  @AfterEach
  void close() throws Exception {
    database.close();
  }

  @Test
  void a_pattern_means_tables_and_partitioned_parents_and_nothing_else() throws Exception {
    database.execute(
        """
        CREATE TABLE orders (id int PRIMARY KEY);
        CREATE TABLE order_lines (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE order_lines_1 PARTITION OF order_lines FOR VALUES FROM (0) TO (10);
        CREATE VIEW order_view AS SELECT * FROM orders;
        CREATE MATERIALIZED VIEW order_sums AS SELECT * FROM orders;
        CREATE SEQUENCE order_ids;
        CREATE SCHEMA other;
        CREATE TABLE other.orders (id int PRIMARY KEY)
        """);
    SourcePlan plan = database.plan("public.orders", "public.order*");
    assertThat(plan.findings()).isEmpty();
    assertThat(plan.tables())
        .extracting(TablePlan::table)
        .containsExactly("public.order_lines", "public.orders");
    assertThat(database.plan("*").tables()).hasSize(3);
  }

  @Test
  void columns_have_their_types_and_native_names_with_schema() throws Exception {
    database.execute(
        """
        CREATE TYPE mood AS ENUM ('happy');
        CREATE TABLE "Odd Table" ("Weird ""col""\" mood NOT NULL PRIMARY KEY, price numeric(10,2))
        """);
    TablePlan table = database.plan("public.Odd Table").tables().getFirst();
    assertThat(table.stage()).isEqualTo("read");
    assertThat(table.schema().columns())
        .containsExactly(
            new Column("Weird \"col\"", ColumnType.ENUM, false, "public.mood"),
            new Column("price", ColumnType.DECIMAL, true, "numeric(10,2)"));
    assertThat(table.key()).containsExactly("Weird \"col\"");
  }

  @Test
  void without_a_primary_key_the_narrowest_unique_index_without_nulls_is_the_key()
      throws Exception {
    database.execute(
        """
        CREATE TABLE t (a int NOT NULL, b text NOT NULL, c int, d text NOT NULL);
        CREATE UNIQUE INDEX ON t (c);
        CREATE UNIQUE INDEX ON t (a) WHERE a > 0;
        CREATE UNIQUE INDEX ON t (lower(b));
        CREATE UNIQUE INDEX ON t (d COLLATE "POSIX");
        CREATE UNIQUE INDEX ON t (b text_pattern_ops);
        CREATE UNIQUE INDEX ON t (a DESC, b);
        CREATE UNIQUE INDEX ON t (b, a) INCLUDE (c)
        """);
    assertThat(database.table("public.t").key()).containsExactly("b", "a");
  }

  @Test
  void a_primary_key_wins_and_keeps_its_own_order_of_columns() throws Exception {
    database.execute(
        "CREATE TABLE t (a int, b int, c int NOT NULL UNIQUE, gone int, PRIMARY KEY (b, a));"
            + "ALTER TABLE t DROP COLUMN gone");
    assertThat(database.table("public.t").key()).containsExactly("b", "a");
  }

  @Test
  void a_table_without_a_key_says_so() throws Exception {
    database.execute(
        "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 5000); ANALYZE t");
    SourcePlan plan = database.plan("public.t");
    assertThat(plan.findings())
        .extracting(Finding::severity, Finding::reason, Finding::path)
        .containsExactly(
            tuple(Finding.Severity.Warning, "NoKey", "spec.stages[0].extract.tables[0]"));
    assertThat(plan.tables().getFirst().key()).isEmpty();
  }

  @Test
  void a_partitioned_table_without_a_key_is_refused_but_its_partitions_are_not() throws Exception {
    database.execute(
        """
        CREATE TABLE t (a int) PARTITION BY RANGE (a);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10)
        """);
    assertThat(database.plan("public.t").findings())
        .extracting(Finding::severity, Finding::reason)
        .containsExactly(tuple(Finding.Severity.Error, "NoKey"));
    assertThat(database.plan("public.t1").hasErrors()).isFalse();
    assertThat(database.plan("public.t1", "public.t").findings())
        .extracting(Finding::reason)
        .contains("ReadTwice");
  }

  @Test
  void an_unknown_name_is_refused_with_names_that_are_near() throws Exception {
    database.execute("CREATE TABLE orders (id int PRIMARY KEY)");
    SourcePlan plan = database.plan("public.orders", "public.ordes", "nothing.here*");
    assertThat(plan.findings())
        .extracting(Finding::reason, Finding::path)
        .containsExactly(
            tuple("TableNotFound", "spec.stages[0].extract.tables[1]"),
            tuple("PatternMatchesNothing", "spec.stages[0].extract.tables[2]"));
    assertThat(plan.findings().getFirst().message()).contains("did you mean public.orders?");
  }

  @Test
  void a_view_is_refused_by_what_it_is() throws Exception {
    database.execute("CREATE VIEW v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW m AS SELECT 1 AS a");
    assertThat(database.plan("public.v", "public.m", "public.*").findings())
        .extracting(Finding::reason, Finding::message)
        .satisfiesExactly(
            f -> assertThat(f.toList().toString()).contains("NotATable", "public.v is a view"),
            f -> assertThat(f.toList().toString()).contains("NotATable", "a materialized view"),
            f -> assertThat(f.toList().toString()).contains("PatternMatchesNothing"));
  }

  @Test
  void a_table_that_the_role_may_not_read_comes_with_the_grant_it_needs() throws Exception {
    database.execute(
        """
        CREATE SCHEMA closed;
        CREATE TABLE closed.t (id int PRIMARY KEY);
        CREATE TABLE secret (id int PRIMARY KEY);
        CREATE TABLE policed (id int PRIMARY KEY);
        ALTER TABLE policed ENABLE ROW LEVEL SECURITY;
        CREATE ROLE reader_of_catalog LOGIN;
        GRANT SELECT ON closed.t, policed TO reader_of_catalog
        """);
    String url = PostgresServer.url(database.connection.getCatalog());
    try (Connection reader = PostgresServer.endpoint(url, "reader_of_catalog", "x").open("test")) {
      SourcePlan plan =
          SourcePlanner.plan(
              reader, 2, SourceServer.stage(10, "public.secret", "closed.*", "public.policed"));
      assertThat(plan.findings())
          .extracting(Finding::reason, Finding::path)
          .containsExactly(
              tuple("NoSelectPrivilege", "spec.stages[2].extract.tables[0]"),
              tuple("NoSelectPrivilege", "spec.stages[2].extract.tables[1]"),
              tuple("RowSecurity", "spec.stages[2].extract.tables[2]"));
      assertThat(plan.findings().getFirst().message())
          .contains("GRANT SELECT ON \"public\".\"secret\" TO \"reader_of_catalog\"");
      assertThat(reader.getAutoCommit()).isTrue();
      assertThat(reader.isReadOnly()).isFalse();
    }
  }

  @Test
  void children_come_after_their_parents_unless_they_lie_on_a_cycle() throws Exception {
    database.execute(
        """
        CREATE TABLE customer (id int PRIMARY KEY, best_order int);
        CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customer,
          previous int REFERENCES orders);
        ALTER TABLE customer ADD FOREIGN KEY (best_order) REFERENCES orders;
        CREATE TABLE product (id int PRIMARY KEY);
        CREATE TABLE line (id int PRIMARY KEY, o int REFERENCES orders, p int REFERENCES product)
        """);
    SourcePlan plan = database.plan("public.*");
    assertThat(plan.tables())
        .extracting(TablePlan::table, TablePlan::after)
        .containsExactly(
            tuple("public.customer", List.of()),
            tuple("public.line", List.of("public.orders", "public.product")),
            tuple("public.orders", List.of()),
            tuple("public.product", List.of()));
    assertThat(database.plan("public.line").tables().getFirst().after()).isEmpty();
  }

  @Test
  void rows_are_estimated_whether_or_not_the_table_was_ever_analysed() throws Exception {
    database.execute(
        """
        CREATE TABLE fresh (id int PRIMARY KEY, note text);
        INSERT INTO fresh SELECT i, 'note ' || i FROM generate_series(1, 50000) i;
        CREATE TABLE known (LIKE fresh INCLUDING ALL);
        INSERT INTO known SELECT * FROM fresh;
        ANALYZE known;
        CREATE TABLE empty (id int PRIMARY KEY);
        CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY HASH (id);
        CREATE TABLE parts0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE parts1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        INSERT INTO parts SELECT generate_series(1, 20000);
        ANALYZE parts
        """);
    assertThat(database.table("public.fresh").estimatedRecords()).isBetween(20_000L, 100_000L);
    assertThat(database.table("public.known").estimatedRecords()).isEqualTo(50_000);
    assertThat(database.table("public.empty").estimatedRecords()).isZero();
    assertThat(database.table("public.parts").estimatedRecords()).isBetween(19_000L, 21_000L);
  }

  @Test
  void rows_of_inheriting_tables_are_theirs() throws Exception {
    database.execute(
        """
        CREATE TABLE base (id int PRIMARY KEY);
        CREATE TABLE derived (PRIMARY KEY (id)) INHERITS (base);
        INSERT INTO base VALUES (1);
        INSERT INTO derived VALUES (1)
        """);
    SourcePlan plan = database.plan("public.base");
    assertThat(plan.findings()).extracting(Finding::reason).containsExactly("ChildTables");
    assertThat(database.rows(plan.tables().getFirst(), KeyRange.ALL)).hasSize(1);
  }

  @Test
  void a_real_schema_is_planned() throws Exception {
    Path script =
        Path.of(System.getProperty("drover.root"), "../shared/data/chinook/Chinook_PostgreSql.sql");
    if (!Files.exists(script)) {
      abort("SKIPPED: no Chinook at " + script.normalize());
    }
    StringBuilder sql = new StringBuilder();
    for (String line : Files.readAllLines(script)) {
      boolean database = line.matches("(?i)\\s*(DROP|CREATE) DATABASE .*|\\s*\\\\.*");
      sql.append(database ? "" : line).append('\n');
    }
    database.execute(sql.toString());
    SourcePlan plan = database.plan("public.*");
    assertThat(plan.findings()).isEmpty();
    assertThat(plan.tables()).hasSize(11);
    TablePlan line =
        plan.tables().stream()
            .filter(t -> t.table().equals("public.invoice_line"))
            .findFirst()
            .orElseThrow();
    assertThat(line.after()).containsExactly("public.invoice", "public.track");
    long rows = 0;
    for (TablePlan table : plan.tables()) {
      for (var split : table.splits()) {
        rows += database.rows(table, split).size();
      }
    }
    assertThat(rows).isEqualTo(15_607);
  }
}
