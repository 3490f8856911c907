package dev.drover.e2e.chaos;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What must arrive of one table whose source is written to meanwhile. Each row arrives as it was
 * when its batch was read; so what must arrive is decided by where the reader was at the change:
 *
 * <ul>
 *   <li>The split was claimed by nobody after the change had been committed: the reader is yet to
 *       come, and must see it.
 *   <li>The split was read to its end before the change began: it must not be seen.
 *   <li>Otherwise the reader was in the split. A row may have been read before or after, and may be
 *       read again when a worker is killed, so each version that it had meanwhile will do, one of
 *       them; and if it was inserted or deleted meanwhile, none at all.
 * </ul>
 *
 * Used by one thread.
 */
final class Expectation {
  private static final short ABSENT = -1;

  private final short[] source;
  private final short[] expected;
  private final Map<Integer, Set<Short>> either = new HashMap<>();

  /** A table with one row at each fourth id, up to a greatest; new ones go between. */
  Expectation(int greatestId) {
    source = new short[greatestId + 1];
    Arrays.fill(source, ABSENT);
    for (int id = 4; id <= greatestId; id += 4) {
      source[id] = 0;
    }
    expected = source.clone();
  }

  int greatestId() {
    return source.length - 1;
  }

  /** How often the source's row was changed; -1 if there is none. */
  int atSource(int id) {
    return source[id];
  }

  /** Where the reader was when a row was changed. */
  enum Reader {
    YetToCome,
    InTheSplit,
    Gone
  }

  /** Notes that the source's row is another now. */
  void changed(int id, int rev, Reader reader) {
    short before = source[id];
    source[id] = (short) rev;
    switch (reader) {
      case YetToCome -> expected[id] = (short) rev;
      case InTheSplit -> {
        Set<Short> versions = either.computeIfAbsent(id, k -> new HashSet<>(Set.of(before)));
        versions.add((short) rev);
      }
      case Gone -> {}
    }
  }

  /** Whether a row may have arrived in this version; -1 asks whether it may not have arrived. */
  boolean allows(int id, int rev) {
    if (id >= expected.length) {
      return rev < 0;
    }
    Set<Short> versions = either.get(id);
    return versions == null ? expected[id] == rev : versions.contains((short) rev);
  }

  /** Whether a row may be in none of the places where rows end, by these rules. */
  boolean allowsNothing(int id, Set<Integer> rules) {
    if (allows(id, ABSENT)) {
      return true;
    }
    Set<Short> versions = either.getOrDefault(id, Set.of(expected[id]));
    return versions.stream()
        .anyMatch(
            rev ->
                rules.stream()
                    .anyMatch(rule -> new Version(id, rev).fate(rule) == Version.Fate.Filtered));
  }

  /** How many rows were changed while the reader was in their split. */
  int eitherWay() {
    return either.size();
  }
}
