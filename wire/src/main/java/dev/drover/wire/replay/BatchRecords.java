package dev.drover.wire.replay;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Some records of one batch in few letters, since the journal is read often: their indexes as
 * differences, with {@code x2} behind one that two more follow at once, so that 3, 4, 5 and 9 are
 * {@code 3x2,4}. Records that are told apart by something else stand in full, behind an equals
 * sign. Pure.
 */
final class BatchRecords {
  private static final String IN_FULL = "=";

  /** So that a number is an int. */
  private static final int DIGITS = 9;

  private BatchRecords() {}

  /**
   * Records as a text.
   *
   * @param records what each is told apart by in the batch, without a comma; in any order
   */
  static String text(Collection<String> records) {
    if (!records.stream().allMatch(BatchRecords::isIndex)) {
      return IN_FULL + String.join(",", records);
    }
    int[] indexes = records.stream().mapToInt(Integer::parseInt).sorted().distinct().toArray();
    StringBuilder text = new StringBuilder();
    int before = 0;
    for (int at = 0; at < indexes.length; at++) {
      int first = at;
      while (at + 1 < indexes.length && indexes[at + 1] == indexes[at] + 1) {
        at++;
      }
      text.append(text.isEmpty() ? "" : ",").append(indexes[first] - before);
      if (at > first) {
        text.append('x').append(at - first);
      }
      before = indexes[at];
    }
    return text.toString();
  }

  /** The records of a text. */
  static List<String> parse(String text) {
    if (text.startsWith(IN_FULL)) {
      return List.of(text.substring(1).split(",", -1));
    }
    List<String> records = new ArrayList<>();
    int at = 0;
    for (String run : text.split(",", -1)) {
      int x = run.indexOf('x');
      at += Integer.parseInt(x < 0 ? run : run.substring(0, x));
      records.add(Integer.toString(at));
      for (int more = x < 0 ? 0 : Integer.parseInt(run.substring(x + 1)); more > 0; more--) {
        records.add(Integer.toString(++at));
      }
    }
    return records;
  }

  private static boolean isIndex(String record) {
    return record.length() <= DIGITS
        && !record.isEmpty()
        && record.chars().allMatch(c -> c >= '0' && c <= '9')
        && (record.length() == 1 || record.charAt(0) != '0');
  }
}
