package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The parts of SQL that read one table: its source, its columns, its key. Names and values are
 * quoted here and nowhere else. Immutable.
 */
final class TableSql {
  private static final String POSITION = "t.ctid";

  /** The schemas of a table's columns' types, those beneath domains included. */
  private static final String TYPE_SCHEMAS =
      """
      WITH RECURSIVE used(oid) AS (
        SELECT atttypid FROM pg_catalog.pg_attribute
        WHERE attrelid = ?::pg_catalog.regclass AND attname = ANY (?)
        UNION
        SELECT t.typbasetype FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.oid
        WHERE t.typtype = 'd'
      )
      SELECT pg_catalog.set_config('search_path',
        'pg_catalog, ' || pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(n.nspname), ', ')
          || CASE WHEN pg_catalog.row_security_active(?::pg_catalog.regclass) THEN COALESCE(
            (SELECT ', ' || NULLIF(reset_val, '') FROM pg_catalog.pg_settings
             WHERE name = 'search_path'), '') ELSE '' END,
        true)
      FROM used u
      JOIN pg_catalog.pg_type t ON t.oid = u.oid
      JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
      """;

  /** The server's compression makes no value shorter than by this factor. */
  private static final int MOST_COMPRESSED = 256;

  /** Whether the table, or a partition of it, holds values that do not fit a page. */
  private static final String HAS_LARGE_VALUES =
      """
      SELECT COALESCE(sum(pg_catalog.pg_relation_size(reltoastrelid)), 0) > 0
      FROM pg_catalog.pg_class
      WHERE reltoastrelid <> 0 AND (oid = ?::pg_catalog.regclass
        OR oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(?::pg_catalog.regclass)))
      """;

  private final String name;
  private final String from;
  private final RecordSchema schema;
  private final List<Column> key;

  private TableSql(String name, String from, RecordSchema schema, List<Column> key) {
    this.name = name;
    this.from = from;
    this.schema = schema;
    this.key = key;
  }

