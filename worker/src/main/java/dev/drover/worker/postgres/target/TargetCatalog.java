package dev.drover.worker.postgres.target;

import dev.drover.wire.schema.Column;
import dev.drover.worker.postgres.target.TargetColumn.Filling;
import dev.drover.worker.postgres.target.TargetColumn.Grants;
import dev.drover.worker.postgres.target.TargetTable.Access;
import dev.drover.worker.postgres.target.TargetTable.Kind;
import dev.drover.worker.postgres.target.TargetTable.SelfReference;
import dev.drover.worker.postgres.types.Attribute;
import dev.drover.worker.postgres.types.Attributes;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads target tables from the server's catalogue, as the connected login sees them. */
public final class TargetCatalog {
  private static final String RELATION =
      """
      SELECT c.oid, c.relkind, pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
        pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP'),
        pg_catalog.row_security_active(c.oid),
        c.relkind = 'f' OR EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) t
          JOIN pg_catalog.pg_class p ON p.oid = t.relid WHERE p.relkind = 'f'),
        c.relpersistence = 'u' OR EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) t
          JOIN pg_catalog.pg_class p ON p.oid = t.relid WHERE p.relpersistence = 'u')
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
      """;

  /**
   * A BEFORE trigger for each row (bits 1 and 2 of its type) that is inserted (4) keeps out those
   * for which its function returns null; whether it may is told by its source. Before version 15 a
   * trigger that a partition has from its table counts as internal, as those of foreign keys do.
   */
  private static final String HOOKS =
      """
      SELECT
        EXISTS (SELECT FROM pg_catalog.pg_rewrite r
          WHERE r.ev_class = ? AND r.ev_type IN ('2', '3') AND r.ev_enabled IN ('O', 'A')),
        ARRAY(SELECT DISTINCT t.tgname::text
          FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
          WHERE (t.tgrelid = ? OR t.tgrelid IN (
              SELECT relid FROM pg_catalog.pg_partition_tree(?::int8::oid::pg_catalog.regclass)))
            AND t.tgenabled IN ('O', 'A') AND t.tgtype & 7 = 7
            AND p.prosrc ~* 'return\\s+null'
          ORDER BY 1),
        c.relchecks > 0 OR c.relispartition,
        c.relkind = 'r'
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
            JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
            JOIN pg_catalog.pg_language l ON l.oid = p.prolang
            WHERE t.tgrelid = c.oid AND (NOT t.tgisinternal OR l.lanname <> 'internal'))
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint n
            WHERE n.conrelid = c.oid AND n.contype IN ('c', 'n') AND NOT n.convalidated)
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i
            LEFT JOIN LATERAL ROWS FROM (
              pg_catalog.unnest(i.indkey::int2[]), pg_catalog.unnest(i.indcollation::oid[]))
              k(attnum, coll) ON true
            LEFT JOIN pg_catalog.pg_attribute a
              ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE i.indrelid = c.oid AND i.indisunique
              AND (i.indcheckxmin OR k.coll <> a.attcollation))
      FROM pg_catalog.pg_class c WHERE c.oid = ?
      """;

  /** A domain may forbid null, and give a default, at any level; the domain's own level is read. */
  private static final String COLUMN =
      """
      SELECT a.attnum, a.attnotnull OR t.typnotnull, t.typdefault IS NOT NULL, a.attidentity = 'a',
        pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT'),
        pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'UPDATE'),
        pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = ? AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attnum
      """;

  private static final String KEY =
      """
      SELECT (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.place)
              FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
              WHERE k.place <= i.indnkeyatts)
      FROM pg_catalog.pg_index i
      WHERE i.indrelid = ? AND i.indisunique AND NOT i.indisexclusion
        AND i.indisvalid AND i.indimmediate
        AND i.indpred IS NULL AND i.indexprs IS NULL
      ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid
      """;

  private static final String SELF_REFERENCE =
      """
      SELECT c.conname, pg_catalog.array_agg(a.attname::text ORDER BY k.place),
        pg_catalog.array_agg(p.attname::text ORDER BY k.place)
      FROM pg_catalog.pg_constraint c
      CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(c.conkey), pg_catalog.unnest(c.confkey))
        WITH ORDINALITY k(child, parent, place)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child
      JOIN pg_catalog.pg_attribute p ON p.attrelid = c.confrelid AND p.attnum = k.parent
      WHERE c.conrelid = ? AND c.confrelid = c.conrelid AND c.contype = 'f'
      GROUP BY c.oid, c.conname
      ORDER BY c.conname
      """;

  private static final String TYPES =
      """
      SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), c.relpersistence = 'u'
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      WHERE a.attrelid = ?::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped
      """;

  private TargetCatalog() {}

