package dev.drover.cli.record;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.cli.terminal.SideBySide;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Two versions of a record, field by field. Pure. */
public final class RecordDiff {
  private static final String ABSENT = "";

  private RecordDiff() {}

  /** All fields, in the order of the first version. */
  public static List<SideBySide.Row> all(@Nullable JsonNode before, @Nullable JsonNode after) {
    Set<String> names = new LinkedHashSet<>();
    for (JsonNode version : new JsonNode[] {before, after}) {
      if (version != null) {
        version.fieldNames().forEachRemaining(names::add);
      }
    }
    List<SideBySide.Row> rows = new ArrayList<>();
    for (String name : names) {
      JsonNode left = before == null ? null : before.get(name);
      JsonNode right = after == null ? null : after.get(name);
      boolean changed = after != null && right != null && !right.equals(left);
      rows.add(new SideBySide.Row(name, text(left), text(right), changed));
    }
    return rows;
  }

  /** Only the fields that differ. */
  public static List<SideBySide.Row> changes(@Nullable JsonNode before, @Nullable JsonNode after) {
    return all(before, after).stream().filter(SideBySide.Row::changed).toList();
  }

  /** A text in quotes, so that it differs from a number and from null. */
  private static String text(@Nullable JsonNode value) {
    return value == null ? ABSENT : value.toString();
  }
}
