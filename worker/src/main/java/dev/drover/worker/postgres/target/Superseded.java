package dev.drover.worker.postgres.target;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Rows that wait for a parent while a later row of their key is written: of several rows of one key
 * the last wins, so that they are as good as written and replaced. Written when their parent is
 * there they would replace what is newer. Keys are compared as texts.
 *
 * @param key the columns by which a row replaces another; empty if none does
 */
record Superseded(EncodedRows rows, List<String> key) {
  /** The refused rows but those that are superseded. */
  SortedMap<Integer, Refusal> without(SortedMap<Integer, Refusal> refused) {
    if (key.isEmpty() || refused.values().stream().noneMatch(Refusal::isMissingParent)) {
      return refused;
    }
    Map<List<String>, Integer> lastWritten = new HashMap<>();
    for (int row = 0; row < rows.size(); row++) {
      List<String> value = refused.containsKey(row) ? null : ParentsFirst.key(row, key, rows::text);
      if (value != null) {
        lastWritten.put(value, row);
      }
    }
    SortedMap<Integer, Refusal> left = new TreeMap<>(refused);
    left.entrySet()
        .removeIf(
            one -> {
              List<String> value = ParentsFirst.key(one.getKey(), key, rows::text);
              return one.getValue().isMissingParent()
                  && value != null
                  && lastWritten.getOrDefault(value, -1) > one.getKey();
            });
    return left;
  }
}
