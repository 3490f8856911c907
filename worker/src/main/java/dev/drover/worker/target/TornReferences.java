package dev.drover.worker.target;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Writes again the rows that point to rows of their own table and were refused because a bad row
 * elsewhere tore the two apart.
 *
 * <p>All of them are written in one statement, in which they may point to each other in any order,
 * even in a circle. If one is refused, its parent is neither in the table nor among them: all rows
 * with that parent are left out, and the others are written again. Where that does not come to an
 * end in a few rounds, the rest is isolated, and again for as long as that loads any.
 */
final class TornReferences {
  private static final int ROUNDS = 32;

  private final Set<String> selfReferences;
  private final IsolatingWrite isolating;
  private final RowWriter writer;

  /**
   * @param selfReferences names of the foreign keys that point back to the table
   */
  TornReferences(Set<String> selfReferences, IsolatingWrite isolating, RowWriter writer) {
    this.selfReferences = selfReferences;
    this.isolating = isolating;
    this.writer = writer;
  }

  /**
   * Writes what can be written.
   *
   * @param rows all rows
   * @param refused those that were refused, each by itself
   * @return those that stay refused
   */
  SortedMap<Integer, Refusal> mend(EncodedRows rows, SortedMap<Integer, Refusal> refused)
      throws SQLException, SystemFailure {
    SortedMap<Integer, Refusal> settled = new TreeMap<>(refused);
    List<Integer> torn = torn(settled);
    for (int round = 0; round < ROUNDS && !torn.isEmpty(); round++) {
      EncodedRows together = rows.pick(torn);
      Optional<Refusal> refusal = isolating.writeTogether(together, writer);
      if (refusal.isEmpty()) {
        settled.keySet().removeAll(torn);
        return settled;
      }
      List<Integer> orphans =
          isTorn(refusal.get()) ? refusal.get().sharingKey(together) : List.of();
      if (orphans.isEmpty()) {
        break;
      }
      torn = without(torn, orphans);
    }
    isolate(rows, torn, settled);
    return settled;
  }

  private void isolate(EncodedRows rows, List<Integer> torn, SortedMap<Integer, Refusal> settled)
      throws SQLException, SystemFailure {
    List<Integer> left = torn;
    int before;
    do {
      before = left.size();
      SortedMap<Integer, Refusal> again = isolating.write(rows.pick(left), writer);
      settled.keySet().removeAll(left);
      List<Integer> still = new ArrayList<>();
      for (var entry : again.entrySet()) {
        int row = left.get(entry.getKey());
        settled.put(row, entry.getValue());
        if (isTorn(entry.getValue())) {
          still.add(row);
        }
      }
      left = still;
    } while (!left.isEmpty() && left.size() < before);
  }

  private List<Integer> torn(SortedMap<Integer, Refusal> refused) {
    List<Integer> rows = new ArrayList<>();
    refused.forEach(
        (row, refusal) -> {
          if (isTorn(refusal)) {
            rows.add(row);
          }
        });
    return rows;
  }

  private boolean isTorn(Refusal refusal) {
    return refusal.isMissingParent() && selfReferences.contains(refusal.constraint());
  }

  private static List<Integer> without(List<Integer> rows, List<Integer> indexes) {
    Set<Integer> left = new HashSet<>(indexes);
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      if (!left.contains(i)) {
        kept.add(rows.get(i));
      }
    }
    return kept;
  }
}
