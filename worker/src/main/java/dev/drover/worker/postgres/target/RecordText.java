package dev.drover.worker.postgres.target;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A value of a composite type as PostgreSQL prints it, such as {@code (1.25,,"a, b")}, and the type
 * as {@link TargetColumn#storedType} has it: {@code ROW(numeric(10,2),text)}. Pure.
 */
final class RecordText {
  private static final String TYPE = "ROW(";

  private RecordText() {}

  /** Whether a type without modifiers of its own is a composite one. */
  static boolean isType(String type) {
    return type.startsWith(TYPE) && type.endsWith(")");
  }

  /** The types of its fields. */
  static List<String> types(String type) {
    List<String> types = new ArrayList<>();
    int begin = TYPE.length();
    int depth = 0;
    boolean quoted = false;
    for (int i = begin; i < type.length(); i++) {
      char c = type.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && c == '(') {
        depth++;
      } else if (!quoted && depth == 0 && (c == ',' || c == ')')) {
        types.add(type.substring(begin, i));
        begin = i + 1;
      } else if (!quoted && c == ')') {
        depth--;
      }
    }
    return types;
  }

  /** The texts of its fields; null for one that is null. */
  static List<@Nullable String> fields(String record) {
    List<@Nullable String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean within = false;
    boolean quoted = false;
    for (int i = record.indexOf('(') + 1; i < record.length(); i++) {
      char c = record.charAt(i);
      boolean doubled =
          within && c == '"' && i + 1 < record.length() && record.charAt(i + 1) == '"';
      if (doubled || c == '\\' && i + 1 < record.length()) {
        field.append(record.charAt(++i));
      } else if (c == '"') {
        within = !within;
        quoted = true;
      } else if (within || c != ',' && c != ')') {
        field.append(c);
      } else {
        fields.add(quoted || !field.isEmpty() ? field.toString() : null);
        field.setLength(0);
        quoted = false;
      }
    }
    return fields;
  }
}
