package dev.drover.worker.postgres.source;

import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.SourceView;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * The rows of one key range of a table, streamed in key order; those of a table without a key in
 * physical order. What is read is one snapshot, taken when the reader opens. Only the row at hand
 * is in memory; a caller that pauses holds the server back, and with it the cleaning up of old row
 * versions at the source, so close and open again from the last key rather than pause for long.
 *
 * <p>The reader has the connection to itself until it is closed. Not thread-safe.
 */
public final class RangeReader implements AutoCloseable {
  /**
   * Without sorting there is only the key's index to give the order, so the first row comes at once
   * and nothing spills; physical order needs a scan that begins at the beginning, by one process.
   */
  static final String SETTINGS =
      """
      SET LOCAL enable_sort = off;
      SET LOCAL max_parallel_workers_per_gather = 0;
      SET LOCAL synchronize_seqscans = off;
      SET LOCAL jit = off;
      """;

  /** Servers before 14 do not have it. */
  private static final String NO_MEMOIZE =
      "SELECT set_config('enable_memoize', 'off', true)"
          + " WHERE current_setting('enable_memoize', true) IS NOT NULL";

  /** Signature, flags, and the length of an extension that no server writes. */
  private static final int HEADER = 19;

  /** The statement took longer than the source allows, or somebody ended it. */
  private static final String QUERY_CANCELED = "57014";

  /** On a replica: the primary has cleaned up what the read might still have seen. */
  private static final String CONFLICT = "40001";

  private final Connection connection;
  private final RecordSchema schema;
  private final int[] key;
  private final ReadOnlyTransaction transaction;
  private final CopyOut copy;
  private boolean headerRead;

  /** The current row, the one before it, and a place for the next one. */
  private Tuple row;

  private Tuple before;
  private Tuple next;
  private long rows;
  private boolean closed;

  private RangeReader(
      Connection connection,
      RecordSchema schema,
      List<String> key,
      boolean weighed,
      ReadOnlyTransaction transaction,
      CopyOut copy) {
    this.connection = connection;
    this.schema = schema;
    this.key = key.stream().mapToInt(column -> schema.indexOf(column).orElseThrow()).toArray();
    this.transaction = transaction;
    this.copy = copy;
    this.row = new Tuple(schema, key.isEmpty(), weighed);
    this.before = new Tuple(schema, key.isEmpty(), weighed);
    this.next = new Tuple(schema, key.isEmpty(), weighed);
  }

  /**
   * Starts to read a range as it is now.
   *
   * @param connection from {@link dev.drover.worker.postgres.session.Endpoint}, in no transaction
   * @param schema the table and all of its columns, as planned
   * @param key the columns of its key; empty for a table without a key
   * @param range which rows
   */
  public static RangeReader open(
      Connection connection, RecordSchema schema, List<String> key, KeyRange range)
      throws SQLException {
    return open(connection, SourceView.NOW, schema, key, range, 0, Integer.MAX_VALUE);
  }

  /**
   * As the other, but as the view sees it.
   *
   * @param most how many rows at most; 0 for all
   * @param mostBytes how many bytes a row's values may have; one of more comes without them
   */
  public static RangeReader open(
      Connection connection,
      SourceView view,
      RecordSchema schema,
      List<String> key,
      KeyRange range,
      int most,
      int mostBytes)
      throws SQLException {
    return open(
        connection,
        view,
        schema,
        key,
        mostBytes,
        (table, weight) -> select(table, weight, range) + limit(most));
  }

  /**
   * Starts to read those rows of a table that have one of some keys, as they are now, in any order.
   *
   * @param key the columns of the table's key; not empty
   * @param keys which rows, each as a bound of {@link KeyRange}; not empty
   * @param mostBytes how many bytes a row's values may have; one of more comes without them
   */
  static RangeReader ofKeys(
      Connection connection,
      RecordSchema schema,
      List<String> key,
      List<List<String>> keys,
      int mostBytes)
      throws SQLException {
    return open(
        connection,
        SourceView.NOW,
        schema,
        key,
        mostBytes,
        (table, weight) ->
            "SELECT "
                + table.columns(!weight.isEmpty())
                + " FROM "
                + table.from()
                + " JOIN "
                + table.among(keys)
                + weight);
  }

