package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.postgres.session.ServerWords;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts pieces of about equal numbers of rows off the end of a range that is being read and has more
 * rows than planned. The bounds are found by walking the key's index backwards from the range's
 * end, so they are exact, and what a cut costs goes by the pieces and not by the range.
 */
public final class TailCutter {
  /** The most pieces of one cut: the reader stands still meanwhile. */
  static final int MOST_PIECES = 8;

  private static final Logger LOG = LoggerFactory.getLogger(TailCutter.class);

  /** To cut is a help and no duty, so a source that is slow at it is not kept at it for long. */
  private static final long PATIENCE = Duration.ofSeconds(5).toNanos();

  /** No longer for one statement either, unless the login has less. */
  private static final String TIMEOUT =
      """
      ;SELECT pg_catalog.set_config('statement_timeout', '5s', true) FROM pg_catalog.pg_settings
      WHERE name = 'statement_timeout' AND (setting::int8 = 0 OR setting::int8 > 5000)
      """;

  private TailCutter() {}

  /**
   * Pieces that a range can do without: adjacent, in order, the last one up to the range's end.
   * Fewer or none if too few rows are left, or if the source ends the search. At least one row that
   * is there now is left to the range behind where it is read up to.
   *
   * @param connection in no transaction
   * @param view as of when the range is read
   * @param range what is read, its end frozen
   * @param readUpTo the key of the last row that was read
   * @param read about how many rows were, from the range's begin on
   * @param records about how many rows a piece should hold
   */
  public static List<KeyRange> cut(
      Connection connection,
      SourceView view,
      TablePlan table,
      KeyRange range,
      List<String> readUpTo,
      long read,
      long records)
      throws SQLException {
    List<String> end = range.upTo();
    if (end == null) {
      return List.of();
    }
    return table.key().isEmpty()
        ? pages(range, end, readUpTo, read, records)
        : keys(connection, view, table, end, readUpTo, records);
  }

  private static List<KeyRange> keys(
      Connection connection,
      SourceView view,
      TablePlan table,
      List<String> end,
      List<String> readUpTo,
      long records)
      throws SQLException {
    List<KeyRange> pieces = new ArrayList<>();
    long started = System.nanoTime();
    try (ReadOnlyTransaction transaction =
        AsPlanned.begin(
            connection, view, table.schema(), table.key(), RangeReader.SETTINGS + TIMEOUT)) {
      TableSql sql = TableSql.of(connection, table.schema(), table.key());
      sql.useOperatorsOfKey(connection);
      List<String> upTo = end;
      while (pieces.size() < MOST_PIECES && System.nanoTime() - started < PATIENCE) {
        List<String> bound = sql.keyFromEnd(connection, new KeyRange(readUpTo, upTo), records);
        if (bound == null) {
          break;
        }
        pieces.addFirst(new KeyRange(bound, upTo));
        upTo = bound;
      }
    } catch (SQLException e) {
      if (!RangeReader.isEnded(e) && !SourceFailure.isLocked(e)) {
        throw e;
      }
      LOG.info(
          "the source ended the search for where to cut {}: {}", table.table(), ServerWords.of(e));
    }
    return pieces;
  }

  /** Without a key there is only the file: its pages up to here tell how full they are. */
  private static List<KeyRange> pages(
      KeyRange range, List<String> end, List<String> readUpTo, long read, long records) {
    long first = range.after() == null ? 0 : page(range.after()) + 1;
    long here = page(readUpTo);
    long last = page(end);
    long each = Math.max(1, records * Math.max(1, here - first + 1) / Math.max(1, read));
    List<KeyRange> pieces = new ArrayList<>();
    List<String> upTo = end;
    for (long bound = last - each; pieces.size() < MOST_PIECES && bound > here; bound -= each) {
      List<String> after = List.of("(" + bound + ",65535)");
      pieces.addFirst(new KeyRange(after, upTo));
      upTo = after;
    }
    return pieces;
  }

  private static long page(List<String> position) {
    String text = position.getFirst();
    return Long.parseLong(text.substring(1, text.indexOf(',')));
  }
}
