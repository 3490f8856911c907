package dev.drover.worker.postgres.target;

import dev.drover.wire.schema.NativeType;
import dev.drover.worker.postgres.types.Quote;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What can be done with staged rows whose keys are in a table already, for less than {@code ON
 * CONFLICT} takes: nothing, if a row is there just as it comes, bit by bit, not only equal; or a
 * plain {@code UPDATE}, which does not lock each row before it writes it. Immutable.
 */
final class RowsThere {
  /**
   * Each staged row is looked up by the key's index. What the planner would choose it chooses by
   * guessing, for nobody counts a temporary table, and to guess wrong is to read the whole table.
   */
  private static final List<String> SETTINGS =
      List.of("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_material", "jit");

  /** Since this version rows that were looked up may be kept for others of the same key. */
  private static final int MEMOIZES = 14;

  /** Two values of such a type that are equal are the same; a numeric only with a scale. */
  private static final Set<String> EQUAL_IS_SAME =
      Set.of(
          "smallint",
          "integer",
          "bigint",
          "boolean",
          "date",
          "uuid",
          "bytea",
          "time without time zone",
          "timestamp without time zone",
          "timestamp with time zone");

  private static final Set<String> TEXTS = Set.of("text", "character varying");
  private static final String NUMERIC = "numeric";

  private final String key;
  private final String table;
  private final String same;
  private final String assignments;

  private RowsThere(TargetTable table, List<TargetColumn> brought, List<String> key) {
    this.table = table.sqlName();
    this.key = joined(key, " AND ", name -> "t.%1$s OPERATOR(pg_catalog.=) s.%1$s".formatted(name));
    this.same = same(brought);
    this.assignments = joined(updated(brought, key), ", ", name -> name + " = s." + name);
  }

  /**
   * @param columns the columns that rows bring, in order
   * @param key those among them that identify a row
   * @return empty if the table is to see each row that comes, might refuse one that is there, has a
   *     key by which rows cannot be looked up, or nothing that an upsert would change
   */
  static Optional<RowsThere> of(TargetTable table, List<String> columns, List<String> key) {
    List<TargetColumn> brought =
        columns.stream().map(table::column).flatMap(Optional::stream).toList();
    if (table.kind() != TargetTable.Kind.Table
        || !table.hooks().comparable()
        || brought.size() < columns.size()
        || updated(brought, key).isEmpty()
        || mayRefuseWhatIsThere(table, columns)
        || !brought.stream().filter(c -> key.contains(c.name())).allMatch(RowsThere::isFound)) {
      return Optional.empty();
    }
    return Optional.of(new RowsThere(table, brought, key));
  }

  /** What holds of a staged row {@code s} that is not there as it comes. */
  String differs() {
    return "NOT EXISTS (SELECT FROM ONLY %s AS t WHERE %s AND %s)".formatted(table, key, same);
  }

  /** Updates the rows that are there from a staging table; of several of one key any. */
  String update(String staging) {
    return "UPDATE ONLY %s AS t SET %s FROM %s s WHERE %s"
        .formatted(table, assignments, staging, key);
  }

  private static List<String> updated(List<TargetColumn> brought, List<String> key) {
    return brought.stream()
        .filter(c -> !key.contains(c.name()) && StagedWriter.isUpdatable(c))
        .map(TargetColumn::name)
        .toList();
  }

  /**
   * What the planner has to know before such a statement, to the end of the transaction.
   *
   * @param version the server's major version
   */
  static String settings(int version) {
    String all =
        SETTINGS.stream().map("SET LOCAL %s = off; "::formatted).collect(Collectors.joining());
    return version < MEMOIZES ? all : all + "SET LOCAL enable_memoize = off; ";
  }

  /**
   * A row is judged by what it would be without the other: its checks, and those of its domains,
   * see defaults, then.
   */
  private static boolean mayRefuseWhatIsThere(TargetTable table, List<String> columns) {
    List<TargetColumn> lacking =
        table.columns().stream().filter(c -> !columns.contains(c.name())).toList();
    return !lacking.isEmpty() && table.hooks().checks()
        || lacking.stream().anyMatch(c -> !c.nullable() && !c.hasDefault())
        || lacking.stream().anyMatch(c -> !c.nativeType().equals(c.storedType()));
  }

  /** What is cheap to compare goes first. */
  private static String same(List<TargetColumn> columns) {
    List<String> terms = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (TargetColumn column : columns) {
      String name = Quote.identifier(column.name());
      if (TEXTS.contains(type(column))) {
        terms.add(same("t.%1$s COLLATE pg_catalog.\"C\"", "s.%1$s", name));
      } else if (isSameIfEqual(column)) {
        terms.add(same("t.%1$s", "s.%1$s", name));
      } else {
        others.add(column.name());
      }
    }
    if (!others.isEmpty()) {
      terms.add(image(others, "t") + " OPERATOR(pg_catalog.*=) " + image(others, "s"));
    }
    return String.join(" AND ", terms);
  }

  private static String same(String there, String comes, String name) {
    return ("("
            + there
            + " OPERATOR(pg_catalog.=) "
            + comes
            + " OR t.%1$s IS NULL AND s.%1$s IS NULL)")
        .formatted(name);
  }

  private static String image(List<String> columns, String alias) {
    return "ROW(%s)::pg_catalog.record"
        .formatted(joined(columns, ", ", name -> alias + "." + name));
  }

  /** The operator has to be the one of the key's index. */
  private static boolean isFound(TargetColumn column) {
    return TEXTS.contains(type(column))
        || EQUAL_IS_SAME.contains(type(column))
        || type(column).equals(NUMERIC);
  }

  private static boolean isSameIfEqual(TargetColumn column) {
    return EQUAL_IS_SAME.contains(type(column))
        || type(column).equals(NUMERIC) && !column.storedType().equals(NUMERIC);
  }

  private static String type(TargetColumn column) {
    NativeType type = NativeType.of(column.storedType());
    return type.array() ? column.storedType() : type.base();
  }

  private static String joined(
      List<String> names, String separator, Function<String, String> term) {
    return names.stream().map(Quote::identifier).map(term).collect(Collectors.joining(separator));
  }
}
