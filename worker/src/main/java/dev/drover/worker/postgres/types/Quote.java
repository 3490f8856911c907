package dev.drover.worker.postgres.types;

/** Names and values as they stand in SQL text, safe whatever they hold. */
public final class Quote {
  private Quote() {}

  /** A name of a column, table or schema, always in double quotes. */
  public static String identifier(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /**
   * A table named {@code schema.table}; the schema ends at the first dot.
   *
   * @throws IllegalArgumentException if there is no dot
   */
  public static String table(String table) {
    int dot = table.indexOf('.');
    if (dot < 0) {
      throw new IllegalArgumentException("a table is named schema.table, not " + table);
    }
    return identifier(table.substring(0, dot)) + '.' + identifier(table.substring(dot + 1));
  }

  /** A string constant, for a session with standard_conforming_strings on. */
  public static String literal(String text) {
    return '\'' + text.replace("'", "''") + '\'';
  }
}
