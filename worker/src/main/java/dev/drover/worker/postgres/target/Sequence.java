package dev.drover.worker.postgres.target;

import dev.drover.worker.postgres.types.Quote;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A sequence that numbers a column: its identity's, or that of a default which is nothing but the
 * sequence's next value.
 *
 * @param name its name as SQL needs it, schema included
 * @param column the column
 * @param ascending whether it counts up
 * @param least the least value that it gives
 * @param greatest the greatest value that it gives
 * @param settable whether the login may set it
 */
record Sequence(
    String name,
    String column,
    boolean ascending,
    BigDecimal least,
    BigDecimal greatest,
    boolean settable) {
  private static final String QUERY =
      """
      SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(s.relname),
        a.attname, q.seqincrement > 0, q.seqmin, q.seqmax,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE')
          AND pg_catalog.has_sequence_privilege(s.oid, 'SELECT')
          AND pg_catalog.has_sequence_privilege(s.oid, 'UPDATE')
          AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      JOIN pg_catalog.pg_depend p ON (
          p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i')
        OR (
          p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND p.objid = d.oid
          AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '^nextval\\(''[^()]*''::regclass\\)$')
      JOIN pg_catalog.pg_class s ON s.relkind = 'S'
        AND s.oid = CASE WHEN p.deptype = 'i' THEN p.objid ELSE p.refobjid END
      JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
      JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
      WHERE a.attrelid = pg_catalog.to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped
        AND coalesce(nullif(t.typbasetype, 0), t.oid) IN (
          'int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype)
      ORDER BY a.attnum, 1
      """;

  /** The sequences that number columns of a table. */
  static List<Sequence> of(Connection connection, String table) throws SQLException {
    List<Sequence> found = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(QUERY)) {
      statement.setString(1, Quote.table(table));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          found.add(
              new Sequence(
                  row.getString(1),
                  row.getString(2),
                  row.getBoolean(3),
                  row.getBigDecimal(4),
                  row.getBigDecimal(5),
                  row.getBoolean(6)));
        }
      }
    }
    return found;
  }

  /**
   * Moves it past what its column holds, never back: what it has given since to somebody else's
   * rows it does not give again.
   */
  void pass(Connection connection, String table) throws SQLException {
    BigDecimal last = last(connection, table);
    if (last == null) {
      return;
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          """
          SELECT pg_catalog.setval('%1$s', %2$s) FROM %3$s s
          WHERE %2$s %4$s s.last_value OR (%2$s = s.last_value AND NOT s.is_called)
          """
              .formatted(
                  name.replace("'", "''"), last.toPlainString(), name, ascending ? ">" : "<"));
    }
  }

  /** The last value of those in the column that the sequence could give; null if there is none. */
  private @Nullable BigDecimal last(Connection connection, String table) throws SQLException {
    String quoted = Quote.identifier(column);
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT %s(%s) FROM %s WHERE %s BETWEEN %s AND %s"
                    .formatted(
                        ascending ? "max" : "min",
                        quoted,
                        Quote.table(table),
                        quoted,
                        least.toPlainString(),
                        greatest.toPlainString()))) {
      row.next();
      return row.getBigDecimal(1);
    }
  }
}
