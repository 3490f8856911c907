package dev.drover.worker.postgres.source;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Names that someone may have meant. Pure. */
final class NearNames {
  private static final int MOST = 3;

  private NearNames() {}

  /**
   * Up to three names within a few letters of one, the nearest first; its schema may be missing.
   */
  static List<String> of(String name, Collection<String> names) {
    int within = Math.max(2, name.length() / 5);
    record Near(String name, int distance) {}
    return names.stream()
        .map(other -> new Near(other, distance(name, other, within)))
        .filter(near -> near.distance <= within)
        .sorted(Comparator.comparingInt(Near::distance).thenComparing(Near::name))
        .limit(MOST)
        .map(Near::name)
        .toList();
  }

  private static int distance(String name, String other, int within) {
    String a = name.toLowerCase(Locale.ROOT);
    String b = other.toLowerCase(Locale.ROOT);
    String bare = b.substring(b.indexOf('.') + 1);
    if (bare.equals(a.substring(a.indexOf('.') + 1))) {
      return 0;
    }
    int compared = a.contains(".") ? edits(a, b, within) : edits(a, bare, within);
    return compared;
  }

  /** Letters to insert, delete or replace to make one of the other (Levenshtein's distance). */
  private static int edits(String a, String b, int within) {
    if (Math.abs(a.length() - b.length()) > within) {
      return Integer.MAX_VALUE;
    }
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
