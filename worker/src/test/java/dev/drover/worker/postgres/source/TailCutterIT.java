package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.database.SourceView;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TailCutterIT {
  private SourceServer database;

  @BeforeEach
  void open() throws Exception {
    database = new SourceServer();
  }

  @AfterEach
  void close() throws Exception {
    database.close();
  }

  /** Cuts a whole table of which so many rows were read. */
  private List<KeyRange> cut(TablePlan table, int read, int records) throws Exception {
    List<String> end =
        RangeReader.maxKey(database.connection, SourceView.NOW, table.schema(), table.key());
    KeyRange whole = new KeyRange(null, end);
    List<String> readUpTo = database.keys(table, whole).get(read - 1);
    List<KeyRange> pieces =
        TailCutter.cut(database.connection, SourceView.NOW, table, whole, readUpTo, read, records);
    @Nullable List<String> upTo = end;
    for (KeyRange piece : pieces.reversed()) {
      assertThat(piece.upTo()).as("pieces meet, up to the end").isEqualTo(upTo);
      upTo = piece.after();
    }
    return pieces;
  }

  /** What is read of the range that is left, then of each piece. */
  private List<Integer> sizes(TablePlan table, List<KeyRange> pieces) throws Exception {
    List<Integer> sizes = new ArrayList<>();
    sizes.add(database.keys(table, new KeyRange(null, pieces.getFirst().after())).size());
    for (KeyRange piece : pieces) {
      sizes.add(database.keys(table, piece).size());
    }
    return sizes;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "int | i - 5000",
        "uuid | md5(i::text)::uuid",
        "text | concat(CASE i % 3 WHEN 0 THEN 'O''Neil, ' WHEN 1 THEN '\"ä\" ' ELSE '' END, i)",
        "varchar(20) COLLATE \"unicode\" | concat(CASE WHEN i % 2 = 0 THEN 'A' ELSE 'a' END, i)",
        "numeric(20,3) | i / 7.0",
        "timestamptz | timestamptz '2000-01-01' + i * interval '1 microsecond'",
      })
  void whole_pieces_are_cut_off_the_end_of_any_type_of_key(String type, String expression)
      throws Exception {
    database.execute(
        "CREATE TABLE t (k %s PRIMARY KEY, i int); INSERT INTO t SELECT %s, i FROM generate_series(1, 5000) i"
            .formatted(type, expression));
    TablePlan table = database.table("public.t");

    assertThat(sizes(table, cut(table, 2000, 1000))).containsExactly(3000, 1000, 1000);
  }

  @Test
  void the_rest_keeps_a_row_and_one_cut_takes_so_many_pieces_and_no_more() throws Exception {
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 5000)");
    TablePlan table = database.table("public.t");

    assertThat(cut(table, 4900, 100)).as("a hundred are left").isEmpty();
    assertThat(sizes(table, cut(table, 4899, 100))).containsExactly(4900, 100);
    assertThat(cut(table, 5000, 100)).isEmpty();
    assertThat(cut(table, 200, 100)).hasSize(TailCutter.MOST_PIECES);
  }

  @Test
  void a_composite_key_is_cut_within_its_first_column() throws Exception {
    database.execute(
        """
        CREATE TABLE pairs (a text, b int, PRIMARY KEY (a, b));
        INSERT INTO pairs SELECT CASE WHEN i < 4990 THEN 'it''s, "one"' ELSE 'x' || i END, -i
        FROM generate_series(1, 5000) i
        """);
    TablePlan table = database.table("public.pairs");

    assertThat(sizes(table, cut(table, 2000, 1000))).containsExactly(3000, 1000, 1000);
  }

  @Test
  void partitions_are_walked_together() throws Exception {
    database.execute(
        """
        CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY HASH (id);
        CREATE TABLE parted1 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 0);
        CREATE TABLE parted2 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 1);
        INSERT INTO parted SELECT generate_series(1, 5000)
        """);
    TablePlan table = database.table("public.parted");

    assertThat(sizes(table, cut(table, 2000, 1000))).containsExactly(3000, 1000, 1000);
  }

  @Test
  void a_table_without_a_key_is_cut_at_pages_as_full_as_those_that_were_read() throws Exception {
    database.execute(
        """
        CREATE TABLE heap (i int, pad text);
        INSERT INTO heap SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i
        """);
    TablePlan table = database.table("public.heap");

    List<KeyRange> pieces = cut(table, 2000, 1000);

    List<Integer> sizes = sizes(table, pieces);
    assertThat(sizes).hasSizeBetween(3, 4);
    assertThat(sizes.stream().mapToInt(n -> n).sum()).isEqualTo(5000);
    assertThat(sizes.getFirst()).isGreaterThan(2000);
    assertThat(sizes.subList(1, sizes.size())).allSatisfy(n -> assertThat(n).isBetween(900, 1100));
    assertThat(cut(table, 4990, 1000)).as("on its last page").isEmpty();
  }

  @Test
  void a_source_that_is_slow_at_it_is_let_be() throws Exception {
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 5000);"
            + "SET statement_timeout = '100ms'");
    TablePlan table = database.table("public.t");
    KeyRange whole = new KeyRange(null, List.of("5000"));
    try (var other = database.another();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");

      assertThat(
              TailCutter.cut(
                  database.connection, SourceView.NOW, table, whole, List.of("2000"), 2000, 1000))
          .isEmpty();
      other.rollback();
    }
    assertThat(
            TailCutter.cut(
                database.connection, SourceView.NOW, table, whole, List.of("2000"), 2000, 1000))
        .hasSize(2);
  }
}
