package dev.drover.worker.postgres.target;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Finds the row that holds a key which the server printed, by comparing texts. Only a hint: the
 * server may print a value otherwise than the row spells it.
 */
final class KeyMatch {
  private final EncodedRows rows;
  private final int[] columns;
  private final String wanted;

  private KeyMatch(EncodedRows rows, int[] columns, String wanted) {
    this.rows = rows;
    this.columns = columns;
    this.wanted = wanted;
  }

  /**
   * A search for a key.
   *
   * @param keyColumns the key's columns as the server prints them, separated by commas
   * @param keyValues their values likewise
   */
  static KeyMatch of(EncodedRows rows, String keyColumns, String keyValues) {
    String[] names = keyColumns.split(", ", -1);
    int[] columns = new int[names.length];
    for (int i = 0; i < names.length; i++) {
      columns[i] = indexOf(rows.columns(), names[i]);
    }
    return new KeyMatch(rows, columns, keyValues);
  }

  /** The first row within {@code [from, to)} that holds the key, or −1. */
  int first(int from, int to) {
    for (int row = from; row < to; row++) {
      if (matches(row)) {
        return row;
      }
    }
    return -1;
  }

  /** Every row that holds the key. */
  List<Integer> all() {
    return IntStream.range(0, rows.size()).filter(this::matches).boxed().toList();
  }

  private static int indexOf(List<String> columns, String name) {
    int index = columns.indexOf(name);
    if (index < 0 && name.startsWith("\"") && name.endsWith("\"") && name.length() > 1) {
      index = columns.indexOf(name.substring(1, name.length() - 1).replace("\"\"", "\""));
    }
    return index;
  }

  private boolean matches(int row) {
    int at = 0;
    for (int i = 0; i < columns.length; i++) {
      String separator = i == 0 ? "" : ", ";
      String text = columns[i] < 0 ? null : rows.text(row, columns[i]);
      if (text == null || !wanted.startsWith(separator + text, at)) {
        return false;
      }
      at += separator.length() + text.length();
    }
    return at == wanted.length();
  }
}
