package dev.drover.e2e;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Holds rows back in the target: while it is closed, no row of a table with a key above a bound can
 * be written, so what a test does then happens in the middle of the migration, however fast that
 * is. A target that restarts opens it.
 */
final class Gate {
  private final Connection holder;
  private final Database target;
  private final String table;
  private final int lock;

  /** Closes the gate for rows of a target's table whose key is above a bound. */
  Gate(Database target, String table, String key, long bound) throws SQLException {
    this.target = target;
    this.table = table;
    this.lock = table.hashCode();
    String function = table.substring(0, table.indexOf('.')) + ".hold_back()";
    target.execute(
        "CREATE FUNCTION "
            + function
            + " RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN PERFORM pg_advisory_xact_lock_shared("
            + lock
            + "); RETURN NEW; END'",
        "CREATE TRIGGER gate BEFORE INSERT ON "
            + table
            + " FOR EACH ROW WHEN (NEW."
            + key
            + " > "
            + bound
            + ") EXECUTE FUNCTION "
            + function);
    holder = target.connect();
    try (Statement statement = holder.createStatement()) {
      statement.execute("SELECT pg_advisory_lock(" + lock + ")");
    }
  }

  /**
   * Whether rows have come to the table: some are there, or a load waits at the gate, perhaps with
   * those that may pass in one transaction.
   */
  boolean isReached() throws SQLException {
    return !target.query("SELECT 1 FROM " + table + " LIMIT 1").isEmpty()
        || !target
            .query(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = "
                    + Integer.toUnsignedString(lock))
            .isEmpty();
  }

  /** Lets all rows through from now on. */
  void open() throws SQLException {
    holder.close();
  }
}
