package dev.drover.worker.postgres.target;

import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.SQLException;

/** What a login may make at a target, and which types are there already. Used by one thread. */
public final class TargetRoom {
  private static final String NOT_ALLOWED = "42501";

  private final Connection connection;

  /** Asks over a session of the login that will load. */
  public TargetRoom(Connection connection) {
    this.connection = connection;
  }

  /** Whether there is a schema of a name. */
  public boolean hasSchema(String schema) throws SQLException {
    return ask("pg_catalog.to_regnamespace(%s) IS NOT NULL", Quote.identifier(schema));
  }

  /** Whether tables and types may be made in a schema, which may have to be made itself. */
  public boolean mayCreateIn(String schema) throws SQLException {
    return hasSchema(schema)
        ? ask("pg_catalog.has_schema_privilege(%s, 'CREATE')", schema)
            && ask("pg_catalog.has_schema_privilege(%s, 'USAGE')", schema)
        : Statements.ask(
            connection,
            "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')");
  }

  /** Whether there is a type, named as SQL needs it: {@code numeric(10,2)}, {@code shop.mood[]}. */
  public boolean hasType(String type) throws SQLException {
    try {
      return ask("pg_catalog.to_regtype(%s) IS NOT NULL", type);
    } catch (SQLException e) {
      if (NOT_ALLOWED.equals(e.getSQLState())) {
        return false; // a type in a schema that may not be looked into is no use
      }
      throw e;
    }
  }

  /** Whether temporary tables may be made. */
  public boolean temporaryTables() throws SQLException {
    return Statements.ask(
        connection,
        "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP')");
  }

  private boolean ask(String expression, String name) throws SQLException {
    return Statements.ask(connection, "SELECT " + expression.formatted(Quote.literal(name)));
  }
}
