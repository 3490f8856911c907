package dev.drover.wire.names;

import dev.drover.wire.schema.Fingerprints;
import java.util.regex.Pattern;

/**
 * The name of a split: {@code <hash of the table>-<number>}, fit for a subject's token.
 *
 * @param tableHash 12 hex digits that stand for the table, see {@link #hash}
 * @param number index of the split in its table's plan, from 0; one that was cut off another while
 *     that was read has the other's number, a {@code c}, and counts on from 0: {@code 3c0}, {@code
 *     3c1}, {@code 3c1c0}
 */
public record SplitId(String tableHash, String number) {
  private static final Pattern NUMBER = Pattern.compile("[0-9]+(c[0-9]+)*");

  /**
   * Checks the number.
   *
   * @throws IllegalArgumentException if it is none
   */
  public SplitId {
    if (!NUMBER.matcher(number).matches()) {
      throw new IllegalArgumentException("not a split's number: " + number);
    }
  }

  /** The name of a table's split, as planned. */
  public static SplitId of(String table, int number) {
    return of(table, Integer.toString(number));
  }

  /** The name of a table's split. */
  public static SplitId of(String table, String number) {
    return new SplitId(hash(table), number);
  }

  /** The name of the n-th split, from 0, that is cut off this one. */
  public SplitId cutOff(int n) {
    return new SplitId(tableHash, number + "c" + n);
  }

  /** Whether it was cut off another. */
  public boolean isCutOff() {
    return number.indexOf('c') >= 0;
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
    return new SplitId(text.substring(0, dash), text.substring(dash + 1));
  }

  @Override
  public String toString() {
    return tableHash + "-" + number;
  }
}
