package dev.drover.wire.plan;

import java.util.List;
import java.util.regex.Pattern;

/**
 * A table by name or pattern: {@code schema.table}, where {@code *} stands for any run of
 * characters. Immutable and thread-safe.
 */
public final class TablePattern {
  private final Pattern regex;

  private TablePattern(Pattern regex) {
    this.regex = regex;
  }

  /** The pattern that a text describes. */
  public static TablePattern of(String text) {
    StringBuilder regex = new StringBuilder();
    for (String literal : text.split("\\*", -1)) {
      regex.append(regex.isEmpty() ? "" : ".*").append(Pattern.quote(literal));
    }
    return new TablePattern(Pattern.compile(regex.toString()));
  }

  /** Whether a table, {@code schema.table}, is meant. */
  public boolean matches(String table) {
    return regex.matcher(table).matches();
  }

  /** Whether a table is meant by any of the patterns; no pattern at all means every table. */
  public static boolean anyMatches(List<String> patterns, String table) {
    return patterns.isEmpty() || patterns.stream().anyMatch(p -> of(p).matches(table));
  }
}
