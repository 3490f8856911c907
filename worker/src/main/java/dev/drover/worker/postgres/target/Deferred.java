package dev.drover.worker.postgres.target;

import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * An index or a foreign key that is dropped while its table is loaded.
 *
 * @param table the table, {@code schema.table}
 * @param kind what it is
 * @param name its name; of an index, with its schema and quoted as SQL needs it
 * @param definition the statements that make it again
 */
record Deferred(String table, Kind kind, String name, String definition) {
  /** What may be dropped and made again. */
  enum Kind {
    Index,
    ForeignKey
  }

  /**
   * Left alone is what tells rows apart or what a statement could not bring back as it was: unique
   * and excluding indexes, those that a constraint, a cluster order or replication goes by, those
   * in a tablespace of their own, and those that belong to the index of a partitioned table.
   */
  private static final String INDEXES =
      """
      SELECT x.name,
        CASE WHEN x.relkind = 'I'
          THEN 'CREATE INDEX ' || x.bare || ' ON '
            || substr(x.definition, length('CREATE INDEX ' || x.bare || ' ON ONLY ') + 1)
          ELSE x.definition END
        || coalesce('; COMMENT ON INDEX ' || x.name || ' IS ' || quote_literal(x.comment), '')
      FROM (
        SELECT c.oid, c.relkind, quote_ident(c.relname) AS bare,
          quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
          pg_get_indexdef(c.oid) AS definition, obj_description(c.oid, 'pg_class') AS comment
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE i.indrelid = ?::regclass AND i.indisvalid AND NOT i.indisunique
          AND NOT i.indisexclusion AND NOT i.indisclustered AND NOT i.indisreplident
          AND c.reltablespace = 0 AND NOT c.relispartition
          AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)) x
      ORDER BY x.oid
      """;

  private static final String FOREIGN_KEYS =
      """
      SELECT quote_ident(c.conname),
        'ALTER TABLE ' || c.conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(c.conname)
        || ' ' || pg_get_constraintdef(c.oid)
        || coalesce('; COMMENT ON CONSTRAINT ' || quote_ident(c.conname) || ' ON '
          || c.conrelid::regclass || ' IS ' || quote_literal(obj_description(c.oid, 'pg_constraint')),
          '')
      FROM pg_constraint c
      WHERE c.conrelid = ?::regclass AND c.contype = 'f' AND c.conparentid = 0
      ORDER BY c.oid
      """;

  /**
   * What a table has of them.
   *
   * @param connection in a transaction with nothing but {@code pg_catalog} on its search path, so
   *     that the definitions mean the same in every session
   */
  static List<Deferred> of(Connection connection, String table) throws SQLException {
    List<Deferred> found = new ArrayList<>(read(connection, table, Kind.Index, INDEXES));
    found.addAll(read(connection, table, Kind.ForeignKey, FOREIGN_KEYS));
    return found;
  }

  private static List<Deferred> read(Connection connection, String table, Kind kind, String query)
      throws SQLException {
    List<Deferred> found = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(query)) {
      statement.setString(1, Quote.table(table));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          found.add(new Deferred(table, kind, row.getString(1), row.getString(2)));
        }
      }
    }
    return found;
  }

  /** The statement that drops it. */
  String drop() {
    return switch (kind) {
      case Index -> "DROP INDEX " + name;
      case ForeignKey -> "ALTER TABLE " + Quote.table(table) + " DROP CONSTRAINT " + name;
    };
  }

  /** Whether something of its name is there, so that nothing is left to do. */
  boolean exists(Connection connection) throws SQLException {
    String query =
        switch (kind) {
          case Index -> "SELECT to_regclass(?) IS NOT NULL";
          case ForeignKey ->
              "SELECT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f'"
                  + " AND quote_ident(conname) = ? AND conrelid = to_regclass("
                  + Quote.literal(Quote.table(table))
                  + "))";
        };
    try (PreparedStatement statement = connection.prepareStatement(query)) {
      statement.setString(1, name);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getBoolean(1);
      }
    }
  }

  /** {@code index shop.orders_day} or {@code foreign key orders_customer of table shop.orders}. */
  String title() {
    return switch (kind) {
      case Index -> "index " + name;
      case ForeignKey -> "foreign key " + name + " of table " + table;
    };
  }
}
