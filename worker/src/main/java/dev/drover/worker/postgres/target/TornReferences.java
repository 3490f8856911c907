package dev.drover.worker.postgres.target;

import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.postgres.target.TargetTable.SelfReference;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Writes again the rows that point to rows of their own table and were refused because a bad row
 * elsewhere tore the two apart, or the one that they point to came after them. Rows that point to
 * none of the rows at hand are left as they are.
 *
 * <p>They are isolated once more, {@linkplain ParentsFirst parents first}, which loads all but
 * circles however long the chains are. Rows in a circle are written in one statement, in which they
 * may point to each other in any order; a circle that is refused keeps no other out. If one of its
 * rows lacks a row, of this table or another, all that lack the same are left out, and the others
 * tried again, those that are in no circle any more by themselves.
 */
final class TornReferences {
  private static final int ROUNDS = 32;

  private final List<SelfReference> selfReferences;
  private final Map<String, SelfReference> byName;
  private final List<String> identity;
  private final IsolatingWrite isolating;
  private final RowWriter writer;
  private final Losses.Write isolated;

  /**
   * @param selfReferences the foreign keys that point back to the table
   * @param identity the columns by which a row replaces another; empty if none does
   * @param isolating writes by {@code writer}
   * @param isolated writes rows, so that each that is refused was refused by itself
   */
  TornReferences(
      List<SelfReference> selfReferences,
      List<String> identity,
      IsolatingWrite isolating,
      RowWriter writer,
      Losses.Write isolated) {
    this.selfReferences = selfReferences;
    this.byName = selfReferences.stream().collect(Collectors.toMap(SelfReference::name, r -> r));
    this.identity = identity;
    this.isolating = isolating;
    this.writer = writer;
    this.isolated = isolated;
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
    List<List<Integer>> circles = straighten(rows, torn(rows, settled), settled);
    close(rows, circles, settled, ROUNDS);
    return settled;
  }

  /** By halves, so that few that are refused among many are found in few attempts. */
  private void close(
      EncodedRows rows,
      List<List<Integer>> circles,
      SortedMap<Integer, Refusal> settled,
      int rounds)
      throws SQLException, SystemFailure {
    if (circles.size() == 1) {
      closeOne(rows, circles.getFirst(), settled, rounds);
    } else if (circles.size() > 1) {
      List<Integer> all = circles.stream().flatMap(List::stream).sorted().toList();
      if (isolating.writeTogether(rows.pick(all), writer).isEmpty()) {
        settled.keySet().removeAll(new HashSet<>(all));
        return;
      }
      int half = circles.size() / 2;
      close(rows, circles.subList(0, half), settled, rounds);
      close(rows, circles.subList(half, circles.size()), settled, rounds);
    }
  }

  /** Writes a circle in one statement, without the rows that are found to lack another one. */
  private void closeOne(
      EncodedRows rows, List<Integer> circle, SortedMap<Integer, Refusal> settled, int rounds)
      throws SQLException, SystemFailure {
    EncodedRows together = rows.pick(circle);
    Optional<Refusal> refusal = isolating.writeTogether(together, writer);
    if (refusal.isEmpty()) {
      settled.keySet().removeAll(new HashSet<>(circle));
      return;
    }
    List<Integer> orphans =
        refusal.get().isMissingParent() ? refusal.get().sharingKey(together) : List.of();
    if (orphans.isEmpty() || rounds == 0) {
      isolate(rows, circle, settled);
      return;
    }
    orphans.forEach(orphan -> settled.put(circle.get(orphan), refusal.get()));
    close(rows, straighten(rows, without(circle, orphans), settled), settled, rounds - 1);
  }

  /** Isolates the rows that are in no circle, parents first; returns the others. */
  private List<List<Integer>> straighten(
      EncodedRows rows, List<Integer> torn, SortedMap<Integer, Refusal> settled)
      throws SQLException, SystemFailure {
    if (torn.isEmpty()) {
      return List.of();
    }
    ParentsFirst order = ParentsFirst.of(torn, selfReferences, identity, rows::text);
    isolate(rows, order.straight(), settled);
    return order.circles();
  }

  private void isolate(EncodedRows rows, List<Integer> some, SortedMap<Integer, Refusal> settled)
      throws SQLException, SystemFailure {
    if (some.isEmpty()) {
      return;
    }
    settled.keySet().removeAll(new HashSet<>(some));
    isolated
        .write(rows.pick(some))
        .forEach((place, refusal) -> settled.put(some.get(place), refusal));
  }

  /** The refused rows that lack a row which is at hand. */
  private List<Integer> torn(EncodedRows rows, SortedMap<Integer, Refusal> refused) {
    Map<String, Set<List<String>>> atHand = new HashMap<>();
    List<Integer> torn = new ArrayList<>();
    refused.forEach(
        (row, refusal) -> {
          SelfReference reference = byName.get(refusal.constraint());
          if (reference == null || !refusal.isMissingParent()) {
            return;
          }
          Set<List<String>> keys =
              atHand.computeIfAbsent(reference.name(), name -> keys(rows, reference));
          List<String> parent = ParentsFirst.key(row, reference.columns(), rows::text);
          if (parent != null && keys.contains(parent)) {
            torn.add(row);
          }
        });
    return torn;
  }

  private static Set<List<String>> keys(EncodedRows rows, SelfReference reference) {
    Set<List<String>> keys = new HashSet<>();
    for (int row = 0; row < rows.size(); row++) {
      List<String> key = ParentsFirst.key(row, reference.parents(), rows::text);
      if (key != null) {
        keys.add(key);
      }
    }
    return keys;
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
