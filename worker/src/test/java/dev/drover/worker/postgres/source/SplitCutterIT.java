package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SplitCutterIT {
  private static SourceServer database;

  @BeforeAll
  static void open() throws Exception {
    database = new SourceServer();
  }

  @AfterAll
  static void close() throws Exception {
    database.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "int | i - 5000",
        "uuid | md5(i::text)::uuid",
        "text | concat(CASE i % 3 WHEN 0 THEN 'O''Neil, ' WHEN 1 THEN '\"ä\" ' ELSE '' END, i)",
        "character(12) | i",
        "varchar(20) COLLATE \"unicode\" | concat(CASE WHEN i % 2 = 0 THEN 'A' ELSE 'a' END, i)",
        "timestamptz | timestamptz '2000-01-01' + i * interval '1 microsecond'",
        "date | date '0100-01-01 BC' + i",
        "numeric(20,3) | i / 7.0",
        "double precision | sqrt(i)",
        "interval | i * interval '1 hour'",
        "inet | '10.0.0.0'::inet + i",
        "bytea | int4send(i)",
      })
  void splits_of_any_type_of_key_meet_and_hold_every_row_once(String type, String expression)
      throws Exception {
    database.execute(
        "DROP TABLE IF EXISTS t; CREATE TABLE t (k "
            + type
            + " PRIMARY KEY, i int);"
            + "INSERT INTO t SELECT "
            + expression
            + ", i FROM generate_series(1, 10000) i;"
            + "ANALYZE t");
    TablePlan table = database.table("public.t");
    List<Integer> sizes = sizes(table, SplitCutter.cut(database.connection, table, 1000));
    assertThat(sizes).hasSize(10).containsOnly(1000);
  }

  @Test
  void composite_keys_are_cut_within_their_first_column() throws Exception {
    database.execute(
        """
        CREATE TABLE pairs (a text, b int, PRIMARY KEY (a, b));
        INSERT INTO pairs SELECT CASE WHEN i < 9000 THEN 'it''s, "one"' ELSE 'x' || i END, -i
        FROM generate_series(1, 10000) i;
        ANALYZE pairs
        """);
    TablePlan table = database.table("public.pairs");
    List<KeyRange> splits = SplitCutter.cut(database.connection, table, 2500);
    assertThat(splits.getFirst().upTo()).startsWith("it's, \"one\"");
    assertThat(sizes(table, splits)).containsExactly(2500, 2500, 2500, 2500);
  }

  @Test
  void a_table_without_a_key_is_cut_at_its_pages() throws Exception {
    database.execute(
        """
        CREATE TABLE heap (i int, pad text);
        INSERT INTO heap SELECT i, repeat('x', 100) FROM generate_series(1, 50000) i;
        DELETE FROM heap WHERE i BETWEEN 20000 AND 20500;
        ANALYZE heap
        """);
    TablePlan table = database.table("public.heap");
    List<Integer> sizes = sizes(table, SplitCutter.cut(database.connection, table, 5000));
    assertThat(sizes).hasSize(10);
    assertThat(sizes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(49_499);
    assertThat(sizes).allSatisfy(size -> assertThat(size).isBetween(4_000, 5_500));
  }

  @Test
  void a_table_of_up_to_one_splits_rows_is_one_open_split() throws Exception {
    database.execute(
        """
        CREATE TABLE few (id int PRIMARY KEY);
        INSERT INTO few SELECT generate_series(1, 1000);
        ANALYZE few;
        CREATE TABLE none (id int PRIMARY KEY)
        """);
    TablePlan few = database.table("public.few");
    assertThat(SplitCutter.cut(database.connection, few, 1000)).containsExactly(KeyRange.ALL);
    assertThat(SplitCutter.cut(database.connection, few, 999)).hasSize(2);
    TablePlan none = database.table("public.none");
    assertThat(SplitCutter.cut(database.connection, none, 1)).containsExactly(KeyRange.ALL);
  }

  /** Nine of ten keys lie in a ten-thousandth of their span, and neighbours lie on one page. */
  @Test
  void a_heavily_skewed_key_is_cut_evenly_from_a_sample() throws Exception {
    database.execute(
        """
        CREATE TABLE skewed (id bigint PRIMARY KEY, pad text);
        INSERT INTO skewed
        SELECT CASE WHEN i % 10 > 0 THEN i ELSE 1000000 + i * 10000::bigint END, repeat('x', 100)
        FROM generate_series(1, 400000) i;
        ANALYZE skewed
        """);
    assertEven("public.skewed");
    database.execute(
        """
        CREATE TABLE sorted (LIKE skewed INCLUDING ALL);
        INSERT INTO sorted SELECT * FROM skewed ORDER BY id;
        ANALYZE sorted
        """);
    assertEven("public.sorted");
  }

  @Test
  void partitions_are_sampled_together() throws Exception {
    database.execute(
        """
        CREATE TABLE parted (id int PRIMARY KEY, pad text) PARTITION BY RANGE (id);
        CREATE TABLE parted1 PARTITION OF parted FOR VALUES FROM (0) TO (50000);
        CREATE TABLE parted2 PARTITION OF parted FOR VALUES FROM (50000) TO (1000000);
        INSERT INTO parted SELECT i, repeat('x', 200) FROM generate_series(1, 200000) i;
        ANALYZE parted
        """);
    assertEven("public.parted");
  }

  private static void assertEven(String name) throws Exception {
    TablePlan table = database.table(name);
    long pages =
        TableSize.of(
                database.connection,
                TableSql.of(database.connection, table.schema(), table.key()),
                name)
            .pages();
    assertThat(pages).as("pages, else nothing is sampled").isGreaterThan(1200);
    int splitRecords = (int) (table.estimatedRecords() / 20);
    long before = pagesRead();
    List<KeyRange> splits = SplitCutter.cut(database.connection, table, splitRecords);
    assertThat(splits).hasSizeBetween(20, 21);
    assertThat(pagesRead() - before).as("pages read of " + pages).isBetween(600L, 2000L);
    List<Integer> sizes = sizes(table, splits);
    double mean = sizes.stream().mapToInt(i -> i).average().orElseThrow();
    assertThat(sizes).allSatisfy(size -> assertThat((double) size).isBetween(mean / 2, mean * 2));
    assertThat(sizes.stream().mapToLong(i -> i).sum())
        .isEqualTo(database.count("SELECT count(*) FROM " + name));
  }

  private static long pagesRead() throws Exception {
    database.execute("SELECT pg_stat_force_next_flush()");
    return database.count(
        "SELECT sum(heap_blks_read + heap_blks_hit)::int8 FROM pg_statio_user_tables");
  }

  private static List<Integer> sizes(TablePlan table, List<KeyRange> splits) throws Exception {
    assertThat(splits.getFirst().after()).isNull();
    assertThat(splits.getLast().upTo()).isNull();
    List<Integer> sizes = new ArrayList<>();
    for (int i = 0; i < splits.size(); i++) {
      if (i > 0) {
        assertThat(splits.get(i).after()).isEqualTo(splits.get(i - 1).upTo());
      }
      sizes.add(database.keys(table, splits.get(i)).size());
    }
    return sizes;
  }
}
