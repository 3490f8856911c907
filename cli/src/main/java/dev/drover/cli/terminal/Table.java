package dev.drover.cli.terminal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** Rows under headings, each column as wide as its widest cell. Not thread-safe. */
public final class Table {
  private static final Pattern ESCAPES = Pattern.compile("\u001b\\[[0-9;]*m");
  private static final String GAP = "   ";

  private final List<String> headings;
  private final boolean[] right;
  private final List<List<String>> rows = new ArrayList<>();

  /** A table with these headings; one that begins with {@code >} stands at the right. */
  public Table(String... headings) {
    right = new boolean[headings.length];
    this.headings = new ArrayList<>();
    for (int i = 0; i < headings.length; i++) {
      right[i] = headings[i].startsWith(">");
      this.headings.add(right[i] ? headings[i].substring(1) : headings[i]);
    }
  }

  /** Adds a row; a cell may be coloured. */
  public void add(String... cells) {
    if (cells.length != headings.size()) {
      throw new IllegalArgumentException(cells.length + " cells for " + headings);
    }
    rows.add(Arrays.asList(cells));
  }

  /** Whether it has rows. */
  public boolean isEmpty() {
    return rows.isEmpty();
  }

  /** The table's lines, each indented by so many spaces. */
  public String text(Style style, int indent) {
    int[] widths = new int[headings.size()];
    for (int column = 0; column < widths.length; column++) {
      widths[column] = width(headings.get(column));
      for (List<String> row : rows) {
        widths[column] = Math.max(widths[column], width(row.get(column)));
      }
    }
    StringBuilder text = new StringBuilder();
    line(text, headings.stream().map(style::strong).toList(), widths, indent);
    rows.forEach(row -> line(text, row, widths, indent));
    return text.toString();
  }

  private void line(StringBuilder text, List<String> cells, int[] widths, int indent) {
    StringBuilder line = new StringBuilder(" ".repeat(indent));
    for (int column = 0; column < cells.size(); column++) {
      String padding = " ".repeat(widths[column] - width(cells.get(column)));
      line.append(right[column] ? padding + cells.get(column) : cells.get(column) + padding);
      line.append(column == cells.size() - 1 ? "" : GAP);
    }
    text.append(line.toString().stripTrailing()).append('\n');
  }

  /** Columns that a text takes, colours left out. */
  static int width(String text) {
    String bare = ESCAPES.matcher(text).replaceAll("");
    return bare.codePointCount(0, bare.length());
  }
}
