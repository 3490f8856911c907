package dev.drover.cli.terminal;

/**
 * Text from a resource as it may be written to a terminal: a record's value must not move the
 * cursor, change colours or break a line of a table.
 */
public final class Printable {
  private Printable() {}

  /** The text on one line; characters that a terminal would obey are shown as escapes. */
  public static String line(String text) {
    return clean(text, false);
  }

  /** The same, with line ends kept. */
  public static String lines(String text) {
    return clean(text, true);
  }

  private static String clean(String text, boolean keepLineEnds) {
    StringBuilder shown = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (c == '\n' && keepLineEnds) {
                shown.append('\n');
              } else if (c == '\n') {
                shown.append("\\n");
              } else if (c == '\r') {
                shown.append("\\r");
              } else if (c == '\t') {
                shown.append("\\t");
              } else if (isObeyed(c)) {
                shown.append("\\u%04x".formatted(c));
              } else {
                shown.appendCodePoint(c);
              }
            });
    return shown.toString();
  }

  /** Controls, and those that turn the direction of writing. */
  private static boolean isObeyed(int c) {
    int type = Character.getType(c);
    return type == Character.CONTROL
        || type == Character.FORMAT
        || type == Character.SURROGATE
        || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR;
  }

  /** At most so many characters, the last one a mark that there are more. */
  public static String cut(String text, int most) {
    if (text.codePointCount(0, text.length()) <= most) {
      return text;
    }
    return text.substring(0, text.offsetByCodePoints(0, Math.max(0, most - 1))) + "…";
  }
}
