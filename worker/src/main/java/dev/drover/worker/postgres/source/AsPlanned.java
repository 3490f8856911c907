package dev.drover.worker.postgres.source;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes sure that a table still is as it was planned, in all that reading builds on: the types of
 * its columns, of which some look alike on the wire, and a key that is unique and never null, since
 * rows of one key, or without one, would be passed over between two reads. What the table gained
 * since does not matter. A key of another collation, thus another order, is not seen: the plan does
 * not hold it.
 */
final class AsPlanned {
  private static final String PLANNED_ANEW =
      "or edit the extract (its splitRecords, say), so that it is planned anew";

  private static final String CHANGED = "42804";

  private static final String COLUMNS =
      """
      SELECT attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull
      FROM pg_catalog.pg_attribute
      WHERE attrelid = ?::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped
      """;

  private static final String UNIQUE =
      """
      SELECT EXISTS (
        SELECT FROM pg_catalog.pg_index i
        WHERE i.indrelid = ?::pg_catalog.regclass AND i.indisunique AND i.indisvalid
          AND i.indpred IS NULL AND i.indexprs IS NULL
          AND (SELECT pg_catalog.array_agg(a.attname)
               FROM pg_catalog.unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) k(attnum)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
            <@ ?::name[])
      """;

  private AsPlanned() {}

  /**
   * Begins a transaction in which a table is as planned, and stays so to its end.
   *
   * @param settings SQL to run first, such as {@code SET LOCAL …}
   * @throws SQLException SQLSTATE 42804 or 42703 if it is another now; says what to change back
   */
  static ReadOnlyTransaction begin(
      Connection connection,
      SourceView view,
      RecordSchema schema,
      List<String> key,
      String settings)
      throws SQLException {
    ReadOnlyTransaction transaction = new ReadOnlyTransaction(connection, view, settings);
    try {
      // By itself, so that a limit among the settings holds for it. Types are written as when the
      // catalogue was read for the plan.
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            "SET LOCAL search_path = pg_catalog; LOCK TABLE ONLY "
                + Quote.table(schema.table())
                + " IN ACCESS SHARE MODE");
      }
      require(connection, schema, key);
      if (key.isEmpty()) {
        // Policies of row security may call functions by names that are found on the login's path.
        try (Statement statement = connection.createStatement()) {
          statement.execute("SET LOCAL search_path TO DEFAULT");
        }
      }
      return transaction;
    } catch (SQLException e) {
      try {
        transaction.close();
      } catch (SQLException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  private static void require(Connection connection, RecordSchema schema, List<String> key)
      throws SQLException {
    String table = Quote.table(schema.table());
    Map<String, String> types = new HashMap<>();
    Map<String, Boolean> required = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(COLUMNS)) {
      query.setString(1, table);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          types.put(row.getString(1), row.getString(2));
          required.put(row.getString(1), row.getBoolean(3));
        }
      }
    }
    for (Column column : schema.columns()) {
      String type = types.get(column.name());
      if (type == null) {
        throw changed("42703", schema, column.name(), "gone: restore it, " + PLANNED_ANEW);
      }
      if (!type.equals(column.nativeType())) {
        throw changed(
            CHANGED,
            schema,
            column.name(),
            "%s now and was %s when planned: change it back, %s"
                .formatted(type, column.nativeType(), PLANNED_ANEW));
      }
    }
    for (String column : key) {
      if (!required.getOrDefault(column, false)) {
        throw changed(
            CHANGED,
            schema,
            column,
            "nullable now, and rows without it would be passed over: make it NOT NULL again");
      }
    }
    if (!key.isEmpty() && !isUnique(connection, table, key)) {
      throw new SQLException(
          "%s has no unique index over (%s) any more, and rows of one key would be passed over: create it again"
              .formatted(schema.table(), String.join(", ", key)),
          CHANGED);
    }
  }

  private static boolean isUnique(Connection connection, String table, List<String> key)
      throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(UNIQUE)) {
      query.setString(1, table);
      query.setArray(2, connection.createArrayOf("name", key.toArray()));
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  private static SQLException changed(
      String state, RecordSchema schema, String column, String isNow) {
    return new SQLException(
        "column %s of %s is %s".formatted(column, schema.table(), isNow), state);
  }
}