  /**
   * The SQL for a table. Rows of tables that inherit from it are theirs, not its own; rows of its
   * partitions are its own.
   *
   * @throws SQLException if the server has no such table
   */
  static TableSql of(Connection connection, RecordSchema schema, List<String> key)
      throws SQLException {
    String name = Quote.table(schema.table());
    boolean partitioned;
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT relkind = 'p' FROM pg_catalog.pg_class WHERE oid = ?::pg_catalog.regclass")) {
      query.setString(1, name);
      try (ResultSet row = query.executeQuery()) {
        partitioned = row.next() && row.getBoolean(1);
      }
    }
    List<Column> columns = new ArrayList<>();
    for (String column : key) {
      columns.add(
          schema
              .columns()
              .get(
                  schema
                      .indexOf(column)
                      .orElseThrow(
                          () ->
                              new NoSuchElementException(
                                  "%s has no column %s".formatted(schema.table(), column)))));
    }
    String from = partitioned ? name + " AS t" : "ONLY " + name + " AS t";
    return new TableSql(name, from, schema, List.copyOf(columns));
  }

  /** Whether a row may be larger than some megabytes. */
  boolean hasLargeValues(Connection connection) throws SQLException {
    if (schema.columns().stream().noneMatch(TableSql::varies)) {
      return false;
    }
    try (PreparedStatement query = connection.prepareStatement(HAS_LARGE_VALUES)) {
      query.setString(1, name);
      query.setString(2, name);
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  /**
   * Makes comparisons in this transaction those that {@code ORDER BY} and the key's index use. A
   * type brings its order along, but {@code >} is looked up by name: with an extension's schema off
   * the path, citext would be compared as text, and ranges would lose rows. Policies of row
   * security may call functions by names that are found on the login's own path, which comes last.
   */
  void useOperatorsOfKey(Connection connection) throws SQLException {
    if (keyless()) {
      return;
    }
    try (PreparedStatement query = connection.prepareStatement(TYPE_SCHEMAS)) {
      query.setString(1, Quote.table(schema.table()));
      query.setArray(2, connection.createArrayOf("name", key.stream().map(Column::name).toArray()));
      query.setString(3, Quote.table(schema.table()));
      query.executeQuery().close();
    }
  }

  boolean keyless() {
    return key.isEmpty();
  }

  /** What stands after {@code FROM}. */
  String from() {
    return from;
  }

  /**
   * The select list of {@link Tuple}: a keyless table's position comes first.
   *
   * @param weighed whether to tell of rows that are too large instead of giving them; asks for
   *     {@link #weight}
   */
  String columns(boolean weighed) {
    List<String> columns = new ArrayList<>();
    if (keyless()) {
      columns.add(POSITION);
    }
    if (weighed) {
      columns.add("weight.large");
    }
    for (Column column : schema.columns()) {
      String value = Tuple.isText(column.type()) ? text(column) : name(column);
      columns.add(
          weighed && varies(column) && !key.contains(column)
              ? "CASE WHEN NOT weight.large THEN " + value + " END"
              : value);
    }
    return String.join(", ", columns);
  }

  /**
   * What stands after {@code FROM …} to weigh each row. The length of a text or of bytes is known
   * without reading them.
   *
   * @param most the most bytes that a row's values may have together
   */
  String weight(int most) {
    String sum =
        schema.columns().stream()
            .filter(TableSql::varies)
            .map(column -> length(column, most / MOST_COMPRESSED))
            .collect(Collectors.joining(" + "));
    return " CROSS JOIN LATERAL (SELECT %s > %d AS large OFFSET 0) AS weight".formatted(sum, most);
  }

  /** A value that takes no more room than {@code small} at the server need not be looked into. */
  private static String length(Column column, int small) {
    String name = name(column);
    return "CASE WHEN pg_catalog.pg_column_size(%s) > %d THEN pg_catalog.octet_length(%s)::int8 ELSE 0 END"
        .formatted(name, small, column.type() == ColumnType.BYTES ? name : text(column));
  }

  private static boolean varies(Column column) {
    return switch (column.type()) {
      case TEXT, BYTES, JSON, DECIMAL, ARRAY, OTHER -> true;
      default -> false;
    };
  }

  /** The key's columns as text, comma-separated, named {@code k0, k1, …}. */
  String keyTexts() {
    List<String> texts = new ArrayList<>();
    for (Column column : key) {
      texts.add(text(column) + " AS k" + texts.size());
    }
    return String.join(", ", texts);
  }

  /** Reads {@link #keyTexts} from the current row. */
  List<String> keyTexts(ResultSet row) throws SQLException {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < key.size(); i++) {
      parts.add(row.getString("k" + i));
    }
    return parts;
  }

  /** The key's columns for {@code ORDER BY}, each followed by a direction. */
  String order(String direction) {
    return key.stream().map(column -> name(column) + direction).collect(Collectors.joining(", "));
  }

  /**
   * The condition, {@code WHERE} included, that a row's key is within a range; empty for all. It
   * compares rows as a whole, which an index on the key's columns can answer.
   */
  String where(KeyRange range) {
    List<String> conditions = new ArrayList<>();
    String key = keyless() ? POSITION : row(this.key.stream().map(TableSql::name).toList());
    if (range.after() != null) {
      conditions.add(key + " > " + bound(range.after()));
    } else if (keyless()) {
      conditions.add(key + " > '(0,0)'::tid");
    }
    if (range.upTo() != null) {
      conditions.add(key + " <= " + bound(range.upTo()));
    }
    return conditions.isEmpty() ? "" : " WHERE " + String.join(" AND ", conditions);
  }

  /** What stands after {@code JOIN} for those rows alone that have one of some keys. */
  String among(List<List<String>> keys) {
    String rows =
        keys.stream()
            .map(texts -> "(" + String.join(", ", values(texts)) + ")")
            .collect(Collectors.joining(", "));
    List<String> names = new ArrayList<>();
    List<String> equal = new ArrayList<>();
    for (int i = 0; i < key.size(); i++) {
      names.add("k" + i);
      equal.add(name(key.get(i)) + " = asked.k" + i);
    }
    return "(VALUES %s) AS asked(%s) ON %s"
        .formatted(rows, String.join(", ", names), String.join(" AND ", equal));
  }

  private String bound(List<String> texts) {
    if (texts.size() != (keyless() ? 1 : key.size())) {
      throw new IllegalArgumentException(
          "%s: a bound of %d parts for a key of %d columns"
              .formatted(schema.table(), texts.size(), key.size()));
    }
    if (keyless()) {
      return Quote.literal(texts.getFirst()) + "::tid";
    }
    return row(values(texts));
  }

  private List<String> values(List<String> texts) {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < key.size(); i++) {
      values.add(Quote.literal(texts.get(i)) + "::" + key.get(i).nativeType());
    }
    return values;
  }

  /** With the table's name before it: a bare name in {@code ORDER BY} means the select list's. */
  private static String name(Column column) {
    return "t." + Quote.identifier(column.name());
  }

  private static String row(List<String> parts) {
    return parts.size() == 1 ? parts.getFirst() : "(" + String.join(", ", parts) + ")";
  }

  /** A cast to text prints what the type's output function prints, but for inet's mask. */
  private static String text(Column column) {
    String name = name(column);
    return column.nativeType().equals("inet")
        ? "pg_catalog.inet_out(" + name + ")::text"
        : name + "::text";
  }

  /** The last key in the table's order, or null if the table is empty. */
  @Nullable List<String> maxKey(Connection connection) throws SQLException {
    String sql =
        keyless()
            // The end of the file as it is now; finding the last row itself would read them all.
            ? "SELECT '(' || size / block - 1 || ',65535)' FROM (SELECT pg_relation_size("
                + Quote.literal(Quote.table(schema.table()))
                + "::regclass) AS size, current_setting('block_size')::int8 AS block) AS file"
                + " WHERE size > 0"
            : "SELECT " + keyTexts() + " FROM " + from + " ORDER BY " + order(" DESC") + " LIMIT 1";
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      if (!row.next()) {
        return null;
      }
      return keyless() ? List.of(row.getString(1)) : keyTexts(row);
    }
  }

  /**
   * Of the rows in a range, the key of the one with so many behind it; null if there are no more
   * than that. For a table with a key.
   */
  @Nullable List<String> keyFromEnd(Connection connection, KeyRange range, long behind)
      throws SQLException {
    String sql =
        "SELECT %s FROM %s%s ORDER BY %s OFFSET %d LIMIT 1"
            .formatted(keyTexts(), from, where(range), order(" DESC"), behind);
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.next() ? keyTexts(row) : null;
    }
  }
}
