package dev.drover.worker.postgres.target;

import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** Writes rows by {@code COPY}: the fast way, and for new keys only. */
final class CopyWriter implements RowWriter {
  private static final int CHUNK = 1 << 16;

  private final PGConnection connection;
  private final String sql;

  /**
   * @param connection a connection of the PostgreSQL driver
   * @param table the table's quoted name
   * @param columns the columns that rows bring, in order
   */
  CopyWriter(Connection connection, String table, List<String> columns) throws SQLException {
    this.connection = connection.unwrap(PGConnection.class);
    this.sql = "COPY " + table + " (" + quoted(columns) + ") FROM STDIN";
  }

  @Override
  public void write(EncodedRows rows, int from, int to) throws SQLException {
    CopyIn copy = connection.getCopyAPI().copyIn(sql + rows.format().option());
    try {
      send(copy, rows.format().header());
      for (int row = from; row < to; ) {
        // Rendered piece by piece, so that the server reads one while the next is rendered.
        int next = rows.upTo(row, to, CHUNK);
        int start = rows.start(row);
        int end = rows.start(next);
        copy.writeToCopy(rows.bytes(), start, end - start);
        row = next;
      }
      send(copy, rows.format().trailer());
      copy.endCopy();
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }

  private static void send(CopyIn copy, byte[] bytes) throws SQLException {
    copy.writeToCopy(bytes, 0, bytes.length);
  }

  /** Quoted names, separated by commas. */
  static String quoted(List<String> columns) {
    return columns.stream().map(Quote::identifier).collect(Collectors.joining(", "));
  }
}
