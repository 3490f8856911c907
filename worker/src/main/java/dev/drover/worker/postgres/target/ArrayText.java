package dev.drover.worker.postgres.target;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** An array as PostgreSQL prints it, such as {@code {1,NULL,"a, b"}}. Pure. */
final class ArrayText {
  private ArrayText() {}

  /** The texts of its elements, whatever its dimensions, without those that are null. */
  static Stream<String> elements(String array) {
    List<String> elements = new ArrayList<>();
    StringBuilder element = new StringBuilder();
    boolean quoted = false;
    boolean within = false;
    // What comes before the first brace are the bounds of its dimensions.
    for (int i = Math.max(0, array.indexOf('{')); i < array.length(); i++) {
      char c = array.charAt(i);
      if (c == '\\' && i + 1 < array.length()) {
        element.append(array.charAt(++i));
      } else if (c == '"') {
        within = !within;
        quoted = true;
      } else if (within || c != '{' && c != '}' && c != ',') {
        element.append(c);
      } else {
        if (quoted || !element.isEmpty() && !element.toString().equals("NULL")) {
          elements.add(element.toString());
        }
        element.setLength(0);
        quoted = false;
      }
    }
    return elements.stream();
  }
}
