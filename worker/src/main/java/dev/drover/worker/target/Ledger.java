package dev.drover.worker.target;

import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.worker.postgres.Quote;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

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

  /** Serialises the creation of ledgers; arbitrary, the same in every worker. */
  private static final long CREATION_LOCK = 7_237_954_630_876_213_604L;

  private static final String CREATE =
      """
      CREATE TABLE IF NOT EXISTS %s (
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
        PRIMARY KEY (migration_uid, stage, batch))
      """;

  private static final String USABLE =
      """
      SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
        AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ? AND c.relname = ?
      """;

  private static final String MAY_CREATE =
      """
      SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE')
      FROM pg_namespace WHERE nspname = ?
      """;

  /** {@code schema.drover_ledger}, for people. */
  public String displayName() {
    return schema + "." + TABLE;
  }

  /** The quoted name, for SQL. */
  String sqlName() {
    return Quote.identifier(schema) + "." + TABLE;
  }

  /**
   * Creates the table unless it is there. Any number of workers and planners may do so at once.
   * Runs in a transaction of its own: the connection must have none open.
   *
   * @return {@link LoadPromise#UpsertOnly} if the table is missing and may not be created, or is
   *     there and may not be used
   * @throws SystemFailure if the server cannot be asked
   */
  public LoadPromise ensure(Connection connection) throws SystemFailure {
    try {
      boolean autoCommit = connection.getAutoCommit();
      connection.setAutoCommit(false);
      try {
        LoadPromise promise = ensureWithin(connection);
        connection.commit();
        return promise;
      } catch (SQLException e) {
        connection.rollback();
        throw e;
      } finally {
        connection.setAutoCommit(autoCommit);
      }
    } catch (SQLException e) {
      throw SystemFailure.of("ledger " + displayName(), e);
    }
  }

  private LoadPromise ensureWithin(Connection connection) throws SQLException {
    Answer usable = ask(connection, USABLE, schema, TABLE);
    if (usable == Answer.Nothing && ask(connection, MAY_CREATE, schema) == Answer.Yes) {
      try (Statement statement = connection.createStatement()) {
        // IF NOT EXISTS alone races: two sessions may both find nothing and one then fails.
        statement.execute("SELECT pg_advisory_xact_lock(" + CREATION_LOCK + ")");
        statement.execute(CREATE.formatted(sqlName()));
      }
      usable = ask(connection, USABLE, schema, TABLE);
    }
    return usable == Answer.Yes ? LoadPromise.ExactlyOnce : LoadPromise.UpsertOnly;
  }

  private enum Answer {
    Yes,
    No,
    Nothing
  }

  private static Answer ask(Connection connection, String query, String... parameters)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(query)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (ResultSet result = statement.executeQuery()) {
        if (!result.next()) {
          return Answer.Nothing;
        }
        return result.getBoolean(1) ? Answer.Yes : Answer.No;
      }
    }
  }
}
