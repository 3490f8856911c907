package dev.drover.worker.postgres.target;

import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * A table of Drover's own in the target. Holds no connection; thread-safe.
 *
 * @param schema the schema that holds it
 * @param name its name
 * @param columns what stands between the parentheses of {@code CREATE TABLE}
 */
record OwnTable(String schema, String name, String columns) {
  /** Serialises the creation of such tables; arbitrary, the same in every worker. */
  private static final long CREATION_LOCK = 7_237_954_630_876_213_604L;

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

  /** {@code schema.name}, for people. */
  String displayName() {
    return schema + "." + name;
  }

  /** The quoted name, for SQL. */
  String sqlName() {
    return Quote.identifier(schema) + "." + Quote.identifier(name);
  }

  /** Whether it is there and may be used. */
  boolean isThere(Connection connection) throws SQLException {
    return ask(connection, USABLE, schema, name) == Answer.Yes;
  }

  /** Whether it may be used, once it is there: {@link #ensure} would say the same. */
  boolean possible(Connection connection) throws SQLException {
    Answer usable = ask(connection, USABLE, schema, name);
    return usable == Answer.Yes || (usable == Answer.Nothing && mayCreate(connection));
  }

  /**
   * Creates the table unless it is there, in a transaction of its own: the connection must have
   * none open. Any number of sessions may do so at once.
   *
   * @return whether it is there and may be read, added to and changed
   */
  boolean ensure(Connection connection) throws SQLException {
    return Statements.askInTransaction(
        connection,
        () -> {
          createIfMissing(connection);
          return isThere(connection);
        });
  }

  private void createIfMissing(Connection connection) throws SQLException {
    if (ask(connection, USABLE, schema, name) == Answer.Nothing && mayCreate(connection)) {
      // IF NOT EXISTS alone races: two sessions may both find nothing and one then fails.
      Statements.execute(connection, "SELECT pg_advisory_xact_lock(" + CREATION_LOCK + ")");
      Statements.execute(
          connection, "CREATE TABLE IF NOT EXISTS " + sqlName() + " (" + columns + ")");
    }
  }

  private boolean mayCreate(Connection connection) throws SQLException {
    return ask(connection, MAY_CREATE, schema) == Answer.Yes;
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
