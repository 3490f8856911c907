package dev.drover.wire.names;

import dev.drover.wire.schema.Fingerprints;

/**
 * The name of a split: {@code <hash of the table>-<number>}, fit for a subject's token.
 *
 * @param tableHash 12 hex digits that stand for the table, see {@link #hash}
 * @param number index of the split in its table, from 0
 */
public record SplitId(String tableHash, int number) {
  /** The name of a table's split. */
  public static SplitId of(String table, int number) {
    return new SplitId(hash(table), number);
  }

  /** What stands for a table, {@code schema.table}, whose own name may hold any character. */
  public static String hash(String table) {
    return Fingerprints.of(table).substring(0, 12);
  }

  /**
   * Reads back what {@link #toString} wrote.
   *
   * @throws IllegalArgumentException if the text is no split's name
   */
  public static SplitId parse(String text) {
    int dash = text.indexOf('-');
    if (dash < 0) {
      throw new IllegalArgumentException("not a split's name: " + text);
    }
    return new SplitId(text.substring(0, dash), Integer.parseInt(text.substring(dash + 1)));
  }

  @Override
  public String toString() {
    return tableHash + "-" + number;
  }
}
