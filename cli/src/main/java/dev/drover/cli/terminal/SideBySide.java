package dev.drover.cli.terminal;

import java.util.ArrayList;
import java.util.List;

/** Two versions of a thing in two columns, a field a row. Pure. */
public final class SideBySide {
  private static final int MOST_LINES = 8;
  private static final int NARROWEST = 16;
  private static final String CHANGED = "* ";
  private static final String SAME = "  ";
  private static final String GAP = " | ";

  private SideBySide() {}

  /**
   * A field in both versions.
   *
   * @param name of the field
   * @param left as it was
   * @param right as it is
   * @param changed whether the two differ; such a row has a star, so that no colour is needed
   */
  public record Row(String name, String left, String right, boolean changed) {}

  /**
   * Both versions.
   *
   * @param width columns to keep within, unless names are very long
   */
  public static String text(String left, String right, List<Row> rows, int width, Style style) {
    int names = rows.stream().mapToInt(r -> Table.width(Printable.line(r.name()))).max().orElse(0);
    names = Math.max(names, "FIELD".length());
    int values = Math.max(NARROWEST, (width - names - SAME.length() - 2 * GAP.length()) / 2);
    int widest =
        rows.stream()
            .mapToInt(r -> Math.max(Table.width(Printable.line(r.left())), left.length()))
            .max()
            .orElse(values);
    int leftWidth = Math.min(values, widest);
    StringBuilder text = new StringBuilder();
    String heading = SAME + pad("FIELD", names) + GAP + pad(left, leftWidth) + GAP + right;
    text.append(style.strong(heading.stripTrailing())).append('\n');
    for (Row row : rows) {
      List<String> lefts = wrap(Printable.line(row.left()), leftWidth);
      List<String> rights = wrap(Printable.line(row.right()), values);
      for (int i = 0; i < Math.max(lefts.size(), rights.size()); i++) {
        String l = pad(i < lefts.size() ? lefts.get(i) : "", leftWidth);
        String r = i < rights.size() ? rights.get(i) : "";
        String name = pad(i == 0 ? Printable.line(row.name()) : "", names);
        String line =
            row.changed()
                ? style.strong(i == 0 ? CHANGED : SAME)
                    + name
                    + GAP
                    + style.bad(l)
                    + GAP
                    + style.good(r)
                : SAME + name + GAP + l + GAP + r;
        text.append(line.stripTrailing()).append('\n');
      }
    }
    return text.toString();
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(0, width - Table.width(text)));
  }

  /** A text in lines of a width; what is longer than a screen is cut, with its length. */
  private static List<String> wrap(String text, int width) {
    int[] points = text.codePoints().toArray();
    List<String> lines = new ArrayList<>();
    for (int from = 0; from < points.length; from += width) {
      if (lines.size() == MOST_LINES) {
        lines.add("… (" + Amounts.count(points.length) + " characters)");
        return lines;
      }
      lines.add(new String(points, from, Math.min(width, points.length - from)));
    }
    return lines.isEmpty() ? List.of("") : lines;
  }
}
