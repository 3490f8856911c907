package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.NewTable.Identity;
import dev.drover.wire.plan.NewTable.NewEnum;
import dev.drover.worker.database.TableDetails;
import dev.drover.worker.database.TableDetails.Details;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads from the catalogue what a copy of a table is made from. */
public final class DetailsCatalog {
  private static final String SETTINGS = "SET LOCAL search_path = pg_catalog";

  /**
   * A default carries over if nothing but the server's own functions and types are in it, beside an
   * enum that is the column's type. A serial column counts as numbered by default.
   */
  private static final String COLUMNS =
      """
      SELECT a.attname, a.attidentity, a.attgenerated <> '' AS generated,
        pg_get_expr(d.adbin, d.adrelid) AS expression,
        pg_get_expr(d.adbin, d.adrelid) ~ '^nextval\\(''[^()]*''::regclass\\)$' AND EXISTS (
          SELECT FROM pg_depend s JOIN pg_class c ON c.oid = s.objid AND c.relkind = 'S'
          WHERE s.classid = 'pg_class'::regclass AND s.refclassid = 'pg_class'::regclass
            AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum AND s.deptype = 'a') AS serial,
        NOT EXISTS (
          SELECT FROM pg_depend p
          WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
            AND NOT (p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid)
            AND NOT (p.refclassid = 'pg_type'::regclass AND p.refobjid = a.atttypid
              AND (SELECT typtype FROM pg_type WHERE oid = a.atttypid) = 'e')) AS portable
      FROM pg_attribute a
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = ?::regclass AND a.attnum > 0 AND NOT a.attisdropped
      """;

  private static final String PRIMARY_KEY =
      """
      SELECT a.attname
      FROM pg_index i
      CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      WHERE i.indrelid = ?::regclass AND i.indisprimary AND k.place <= i.indnkeyatts
      ORDER BY k.place
      """;

  private static final String ENUMS =
      """
      SELECT DISTINCT format_type(t.oid, NULL), n.nspname, t.typname,
        (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
         FROM pg_enum e WHERE e.enumtypid = t.oid)
      FROM pg_attribute a
      JOIN pg_type c ON c.oid = a.atttypid
      JOIN pg_type t ON t.oid IN (c.oid, c.typelem) AND t.typtype = 'e'
      JOIN pg_namespace n ON n.oid = t.typnamespace
      WHERE a.attrelid = ?::regclass AND a.attnum > 0 AND NOT a.attisdropped
      """;

  private DetailsCatalog() {}

  /**
   * The details of a table.
   *
   * @param connection to the source, in no transaction
   * @param table {@code schema.table}
   */
  public static TableDetails read(Connection connection, String table) throws SQLException {
    try (ReadOnlyTransaction transaction = new ReadOnlyTransaction(connection, SETTINGS)) {
      Map<String, Details> columns = new HashMap<>();
      read(connection, COLUMNS, table, row -> columns.put(row.getString(1), details(row)));
      List<String> key = new ArrayList<>();
      read(connection, PRIMARY_KEY, table, row -> key.add(row.getString(1)));
      Map<String, NewEnum> enums = new HashMap<>();
      read(connection, ENUMS, table, row -> enums.put(row.getString(1), newEnum(row)));
      return new TableDetails(columns, key, enums);
    }
  }

  private static Details details(ResultSet row) throws SQLException {
    String identity = row.getString("attidentity");
    boolean generated = row.getBoolean("generated");
    boolean serial = row.getBoolean("serial");
    String expression = row.getString("expression");
    return new Details(
        identity.equals("a")
            ? Identity.Always
            : identity.equals("d") || serial ? Identity.ByDefault : null,
        generated,
        generated || serial ? null : expression,
        row.getBoolean("portable"));
  }

  private static NewEnum newEnum(ResultSet row) throws SQLException {
    java.sql.Array labels = row.getArray(4);
    return new NewEnum(
        row.getString(2),
        row.getString(3),
        labels == null ? List.of() : Arrays.asList((String[]) labels.getArray()));
  }

  @FunctionalInterface
  private interface Reader {
    void take(ResultSet row) throws SQLException;
  }

  private static void read(Connection connection, String query, String table, Reader reader)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(query)) {
      statement.setString(1, Quote.table(table));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          reader.take(row);
        }
      }
    }
  }
}
