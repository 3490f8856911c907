package dev.drover.wire.batch;

import java.util.ArrayList;
import java.util.List;

/**
 * The past of replayed records as a header's text, short where neighbours have the same: {@code
 * <first seen>|<replays>|<sequences>;…}, sequences as {@code 12-15,18}. Pure.
 */
final class Replayed {
  private Replayed() {}

  static String text(List<BatchHeaders.Replay> replayed) {
    StringBuilder text = new StringBuilder();
    BatchHeaders.Replay before = null;
    long rangeStart = 0;
    for (BatchHeaders.Replay r : replayed) {
      boolean sameRun =
          before != null
              && before.replays() == r.replays()
              && before.firstSeen().equals(r.firstSeen());
      if (before != null && sameRun && r.errorSequence() == before.errorSequence() + 1) {
        before = r;
        continue;
      }
      if (before != null) {
        endRange(text, rangeStart, before.errorSequence());
        text.append(sameRun ? ',' : ';');
      }
      if (!sameRun) {
        text.append(r.firstSeen()).append('|').append(r.replays()).append('|');
      }
      text.append(r.errorSequence());
      rangeStart = r.errorSequence();
      before = r;
    }
    if (before != null) {
      endRange(text, rangeStart, before.errorSequence());
    }
    return text.toString();
  }

  private static void endRange(StringBuilder text, long start, long end) {
    if (end > start) {
      text.append('-').append(end);
    }
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws IllegalArgumentException if it did not
   */
  static List<BatchHeaders.Replay> parse(String text) {
    List<BatchHeaders.Replay> replayed = new ArrayList<>();
    for (String run : text.split(";", -1)) {
      String[] parts = run.split("\\|", -1);
      if (parts.length != 3) {
        throw new IllegalArgumentException("not the past of replayed records: " + run);
      }
      int replays = Integer.parseInt(parts[1]);
      for (String range : parts[2].split(",", -1)) {
        int dash = range.indexOf('-');
        long start = Long.parseLong(dash < 0 ? range : range.substring(0, dash));
        long end = dash < 0 ? start : Long.parseLong(range.substring(dash + 1));
        for (long sequence = start; sequence <= end; sequence++) {
          replayed.add(new BatchHeaders.Replay(sequence, replays, parts[0]));
        }
      }
    }
    return replayed;
  }
}
