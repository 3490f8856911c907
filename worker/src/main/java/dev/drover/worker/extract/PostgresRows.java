package dev.drover.worker.extract;

import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.postgres.SqlFailure;
import dev.drover.worker.source.RangeReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rows of a range. A row that holds a value that cannot be carried ends the server's answer; it
 * is found by its key, told as unreadable, and reading goes on behind it. Used by one thread.
 */
final class PostgresRows implements SplitSource.Rows {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresRows.class);

  private final Connection connection;
  private final TablePlan table;
  private final KeyRange range;

  /** Where reading goes on. */
  private RangeReader reader;

  /** Who read the current row; closed perhaps, and still holding it. */
  private RangeReader at;

  /** The current row, if it cannot be read. */
  private @Nullable Unreadable unreadable;

  /** The key before the first row that {@link #at} read, or before the unreadable one. */
  private @Nullable List<String> boundary;

  private record Unreadable(String key, List<String> keyParts, String why) {}

  private record Key(String text, List<String> parts) {}

  PostgresRows(Connection connection, TablePlan table, KeyRange range) throws SQLException {
    this.connection = connection;
    this.table = table;
    this.range = range;
    this.boundary = range.after();
    this.reader = open(table.schema(), range);
    this.at = reader;
  }

  @Override
  public boolean advance() throws SQLException {
    while (true) {
      try {
        List<String> last = at != reader || unreadable != null ? lastKey() : boundary;
        if (!reader.advance()) {
          return false;
        }
        boundary = last;
        at = reader;
        unreadable = null;
        return true;
      } catch (SQLException e) {
        if (SqlFailure.classify(e) != SqlFailure.Record) {
          throw e;
        }
        if (findNext()) {
          return true;
        }
      }
    }
  }

  /**
   * Takes the next row alone, since one in what the server was about to send cannot be read, and
   * makes ready to read on behind it. False if there is nothing at its key any more.
   */
  private boolean findNext() throws SQLException {
    List<String> last = lastKey();
    reader.close();
    Key key = nextKey(last);
    boolean found = key != null && alone(key, last);
    reader = open(table.schema(), new KeyRange(key == null ? last : key.parts(), range.upTo()));
    return found;
  }

  /** The current row's key, or where reading began if there was none yet. */
  private @Nullable List<String> lastKey() {
    if (unreadable != null) {
      return unreadable.keyParts();
    }
    return at.rows() > 0 ? at.keyParts() : boundary;
  }

  /** The next row's key, read without its other columns; null if there is no other row. */
  private @Nullable Key nextKey(@Nullable List<String> last) throws SQLException {
    List<Column> columns =
        table.key().stream()
            .map(column -> table.schema().indexOf(column).orElseThrow())
            .map(table.schema().columns()::get)
            .toList();
    RecordSchema keys = new RecordSchema(table.table(), columns);
    try (RangeReader only = open(keys, new KeyRange(last, range.upTo()))) {
      return only.advance() ? new Key(only.key(), only.keyParts()) : null;
    }
  }

  /** Makes a row the current one, readable or not. */
  private boolean alone(Key key, @Nullable List<String> last) throws SQLException {
    try (RangeReader row = open(table.schema(), new KeyRange(last, key.parts()))) {
      if (!row.advance()) {
        return false;
      }
      at = row;
      unreadable = null;
    } catch (SQLException e) {
      if (SqlFailure.classify(e) != SqlFailure.Record) {
        throw e;
      }
      LOG.info("row {} of {} cannot be read: {}", key.text(), table.table(), e.getMessage());
      unreadable = new Unreadable(key.text(), key.parts(), why(e));
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
    return RangeReader.open(connection, columns, table.key(), part);
  }

  @Override
  public @Nullable String unreadable() {
    return unreadable == null ? null : unreadable.why();
  }

  @Override
  public int appendTo(RowWriter writer, int position) {
    return at.appendTo(writer, position);
  }

  @Override
  public String key() {
    return unreadable == null ? at.key() : unreadable.key();
  }

  @Override
  public List<String> keyParts() {
    return unreadable == null ? at.keyParts() : unreadable.keyParts();
  }

  @Override
  public List<String> keyPartsBefore() {
    return unreadable == null && at.rows() > 1
        ? at.keyPartsBefore()
        : Objects.requireNonNull(boundary, "there is no row before the first");
  }

  @Override
  public void close() {
    try {
      reader.close();
    } catch (SQLException e) {
      // Whoever reads next finds the connection closed, and opens another.
      LOG.debug("ending a read failed; the connection is given up", e);
      try {
        connection.close();
      } catch (SQLException closing) {
        LOG.debug("closing it failed as well", closing);
      }
    }
  }
}
