package dev.drover.worker.postgres.target;

import java.sql.SQLException;

/**
 * A way to write a range of rows into a table: all of them, or an exception and undefined state.
 */
interface RowWriter {
  /**
   * Writes {@code [from, to)}; an empty range asks the server whether it would take any row.
   *
   * @throws SQLException if the server refuses; the transaction is then to be rolled back to before
   */
  void write(EncodedRows rows, int from, int to) throws SQLException;
}
