package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a table into ranges of about equal numbers of rows, whatever the distribution of its keys:
 * the bounds are quantiles of keys that are really there, in the order that the source gives them.
 * Of a small table all keys are looked at, of a big one those in some thousand pages chosen at
 * random, so the cost of cutting does not grow with the table.
 */
public final class SplitCutter {
  /** Up to so many rows, all keys are looked at. */
  private static final long EXACT_RECORDS = 100_000;

  /**
   * The keys of one page may lie side by side, so pages count, not keys: with {@code n} pages a
   * split its size spreads by about {@code 1/√n} of the mean.
   */
  private static final long PAGES_PER_SPLIT = 60;

  private static final long LEAST_PAGES = 1_000;
  private static final long MOST_PAGES = 16_000;
  private static final long SAMPLED_KEYS = 60_000;

  /** Beyond this the splits grow instead: the plan is one document, and each needs its sample. */
  static final long MOST_SPLITS = 2_000;

  private SplitCutter() {}

  /**
   * The ranges of a table: adjacent, the first open below, the last open above. One open range if
   * it has up to {@code splitRecords} rows. A table without a key is cut at pages of its file.
   *
   * @param connection in no transaction
   * @param table what {@link Catalog} found; its splits are not looked at
   */
  public static List<KeyRange> cut(Connection connection, TablePlan table, int splitRecords)
      throws SQLException {
    long records = table.estimatedRecords();
    boolean small = records <= EXACT_RECORDS;
    // An estimate of a small table may be off by half; a big one's splits are cut later if need be.
    if ((small ? 2 * records : records) <= splitRecords) {
      return List.of(KeyRange.ALL);
    }
    try (ReadOnlyTransaction transaction =
        new ReadOnlyTransaction(connection, "SET LOCAL jit = off")) {
      TableSql sql = TableSql.of(connection, table.schema(), table.key());
      long pages = TableSize.of(connection, sql, table.table()).pages();
      long splits = Math.min(MOST_SPLITS, Math.ceilDiv(records, (long) splitRecords));
      if (sql.keyless()) {
        return pageRanges(pages, Math.min(splits, pages));
      }
      long sampled = Math.clamp(splits * PAGES_PER_SPLIT, LEAST_PAGES, MOST_PAGES);
      return small || pages <= sampled
          ? ranges(connection, sql, exact(sql, splitRecords))
          : ranges(connection, sql, sample(sql, splits, (double) sampled / pages, records));
    }
  }

  private static String exact(TableSql sql, int splitRecords) {
    String splits =
        "least(%d, (total + %d) / %d)".formatted(MOST_SPLITS, splitRecords - 1, splitRecords);
    return quantiles(sql, sql.from(), splits);
  }

  private static String sample(TableSql sql, long splits, double share, long records) {
    double kept = Math.min(1, SAMPLED_KEYS / (share * records));
    String from =
        String.format(
            Locale.ROOT,
            "%s TABLESAMPLE SYSTEM (%.8f) REPEATABLE (1) WHERE random() < %.8f",
            sql.from(),
            100 * share,
            kept);
    return quantiles(sql, from, Long.toString(splits));
  }

  /** The keys at which a further part of {@code splits} is complete, the last key left out. */
  private static String quantiles(TableSql sql, String from, String splits) {
    return """
        SELECT * FROM (
          SELECT keys.*, %s AS splits FROM (
            SELECT %s, row_number() OVER (ORDER BY %s) AS n, count(*) OVER () AS total FROM %s
          ) AS keys
        ) AS parts
        WHERE n < total AND n * splits / total > (n - 1) * splits / total
        ORDER BY n
        """
        .formatted(splits, sql.keyTexts(), sql.order(""), from);
  }

  /** Equal shares of a file; a bound is the last position that a page can have. */
  private static List<KeyRange> pageRanges(long pages, long splits) {
    List<KeyRange> ranges = new ArrayList<>();
    @Nullable List<String> after = null;
    for (long split = 1; split < splits; split++) {
      List<String> bound = List.of("(" + (pages * split / splits - 1) + ",65535)");
      ranges.add(new KeyRange(after, bound));
      after = bound;
    }
    ranges.add(new KeyRange(after, null));
    return ranges;
  }

  private static List<KeyRange> ranges(Connection connection, TableSql sql, String bounds)
      throws SQLException {
    List<KeyRange> ranges = new ArrayList<>();
    @Nullable List<String> after = null;
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(bounds)) {
      while (row.next()) {
        List<String> bound = sql.keyTexts(row);
        if (!bound.equals(after)) {
          ranges.add(new KeyRange(after, bound));
          after = bound;
        }
      }
    }
    ranges.add(new KeyRange(after, null));
    return ranges;
  }
}
