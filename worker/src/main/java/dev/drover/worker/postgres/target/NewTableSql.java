package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.NewTable.NewColumn;
import dev.drover.wire.plan.NewTable.NewEnum;
import dev.drover.worker.postgres.types.Quote;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The statements that make a table which a target lacks. Pure. */
final class NewTableSql {
  private NewTableSql() {}

  /** The table itself, with its key. */
  static String table(NewTable table) {
    List<String> lines = new ArrayList<>();
    table.columns().forEach(column -> lines.add(column(column)));
    if (!table.key().isEmpty()) {
      lines.add((table.primary() ? "PRIMARY KEY (" : "UNIQUE (") + names(table.key()) + ")");
    }
    return "CREATE TABLE " + Quote.table(table.table()) + " (" + String.join(", ", lines) + ")";
  }

  /** An enum type. */
  static String type(NewEnum type) {
    return "CREATE TYPE "
        + name(type)
        + " AS ENUM ("
        + type.labels().stream().map(Quote::literal).collect(Collectors.joining(", "))
        + ")";
  }

  /** The quoted name of an enum type. */
  static String name(NewEnum type) {
    return Quote.identifier(type.schema()) + "." + Quote.identifier(type.name());
  }

  private static String column(NewColumn column) {
    StringBuilder sql = new StringBuilder(Quote.identifier(column.name()));
    sql.append(' ').append(column.type());
    if (column.identity() != null) {
      sql.append(" GENERATED ")
          .append(column.identity() == NewTable.Identity.Always ? "ALWAYS" : "BY DEFAULT")
          .append(" AS IDENTITY");
    } else if (column.defaultTo() != null) {
      sql.append(" DEFAULT ").append(column.defaultTo());
    }
    return sql.append(column.nullable() ? "" : " NOT NULL").toString();
  }

  private static String names(List<String> columns) {
    return columns.stream().map(Quote::identifier).collect(Collectors.joining(", "));
  }
}
