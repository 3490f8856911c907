package dev.drover.worker.postgres.source;

import dev.drover.worker.postgres.types.Attribute;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds by which columns the rows of a table are told apart and ordered. */
final class TableKeys {
  /**
   * A unique index serves as a key if it is a whole, plain B-tree in the very order that {@code
   * ORDER BY} its columns asks for, forwards or backwards: with another collation or operator class
   * two of its keys might be one to a comparison, and a range between them would lose a row.
   */
  private static final String QUERY =
      """
      SELECT i.indrelid::int8 AS relation, (i.indkey::int2[])[0:i.indnkeyatts - 1] AS columns
      FROM pg_index i
      JOIN pg_class x ON x.oid = i.indexrelid
      JOIN pg_am m ON m.oid = x.relam
      WHERE i.indrelid = ANY (?) AND m.amname = 'btree' AND i.indisunique AND i.indisvalid
        AND i.indpred IS NULL AND i.indexprs IS NULL
        AND NOT EXISTS (
          SELECT
          FROM unnest(i.indkey::int2[], i.indcollation::oid[], i.indclass::oid[], i.indoption::int2[])
            WITH ORDINALITY AS k(attnum, coll, opclass, options, place)
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
          JOIN pg_opclass o ON o.oid = k.opclass
          WHERE k.place <= i.indnkeyatts
            AND (k.coll <> a.attcollation OR NOT o.opcdefault
              OR k.options NOT IN (0, 3) OR k.options <> i.indoption[0]))
      ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, i.indexrelid
      """;

  private TableKeys() {}

  /**
   * The key of each table that has one: its primary key, else the unique index of the fewest
   * columns none of which can be null.
   */
  static Map<Long, List<String>> of(
      Connection connection, Collection<Long> tables, Map<Long, List<Attribute>> attributes)
      throws SQLException {
    Map<Long, List<String>> keys = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(QUERY)) {
      query.setArray(1, connection.createArrayOf("oid", tables.toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          long table = row.getLong("relation");
          Map<Integer, Attribute> byNumber = new HashMap<>();
          attributes.getOrDefault(table, List.of()).forEach(a -> byNumber.put(a.number(), a));
          List<Attribute> columns = new ArrayList<>();
          for (Object number : (Object[]) row.getArray("columns").getArray()) {
            columns.add(byNumber.get(((Number) number).intValue()));
          }
          if (columns.stream().noneMatch(a -> a == null || a.column().nullable())) {
            keys.putIfAbsent(table, columns.stream().map(a -> a.column().name()).toList());
          }
        }
      }
    }
    return keys;
  }
}
