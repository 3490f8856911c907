package dev.drover.worker.extract;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.postgres.SqlFailure;
import dev.drover.worker.source.RangeReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
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
  private RangeReader reader;
  private @Nullable List<String> last;
  private @Nullable Found found;

  /** A row that was met on its own because something near it could not be read. */
  private record Found(
      @Nullable Object[] values, String key, List<String> keyParts, @Nullable String unreadable) {}

  PostgresRows(Connection connection, TablePlan table, KeyRange range) throws SQLException {
    this.connection = connection;
    this.table = table;
    this.range = range;
    this.last = range.after();
    this.reader = open(table.schema(), range);
  }

  @Override
  public boolean advance() throws SQLException {
    found = null;
    while (true) {
      try {
        if (!reader.advance()) {
          return false;
        }
        last = reader.keyParts();
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
    reader.close();
    Found key = nextKey();
    if (key != null) {
      found = alone(key);
      last = found == null ? key.keyParts() : found.keyParts();
    }
    reader = open(table.schema(), new KeyRange(last, range.upTo()));
    return found != null;
  }

  /** The next row's key, read without its other columns; null if there is no other row. */
  private @Nullable Found nextKey() throws SQLException {
    List<Column> columns =
        table.key().stream()
            .map(column -> table.schema().indexOf(column).orElseThrow())
            .map(table.schema().columns()::get)
            .toList();
    RecordSchema keys = new RecordSchema(table.table(), columns);
    try (RangeReader only = open(keys, new KeyRange(last, range.upTo()))) {
      return only.advance() ? new Found(new Object[0], only.key(), only.keyParts(), null) : null;
    }
  }

  private @Nullable Found alone(Found key) throws SQLException {
    KeyRange one = new KeyRange(last, key.keyParts());
    try (RangeReader row = open(table.schema(), one)) {
      return row.advance() ? new Found(row.values(), row.key(), row.keyParts(), null) : null;
    } catch (SQLException e) {
      if (SqlFailure.classify(e) != SqlFailure.Record) {
        throw e;
      }
      LOG.info("row {} of {} cannot be read: {}", key.key(), table.table(), e.getMessage());
      return new Found(new Object[0], key.key(), key.keyParts(), why(e));
    }
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
    return found == null ? null : found.unreadable();
  }

  @Override
  public @Nullable Object[] values() {
    return found == null ? reader.values() : found.values();
  }

  @Override
  public String key() {
    return found == null ? reader.key() : found.key();
  }

  @Override
  public List<String> keyParts() {
    return found == null ? reader.keyParts() : found.keyParts();
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
