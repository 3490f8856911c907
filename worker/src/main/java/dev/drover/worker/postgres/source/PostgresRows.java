package dev.drover.worker.postgres.source;

import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.database.SplitSource;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.postgres.session.ServerWords;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rows of a range, read in as many transactions as kindness to the source asks for, each from
 * the last key on. A row that holds a value that cannot be carried ends the server's answer; it is
 * found by its key, told as unreadable, and reading goes on behind it. Used by one thread.
 */
final class PostgresRows implements SplitSource.Rows {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresRows.class);

  /** The clock, and what others want, are looked at once in so many rows; a power of two. */
  private static final int CLOCK_ROWS = 64;

  private final SourceSession session;
  private final SourceView view;
  private final TablePlan table;
  private final KeyRange range;
  private final Pieces pieces;
  private final int maxRecordBytes;

  /** Where reading goes on; null until it does. */
  private @Nullable RangeReader reader;

  private long openedAt;
  private int read;

  /** Who read the current row; closed perhaps, and still holding it. Null before the first. */
  private @Nullable RangeReader at;

  /** The current row, if it cannot be read. */
  private @Nullable UnreadableRow unreadable;

  /** The key before the first row that {@link #at} read, or before the unreadable one. */
  private @Nullable List<String> boundary;

  private record UnreadableRow(String key, List<String> keyParts, String why) {}

  private record Key(String text, List<String> parts) {}

  /**
   * @param maxRecordBytes the most bytes of a row; a larger one is not had
   */
  PostgresRows(
      SourceSession session, SourceView view, TablePlan table, KeyRange range, int maxRecordBytes)
      throws SQLException {
    this.maxRecordBytes = maxRecordBytes;
    this.session = session;
    this.view = view;
    this.table = table;
    this.range = range;
    this.boundary = range.after();
    this.pieces = new Pieces(longestReadMillis(session.get()));
    openNext();
  }

  /** The shortest limit that the source has for a read, which is a transaction; 0 for none. */
  private static long longestReadMillis(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT COALESCE(min(setting::int8), 0) FROM pg_catalog.pg_settings"
                    + " WHERE name IN ('statement_timeout', 'transaction_timeout')"
                    + " AND setting::int8 > 0")) {
      row.next();
      return row.getLong(1);
    }
  }

  @Override
  public boolean advance() throws SystemFailure {
    try {
      return next();
    } catch (SQLException e) {
      throw SourceFailure.of(e);
    }
  }

  private boolean next() throws SQLException {
    while (true) {
      RangeReader open = reader == null || overdue() ? openNext() : reader;
      try {
        List<String> before = open == at && unreadable == null ? boundary : lastKey();
        if (open.advance()) {
          boundary = before;
          at = open;
          unreadable = null;
          if (read++ == 0) {
            // Before version 14 the server has no other way to a position than from the start.
            openedAt = System.nanoTime();
          }
          return true;
        }
        boolean piece = pieces.rows() > 0 && read == pieces.rows();
        pieces.complete();
        if (!piece) {
          if (table.file() != null) {
            endRead();
            TableFile.require(session.get(), table);
          }
          return false;
        }
        endRead();
      } catch (SQLException e) {
        if (RangeReader.isEnded(e)) {
          goOnWithLess(e);
        } else if (!SourceFailure.isOfRow(e)) {
          throw e;
        } else if (findNext()) {
          return true;
        }
      }
    }
  }

  private boolean overdue() {
    return (read & (CLOCK_ROWS - 1)) == CLOCK_ROWS - 1
        && (session.mustRest() || System.nanoTime() - openedAt > pieces.nanos());
  }

  /**
   * @throws SQLException the failure, if the source gives not even one row
   */
  private void goOnWithLess(SQLException e) throws SQLException {
    LOG.info(
        "the source ended a read of {} after {} rows ({}): going on with less at a time",
        table.table(),
        read,
        ServerWords.of(e));
    if (!pieces.ended(read)) {
      throw e;
    }
    endRead();
  }

  /** The next transaction, from the last key on. */
  private RangeReader openNext() throws SQLException {
    endRead();
    TableFile.require(session.get(), table);
    RangeReader next =
        RangeReader.open(
            session.get(),
            view,
            table.schema(),
            table.key(),
            rest(),
            pieces.rows(),
            maxRecordBytes);
    openedAt = System.nanoTime();
    read = 0;
    reader = next;
    return next;
  }

  private KeyRange rest() {
    return new KeyRange(lastKey(), range.upTo());
  }

  /** The current row's key, or where reading began if there was none yet. */
  private @Nullable List<String> lastKey() {
    if (unreadable != null) {
      return unreadable.keyParts();
    }
    return at == null ? range.after() : at.keyParts();
  }

  @Override
  public void release() throws SystemFailure {
    try {
      endRead();
    } catch (SQLException e) {
      throw SourceFailure.of(e);
    }
    session.pause();
  }

  private void endRead() throws SQLException {
    RangeReader open = reader;
    reader = null;
    if (open != null) {
      open.close();
    }
  }

  /**
   * Takes the next row alone, since one in what the server was about to send cannot be read, and
   * makes ready to read on behind it. False if there is nothing at its key any more.
   */
  private boolean findNext() throws SQLException {
    endRead();
    Key key = nextKey();
    return key != null && alone(key);
  }

  /** The next row's key, read without its other columns; null if there is no other row. */
  private @Nullable Key nextKey() throws SQLException {
    List<Column> columns =
        table.key().stream()
            .map(column -> table.schema().indexOf(column).orElseThrow())
            .map(table.schema().columns()::get)
            .toList();
    RecordSchema keys = new RecordSchema(table.table(), columns);
    try (RangeReader only = open(keys, rest())) {
      return only.advance() ? new Key(only.key(), only.keyParts()) : null;
    } catch (SQLException e) {
      throw SourceFailure.isOfRow(e)
          ? new UnreadableKeyException(table.table(), table.key(), e)
          : e;
    }
  }

  /** Makes a row the current one, readable or not. False if it is gone. */
  private boolean alone(Key key) throws SQLException {
    List<String> last = lastKey();
    try (RangeReader row = open(table.schema(), new KeyRange(last, key.parts()))) {
      if (!row.advance()) {
        return false;
      }
      at = row;
      unreadable = null;
    } catch (SQLException e) {
      if (!SourceFailure.isOfRow(e)) {
        throw e;
      }
      // Neither the key nor the server's words: the failed record tells them, a log must not.
      LOG.info("a row of {} cannot be read (SQLSTATE {})", table.table(), e.getSQLState());
      unreadable = new UnreadableRow(key.text(), key.parts(), why(e));
    }
    boundary = last;
    return true;
  }

  /** A server's own words may quote the value, so only Drover's are repeated. */
  private static String why(SQLException e) {
    return e instanceof org.postgresql.util.PSQLException
        ? "the source cannot give a value of this record (SQLSTATE "
            + e.getSQLState()
            + "): correct it at the source"
        : e.getMessage() + ": correct it at the source";
  }

  private RangeReader open(RecordSchema columns, KeyRange part) throws SQLException {
    return RangeReader.open(session.get(), view, columns, table.key(), part, 0, maxRecordBytes);
  }

  private RangeReader current() {
    return Objects.requireNonNull(at, "no current row");
  }

  @Override
  public SplitSource.@Nullable Unreadable unreadable() {
    if (unreadable != null) {
      return new SplitSource.Unreadable("Unreadable", unreadable.why());
    }
    return current().isLarge()
        ? SplitSource.Unreadable.tooLarge("more than " + maxRecordBytes, maxRecordBytes)
        : null;
  }

  @Override
  public int appendTo(RowWriter writer, int position) {
    return current().appendTo(writer, position);
  }

  @Override
  public String key() {
    return unreadable == null ? current().key() : unreadable.key();
  }

  @Override
  public List<String> keyParts() {
    return unreadable == null ? current().keyParts() : unreadable.keyParts();
  }

  @Override
  public List<String> keyPartsBefore() {
    return unreadable == null && current().rows() > 1
        ? current().keyPartsBefore()
        : Objects.requireNonNull(boundary, "there is no row before the first");
  }

  @Override
  public void close() {
    try {
      endRead();
    } catch (SQLException e) {
      // Whoever reads next opens another.
      LOG.debug("ending a read failed; the connection is given up", e);
      session.giveUp();
    }
  }
}
