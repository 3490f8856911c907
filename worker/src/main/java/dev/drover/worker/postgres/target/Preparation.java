package dev.drover.worker.postgres.target;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a load stage did to its target before it loaded: which tables it has made ready, and which
 * indexes and foreign keys it owes them. It stands in a table of the target, written in the very
 * transaction that does it, so no crash can part the two. Holds no connection; thread-safe.
 *
 * @param schema the target schema that holds the table
 * @param migrationUid uid of the migration
 * @param stage name of the load stage
 */
public record Preparation(String schema, String migrationUid, String stage) {
  /** The table's name. */
  public static final String TABLE = "drover_preparation";

  private static final String COLUMNS =
      """
      migration_uid text NOT NULL,
      stage text NOT NULL,
      target text NOT NULL,
      kind text NOT NULL,
      name text NOT NULL,
      definition text NOT NULL,
      begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      done_at timestamptz,
      PRIMARY KEY (migration_uid, stage, target, kind, name)
      """;

  private static final String MADE_READY = "Table";

  /** {@code schema.drover_preparation}, for people. */
  public String displayName() {
    return table().displayName();
  }

  private OwnTable table() {
    return new OwnTable(schema, TABLE, COLUMNS);
  }

  /** Whether it may be kept; creates nothing. */
  public boolean possible(Connection connection) throws SQLException {
    return table().possible(connection);
  }

  /** Whether the table is there and may be used. */
  boolean isThere(Connection connection) throws SQLException {
    return table().isThere(connection);
  }

  /** Creates the table unless it is there; says whether it may be used. */
  boolean ensure(Connection connection) throws SQLException {
    return table().ensure(connection);
  }

  /** Whether a table was made ready before. */
  boolean isReady(Connection connection, String target) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT FROM %s WHERE migration_uid = ? AND stage = ? AND target = ? AND kind = '%s'"
                .formatted(table().sqlName(), MADE_READY))) {
      statement.setString(1, migrationUid);
      statement.setString(2, stage);
      statement.setString(3, target);
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }

  /**
   * Notes that a table is ready, and what it is owed. Part of the caller's transaction.
   *
   * @param made how the table was made; empty if it was there
   */
  void note(Connection connection, String target, String made, List<Deferred> owed)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            INSERT INTO %s (migration_uid, stage, target, kind, name, definition, done_at)
            VALUES (?, ?, ?, ?, ?, ?, CASE WHEN ? THEN clock_timestamp() END)
            """
                .formatted(table().sqlName()))) {
      add(statement, target, MADE_READY, "", made, true);
      for (Deferred one : owed) {
        add(statement, target, one.kind().name(), one.name(), one.definition(), false);
      }
      statement.executeBatch();
    }
  }

  private void add(
      PreparedStatement statement,
      String target,
      String kind,
      String name,
      String definition,
      boolean done)
      throws SQLException {
    statement.setString(1, migrationUid);
    statement.setString(2, stage);
    statement.setString(3, target);
    statement.setString(4, kind);
    statement.setString(5, name);
    statement.setString(6, definition);
    statement.setBoolean(7, done);
    statement.addBatch();
  }

  /** What the stage still owes its tables: indexes before the foreign keys that they help check. */
  List<Deferred> owed(Connection connection) throws SQLException {
    List<Deferred> owed = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            SELECT target, kind, name, definition FROM %s
            WHERE migration_uid = ? AND stage = ? AND done_at IS NULL
            ORDER BY kind = 'ForeignKey', target, begun_at, name
            """
                .formatted(table().sqlName()))) {
      statement.setString(1, migrationUid);
      statement.setString(2, stage);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          owed.add(
              new Deferred(
                  row.getString(1),
                  Deferred.Kind.valueOf(row.getString(2)),
                  row.getString(3),
                  row.getString(4)));
        }
      }
    }
    return owed;
  }

  /** Notes that something owed was made. Part of the caller's transaction. */
  void settle(Connection connection, Deferred one) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            UPDATE %s SET done_at = clock_timestamp()
            WHERE migration_uid = ? AND stage = ? AND target = ? AND kind = ? AND name = ?
            """
                .formatted(table().sqlName()))) {
      statement.setString(1, migrationUid);
      statement.setString(2, stage);
      statement.setString(3, one.table());
      statement.setString(4, one.kind().name());
      statement.setString(5, one.name());
      statement.executeUpdate();
    }
  }
}