  private static RangeReader open(
      Connection connection,
      SourceView view,
      RecordSchema schema,
      List<String> key,
      int mostBytes,
      BiFunction<TableSql, String, String> query)
      throws SQLException {
    ReadOnlyTransaction transaction = AsPlanned.begin(connection, view, schema, key, SETTINGS);
    try {
      TableSql table = TableSql.of(connection, schema, key);
      table.useOperatorsOfKey(connection);
      boolean weighed = mostBytes < Integer.MAX_VALUE && table.hasLargeValues(connection);
      String weight = weighed ? weight(connection, table, mostBytes) : "";
      CopyOut copy =
          connection
              .unwrap(PGConnection.class)
              .getCopyAPI()
              .copyOut("COPY (" + query.apply(table, weight) + ") TO STDOUT (FORMAT binary)");
      return new RangeReader(connection, schema, key, weighed, transaction, copy);
    } catch (SQLException | RuntimeException e) {
      try {
        transaction.close();
      } catch (SQLException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  /**
   * The last key that a table holds in a view, with which the last range's upper bound is frozen;
   * null if the table is empty. For a table without a key it is the end of its file, which later
   * rows may still fill.
   */
  public static @Nullable List<String> maxKey(
      Connection connection, SourceView view, RecordSchema schema, List<String> key)
      throws SQLException {
    try (ReadOnlyTransaction transaction =
        AsPlanned.begin(connection, view, schema, key, SETTINGS)) {
      TableSql table = TableSql.of(connection, schema, key);
      table.useOperatorsOfKey(connection);
      return table.maxKey(connection);
    }
  }

  /** It is made of the values themselves, so nothing is gained by remembering what it was. */
  private static String weight(Connection connection, TableSql table, int mostBytes)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(NO_MEMOIZE);
    }
    return table.weight(mostBytes);
  }

  /** Whether the source ended what it was doing for a reader, and is there for less at a time. */
  public static boolean isEnded(SQLException e) {
    return QUERY_CANCELED.equals(e.getSQLState()) || CONFLICT.equals(e.getSQLState());
  }

  private static String limit(int most) {
    return most == 0 ? "" : " LIMIT " + most;
  }

  /** The query of a range. */
  static String select(TableSql table, KeyRange range) {
    return select(table, "", range);
  }

  private static String select(TableSql table, String weight, KeyRange range) {
    return "SELECT "
        + table.columns(!weight.isEmpty())
        + " FROM "
        + table.from()
        + weight
        + table.where(range)
        + (table.keyless() ? "" : " ORDER BY " + table.order(""));
  }

  /**
   * Goes to the next row, the first time to the first. At the end, and after a failure, the last
   * row stays the current one.
   *
   * @return whether there is one
   * @throws SQLException if the source fails; SQLSTATE 22 if it holds a value that cannot be
   *     carried exactly. The reader can then only be closed
   */
  public boolean advance() throws SQLException {
    for (byte[] message = next(); message != null; message = next()) {
      int offset = headerRead ? 0 : HEADER;
      headerRead = true;
      if (offset < message.length && next.take(message, offset)) {
        requirePhysicalOrder();
        Tuple free = before;
        before = row;
        row = next;
        next = free;
        rows++;
        return true;
      }
    }
    return false;
  }

  /** Whether the current row is too large to be had; then only its key is. */
  public boolean isLarge() {
    return row.isLarge();
  }

  /** How many rows it has gone to. */
  public long rows() {
    return rows;
  }

  /**
   * Appends the current row, with its key, all columns in the order of the schema. Hot.
   *
   * @param position its position in its batch
   * @return the bytes it took
   * @throws RowWriter.NullInRequiredColumnException if a column that is declared not null has no
   *     value; nothing is appended
   */
  public int appendTo(RowWriter writer, int position) {
    if (key.length == 1 && row.hasTextBytes(key[0])) {
      writer.begin(position, row.message(), row.start(key[0]), row.end(key[0]));
    } else {
      writer.begin(position, key());
    }
    row.appendTo(writer);
    return writer.end();
  }

  /** The current row's key in the form of {@link dev.drover.wire.batch.Row#key}. */
  public String key() {
    return key.length == 1 ? row.text(key[0]) : KeyText.of(keyParts());
  }

  /** The current row's key as a bound of {@link KeyRange}. */
  public List<String> keyParts() {
    return keyParts(row);
  }

  /** The key of the row before the current one; there must be one, read by this reader. */
  public List<String> keyPartsBefore() {
    if (rows < 2) {
      throw new IllegalStateException("there is no row before the first");
    }
    return keyParts(before);
  }

  private List<String> keyParts(Tuple of) {
    if (key.length == 0) {
      long position = of.position();
      return List.of("(" + (position >>> 16) + "," + (position & 0xFFFF) + ")");
    }
    List<String> parts = new ArrayList<>(key.length);
    for (int column : key) {
      parts.add(of.text(column));
    }
    return parts;
  }

  /**
   * Stops reading, also half-way, and gives the connection back as it was; if the server cannot be
   * told to stop, the connection is closed.
   */
  @Override
  public void close() throws SQLException {
    if (closed) {
      return;
    }
    closed = true;
    if (copy.isActive() && !stop()) {
      connection.abort(Runnable::run);
      return;
    }
    transaction.close();
  }

  /**
   * Asks the server to stop and takes what it had sent before. The driver's own way to cancel a
   * COPY leaves the server's refusal on the line, where the next statement would read it as its
   * answer.
   */
  private boolean stop() throws SQLException {
    try {
      connection.unwrap(PGConnection.class).cancelQuery();
      while (copy.readFromCopy() != null) {
        // Rows that were on their way.
      }
    } catch (SQLException e) {
      return !copy.isActive() && QUERY_CANCELED.equals(e.getSQLState());
    }
    return true;
  }

  private byte @Nullable [] next() throws SQLException {
    return copy.isActive() ? copy.readFromCopy() : null;
  }

  /** Resuming after a position is only right if no earlier one comes later. */
  private void requirePhysicalOrder() throws SQLException {
    if (key.length == 0 && next.position() <= row.position()) {
      throw new SQLException(schema.table() + " was not read in physical order", "XX000");
    }
  }
}
