package dev.drover.worker.lookup;

import dev.drover.wire.schema.Column;
import dev.drover.worker.postgres.Quote;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A query for one record, as it is asked for many keys at once: the keys are the rows of a table
 * that the query is joined to. Pure and immutable.
 *
 * @param query the user's
 * @param keys the fields that it asks by, as the records have them, in the query's order
 * @param columns what it answers, in order; their values are asked for as text, which is exact
 */
public record LookupQuery(QueryText query, List<Column> keys, List<Column> columns)
    implements Question {
  /** No table of a user's is called so. */
  private static final String KEYS = "drover__keys";

  private static final String ANSWERS = "drover__answers";

  public LookupQuery {
    keys = List.copyOf(keys);
    columns = List.copyOf(columns);
  }

  /**
   * The statement: one array for each key field; its rows are the place of the key, from 1, and the
   * columns as text.
   */
  String sql() {
    return select(
        columns.stream().map(LookupQuery::text).map(c -> ", " + c).collect(Collectors.joining()));
  }

  /** The statement with the columns as they are. */
  String sqlToDescribe() {
    return select(", " + ANSWERS + ".*");
  }

  private String select(String answers) {
    List<String> names = IntStream.rangeClosed(1, keys.size()).mapToObj(i -> "k" + i).toList();
    List<String> fields = keys.stream().map(Column::name).toList();
    // What the user wrote may end in a comment, which ends with the line.
    return "SELECT %s.ord%s FROM unnest(%s) WITH ORDINALITY AS %s (%s, ord)\nJOIN LATERAL (\n%s\n) AS %s ON true"
        .formatted(
            KEYS,
            answers,
            keys.stream().map(k -> "?").collect(Collectors.joining(", ")),
            KEYS,
            String.join(", ", names),
            query.with(field -> KEYS + "." + names.get(fields.indexOf(field))),
            ANSWERS);
  }

  /** A cast to text prints what the type's output function prints, but for inet's mask. */
  private static String text(Column column) {
    String name = ANSWERS + "." + Quote.identifier(column.name());
    return column.nativeType().equals("inet")
        ? "pg_catalog.inet_out(" + name + ")::text"
        : name + "::text";
  }

  /**
   * The server's type of a key's array elements. The record's own type may be one that only its
   * source has: it is asked for as text then, which the query may cast.
   */
  static String arrayType(Column key) {
    return switch (key.type()) {
      case BOOLEAN -> "bool";
      case SMALLINT -> "int2";
      case INTEGER -> "int4";
      case BIGINT -> "int8";
      case REAL -> "float4";
      case DOUBLE -> "float8";
      case DECIMAL -> "numeric";
      case BYTES -> "bytea";
      case DATE -> "date";
      case TIME -> "time";
      case TIMESTAMP -> "timestamp";
      case TIMESTAMPTZ -> "timestamptz";
      case UUID -> "uuid";
      case JSON -> key.nativeType().equals("json") ? "json" : "jsonb";
      case TEXT, ENUM, ARRAY, OTHER -> "text";
    };
  }
}
