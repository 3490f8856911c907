package dev.drover.worker.postgres.lookup;

import dev.drover.wire.schema.Column;
import dev.drover.worker.lookup.LookupQuery;
import dev.drover.worker.postgres.types.Quote;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A lookup's query as the server is asked for many keys at once: the keys are the rows of a table
 * that the query is joined to. Pure.
 */
final class LookupSql {
  /** No table of a user's is called so. */
  private static final String KEYS = "drover__keys";

  private static final String ANSWERS = "drover__answers";

  private LookupSql() {}

  /**
   * The statement: one array for each key field; its rows are the place of the key, from 1, and the
   * columns as text.
   */
  static String of(LookupQuery query) {
    return select(
        query,
        query.columns().stream()
            .map(LookupSql::text)
            .map(c -> ", " + c)
            .collect(Collectors.joining()));
  }

  /** The statement with the columns as they are. */
  static String toDescribe(LookupQuery query) {
    return select(query, ", " + ANSWERS + ".*");
  }

  private static String select(LookupQuery query, String answers) {
    List<String> names =
        IntStream.rangeClosed(1, query.keys().size()).mapToObj(i -> "k" + i).toList();
    List<String> fields = query.keys().stream().map(Column::name).toList();
    // What the user wrote may end in a comment, which ends with the line.
    return "SELECT %s.ord%s FROM unnest(%s) WITH ORDINALITY AS %s (%s, ord)\nJOIN LATERAL (\n%s\n) AS %s ON true"
        .formatted(
            KEYS,
            answers,
            query.keys().stream().map(k -> "?").collect(Collectors.joining(", ")),
            KEYS,
            String.join(", ", names),
            query.query().with(field -> KEYS + "." + names.get(fields.indexOf(field))),
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
