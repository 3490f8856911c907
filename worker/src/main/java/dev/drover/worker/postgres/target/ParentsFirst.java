package dev.drover.worker.postgres.target;

import dev.drover.worker.postgres.target.TargetTable.SelfReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Some rows of a table that point to each other, each after those it points to. Rows of one key
 * keep their order, by the key that tells rows apart and by those that are pointed to. Pure; linear
 * in the rows (Kahn's topological sort).
 *
 * <p>Keys are compared as texts. Where the server sees one key though texts differ, as with {@code
 * citext}, a child may come before its parent, and rows of that key in another order.
 *
 * @param straight the rows for which there is such an order, in it
 * @param circles the others, in the order given: those in a circle and those that hang on it
 *     together, apart from those that they have nothing to do with
 */
record ParentsFirst(List<Integer> straight, List<List<Integer>> circles) {

  /**
   * Orders rows.
   *
   * @param rows their numbers, in their order
   * @param identity the columns that tell rows apart; empty if nothing does
   * @param value the text of a row's value in a column; null if there is none
   */
  static ParentsFirst of(
      List<Integer> rows,
      List<SelfReference> references,
      List<String> identity,
      BiFunction<Integer, String, @Nullable String> value) {
    int size = rows.size();
    List<List<Integer>> after = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      after.add(new ArrayList<>());
    }
    int[] before = new int[size];
    if (!identity.isEmpty()) {
      firsts(rows, identity, value, after, before);
    }
    for (SelfReference reference : references) {
      Map<List<String>, Integer> first = firsts(rows, reference.parents(), value, after, before);
      for (int i = 0; i < size; i++) {
        List<String> key = key(rows.get(i), reference.columns(), value);
        link(key == null ? null : first.get(key), i, after, before);
      }
    }
    return sorted(rows, after, before);
  }

  /** The first row of each key; the others come after it, and after each other. */
  private static Map<List<String>, Integer> firsts(
      List<Integer> rows,
      List<String> columns,
      BiFunction<Integer, String, @Nullable String> value,
      List<List<Integer>> after,
      int[] before) {
    Map<List<String>, Integer> first = new HashMap<>();
    Map<List<String>, Integer> last = new HashMap<>();
    for (int i = 0; i < rows.size(); i++) {
      List<String> key = key(rows.get(i), columns, value);
      if (key != null) {
        first.putIfAbsent(key, i);
        link(last.put(key, i), i, after, before);
      }
    }
    return first;
  }

  private static void link(
      @Nullable Integer parent, int child, List<List<Integer>> after, int[] before) {
    if (parent != null && parent != child) {
      after.get(parent).add(child);
      before[child]++;
    }
  }

  private static ParentsFirst sorted(List<Integer> rows, List<List<Integer>> after, int[] before) {
    Deque<Integer> free = new ArrayDeque<>();
    for (int i = 0; i < before.length; i++) {
      if (before[i] == 0) {
        free.add(i);
      }
    }
    List<Integer> straight = new ArrayList<>();
    while (!free.isEmpty()) {
      int row = free.remove();
      straight.add(rows.get(row));
      for (int child : after.get(row)) {
        if (--before[child] == 0) {
          free.add(child);
        }
      }
    }
    return new ParentsFirst(straight, circles(rows, after, before));
  }

  /** The connected parts of what no order was found for. */
  private static List<List<Integer>> circles(
      List<Integer> rows, List<List<Integer>> after, int[] before) {
    int[] part = new int[before.length];
    Arrays.setAll(part, i -> i);
    for (int i = 0; i < before.length; i++) {
      for (int child : before[i] > 0 ? after.get(i) : List.<Integer>of()) {
        if (before[child] > 0) {
          part[root(part, child)] = root(part, i);
        }
      }
    }
    Map<Integer, List<Integer>> circles = new LinkedHashMap<>();
    for (int i = 0; i < before.length; i++) {
      if (before[i] > 0) {
        circles.computeIfAbsent(root(part, i), r -> new ArrayList<>()).add(rows.get(i));
      }
    }
    return List.copyOf(circles.values());
  }

  private static int root(int[] part, int row) {
    int at = row;
    while (part[at] != at) {
      part[at] = part[part[at]];
      at = part[at];
    }
    return at;
  }

  /** Null if a value is missing: what is not known points nowhere. */
  static @Nullable List<String> key(
      int row, List<String> columns, BiFunction<Integer, String, @Nullable String> value) {
    List<String> key = new ArrayList<>(columns.size());
    for (String column : columns) {
      String text = value.apply(row, column);
      if (text == null) {
        return null;
      }
      key.add(text);
    }
    return key;
  }
}
