package dev.drover.worker.postgres.source;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.TreeMap;

/**
 * Something in the source's catalogue that looks like a table.
 *
 * @param oid its number
 * @param name {@code schema.name}
 * @param kind what it is
 * @param partition whether it is a partition of a table
 * @param readable whether the session's role may select from it
 * @param filtered whether row security hides rows from the session's role
 * @param inherited whether other tables inherit from it and are no partitions of it
 */
record Relation(
    long oid,
    String name,
    Kind kind,
    boolean partition,
    boolean readable,
    boolean filtered,
    boolean inherited) {
  /** What a relation is; named as a message would. */
  enum Kind {
    TABLE("table"),
    PARTITIONED("partitioned table"),
    VIEW("view"),
    MATERIALIZED_VIEW("materialized view"),
    FOREIGN("foreign table");

    private final String title;

    Kind(String title) {
      this.title = title;
    }

    String title() {
      return title;
    }
  }

  /** A schema's name ends at the first dot everywhere in Drover, so one with a dot has no name. */
  private static final String QUERY =
      """
      SELECT c.oid::int8 AS oid, n.nspname || '.' || c.relname AS name, c.relkind, c.relispartition,
        has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable,
        row_security_active(c.oid) AS filtered,
        c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid) AS inherited
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
        AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND strpos(n.nspname, '.') = 0
      """;

  /** All that there is, by name, without what is the server's own or a session's. */
  static Map<String, Relation> all(Connection connection) throws SQLException {
    Map<String, Relation> relations = new TreeMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(QUERY)) {
      while (row.next()) {
        String name = row.getString("name");
        relations.put(
            name,
            new Relation(
                row.getLong("oid"),
                name,
                kind(row.getString("relkind")),
                row.getBoolean("relispartition"),
                row.getBoolean("readable"),
                row.getBoolean("filtered"),
                row.getBoolean("inherited")));
      }
    }
    return relations;
  }

  boolean isTable() {
    return kind == Kind.TABLE || kind == Kind.PARTITIONED;
  }

  private static Kind kind(String relkind) {
    return switch (relkind) {
      case "r" -> Kind.TABLE;
      case "p" -> Kind.PARTITIONED;
      case "v" -> Kind.VIEW;
      case "m" -> Kind.MATERIALIZED_VIEW;
      default -> Kind.FOREIGN;
    };
  }
}
