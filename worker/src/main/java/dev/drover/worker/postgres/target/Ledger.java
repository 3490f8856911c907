package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.worker.database.SystemFailure;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * The decisions of one load stage, in a table of the target itself: written in the transaction that
 * writes the rows, so that a batch is decided exactly if its rows are there. Holds no connection;
 * thread-safe. What goes wrong with the ledger is never a record's fault.
 *
 * @param schema the target schema that holds the table
 * @param migrationUid uid of the migration
 * @param stage name of the load stage
 */
public record Ledger(String schema, String migrationUid, String stage) {
  /** The table's name. */
  public static final String TABLE = "drover_ledger";

  private static final String COLUMNS =
      """
      migration_uid text NOT NULL,
      stage text NOT NULL,
      batch text NOT NULL,
      take integer NOT NULL,
      revision text NOT NULL,
      input_hash text NOT NULL,
      records_in bigint NOT NULL,
      failed bigint NOT NULL DEFAULT 0,
      waiting bigint NOT NULL DEFAULT 0,
      verdicts jsonb,
      decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (migration_uid, stage, batch)
      """;

  /** {@code schema.drover_ledger}, for people. */
  public String displayName() {
    return table().displayName();
  }

  /** The quoted name, for SQL. */
  String sqlName() {
    return table().sqlName();
  }

  private OwnTable table() {
    return new OwnTable(schema, TABLE, COLUMNS);
  }

  /**
   * What {@link #ensure} would answer; creates nothing.
   *
   * @throws SystemFailure if the server cannot be asked
   */
  public LoadPromise promise(Connection connection) throws SystemFailure {
    try {
      return promise(table().possible(connection));
    } catch (SQLException e) {
      throw TargetFailure.of("ledger " + displayName(), e);
    }
  }

  /**
   * Creates the table unless it is there. Any number of workers may do so at once. Runs in a
   * transaction of its own: the connection must have none open.
   *
   * @return {@link LoadPromise#UpsertOnly} if the table is missing and may not be created, or is
   *     there and may not be used
   * @throws SystemFailure if the server cannot be asked
   */
  public LoadPromise ensure(Connection connection) throws SystemFailure {
    try {
      return promise(table().ensure(connection));
    } catch (SQLException e) {
      throw TargetFailure.of("ledger " + displayName(), e);
    }
  }

  private static LoadPromise promise(boolean usable) {
    return usable ? LoadPromise.ExactlyOnce : LoadPromise.UpsertOnly;
  }
}