  /**
   * Makes sure that the columns of a table still have the types that they had when it was found. To
   * be asked in the transaction that wrote to it, which keeps others from altering it before.
   *
   * @throws SQLException SQLSTATE 42804 if not, 42703 if a column is gone, 42809 if the table would
   *     not outlive a crash of the server any more
   */
  static void requireAsFound(Connection connection, TargetTable table) throws SQLException {
    Map<String, String> types = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(TYPES)) {
      statement.setString(1, table.sqlName());
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          types.put(row.getString(1), row.getString(2));
          if (row.getBoolean(3)) {
            throw new SQLException(
                table.displayName()
                    + " is UNLOGGED now, and a crash of the server would empty it: ALTER TABLE … SET LOGGED",
                "42809");
          }
        }
      }
    }
    for (TargetColumn column : table.columns()) {
      String type = types.get(column.name());
      if (!column.nativeType().equals(type)) {
        throw new SQLException(
            "column %s.%s was %s and is %s now: it is looked at again"
                .formatted(
                    table.displayName(),
                    column.name(),
                    column.nativeType(),
                    type == null ? "gone" : type),
            type == null ? "42703" : "42804");
      }
    }
  }

  /**
   * Makes sure that a table may still be upserted into as when it was found: without the index of
   * its key a row whose key exists is written beside the other, and nothing is refused; a trigger
   * that it did not have is to see each row. To be asked like the other.
   *
   * @throws SQLException SQLSTATE 42P10 if a key is gone, 42809 if rows must not be compared now
   */
  static void requireUpsertsAsFound(Connection connection, TargetTable table) throws SQLException {
    long oid = oid(connection, table);
    if (table.hooks().comparable() && !hooks(connection, oid).equals(table.hooks())) {
      throw new SQLException(
          "table %s has a trigger, a check or an index that it had not before: it is looked at again"
              .formatted(table.displayName()),
          "42809");
    }
    List<List<String>> there = uniqueIndexes(connection, oid);
    for (List<String> key : table.keys()) {
      if (!there.contains(key)) {
        throw new SQLException(
            "table %s has no unique index over (%s) any more: it is looked at again"
                .formatted(table.displayName(), String.join(", ", key)),
            "42P10");
      }
    }
  }

  /**
   * The table of a name, or empty if there is none.
   *
   * @param table {@code schema.table}; the schema ends at the first dot
   * @throws IllegalArgumentException if the name has no dot
   * @throws SQLException if the server cannot be asked
   */
  public static Optional<TargetTable> find(Connection connection, String table)
      throws SQLException {
    int dot = table.indexOf('.');
    if (dot < 0) {
      throw new IllegalArgumentException("a table is named schema.table, not " + table);
    }
    String schema = table.substring(0, dot);
    String name = table.substring(dot + 1);
    try (PreparedStatement statement = connection.prepareStatement(RELATION)) {
      statement.setString(1, schema);
      statement.setString(2, name);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        long oid = row.getLong(1);
        Kind kind = kind(row.getString(2), row.getBoolean(6), row.getBoolean(7));
        Access access = new Access(row.getBoolean(3), row.getBoolean(4), row.getBoolean(5));
        List<TargetColumn> columns = columns(connection, oid);
        return Optional.of(
            new TargetTable(
                schema,
                name,
                kind,
                columns,
                keys(connection, oid, columns),
                selfReferences(connection, oid),
                hooks(connection, oid),
                access));
      }
    }
  }

  private static TargetTable.Hooks hooks(Connection connection, long oid) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(HOOKS)) {
      for (int i = 1; i <= 4; i++) {
        statement.setLong(i, oid);
      }
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return new TargetTable.Hooks(
            row.getBoolean(1),
            List.of((String[]) row.getArray(2).getArray()),
            row.getBoolean(3),
            row.getBoolean(4));
      }
    }
  }

  private static Kind kind(String relkind, boolean foreign, boolean unlogged) {
    if (foreign || unlogged) {
      return foreign ? Kind.Foreign : Kind.Unlogged;
    }
    return relkind.equals("r") || relkind.equals("p") ? Kind.Table : Kind.View;
  }

  private static List<TargetColumn> columns(Connection connection, long oid) throws SQLException {
    Map<Integer, Attribute> attributes = new HashMap<>();
    for (Attribute attribute :
        Attributes.of(connection, List.of(oid)).getOrDefault(oid, List.of())) {
      attributes.put(attribute.number(), attribute);
    }
    List<TargetColumn> columns = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(COLUMN)) {
      statement.setLong(1, oid);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          Attribute attribute = attributes.get(row.getInt(1));
          if (attribute != null) {
            columns.add(column(attribute, row));
          }
        }
      }
    }
    return columns;
  }

  private static TargetColumn column(Attribute attribute, ResultSet row) throws SQLException {
    Column column = attribute.column();
    Filling filling = row.getBoolean(4) ? Filling.IdentityAlways : Filling.Open;
    return new TargetColumn(
        column.name(),
        column.type(),
        column.nativeType(),
        attribute.storedType(),
        !row.getBoolean(2),
        attribute.defaulted() || row.getBoolean(3),
        attribute.generated() ? Filling.Computed : filling,
        new Grants(row.getBoolean(5), row.getBoolean(6), row.getBoolean(7)));
  }

  /** Unique indexes over columns that may be null are left out: nulls conflict with nothing. */
  private static List<List<String>> keys(
      Connection connection, long oid, List<TargetColumn> columns) throws SQLException {
    Set<String> neverNull = new HashSet<>();
    columns.stream().filter(c -> !c.nullable()).forEach(c -> neverNull.add(c.name()));
    return uniqueIndexes(connection, oid).stream().filter(neverNull::containsAll).toList();
  }

  private static long oid(Connection connection, TargetTable table) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT ?::pg_catalog.regclass::oid::int8")) {
      statement.setString(1, table.sqlName());
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private static List<List<String>> uniqueIndexes(Connection connection, long oid)
      throws SQLException {
    List<List<String>> indexes = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(KEY)) {
      statement.setLong(1, oid);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          indexes.add(names(row.getArray(1)));
        }
      }
    }
    return indexes;
  }

  private static List<SelfReference> selfReferences(Connection connection, long oid)
      throws SQLException {
    List<SelfReference> references = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(SELF_REFERENCE)) {
      statement.setLong(1, oid);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          references.add(
              new SelfReference(row.getString(1), names(row.getArray(2)), names(row.getArray(3))));
        }
      }
    }
    return references;
  }

  private static List<String> names(Array array) throws SQLException {
    return Arrays.asList((String[]) array.getArray());
  }
}
