package dev.drover.operator.chain;

import dev.drover.operator.chain.ChainSnapshot.StallReason;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.NativeType;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A table whose key is another one than that by whose ranges it was cut, or whose rows are at other
 * positions: nothing more of it is dispatched. Pure.
 *
 * @param first as it was when its ranges were settled
 * @param now as it is planned now
 */
record Rekeyed(TablePlan first, TablePlan now) {
  static boolean is(TablePlan first, TablePlan now) {
    boolean alike = first.key().equals(now.key()) && first.schema().equals(now.schema());
    return rewritten(first, now) || !alike && !key(first).equals(key(now));
  }

  private static boolean rewritten(TablePlan first, TablePlan now) {
    return first.file() != null && now.file() != null && !first.file().equals(now.file());
  }

  boolean concerns(TablePlan table) {
    return now.stage().equals(table.stage()) && now.table().equals(table.table());
  }

  StallReason stall() {
    return rewritten(first, now)
        ? new StallReason(
            "TableRewritten",
            "table %s has no key and was rewritten since its first rows were read, so the others are at other positions: delete the Migration and apply it again. Other tables are read meanwhile"
                .formatted(now.table()))
        : keyChanged();
  }

  private StallReason keyChanged() {
    return new StallReason(
        "KeyChanged",
        "table %s is read by ranges of its key (%s), and its key at the source is (%s) now: change it back there and take the edit back, or delete the Migration and apply it again. Other tables are read meanwhile"
            .formatted(now.table(), String.join(", ", key(first)), String.join(", ", key(now))));
  }

  /** The key's columns with their types, by which their order is: how long they may be is not. */
  private static List<String> key(TablePlan table) {
    return table.key().stream()
        .map(
            column ->
                column
                    + table.schema().indexOf(column).stream()
                        .mapToObj(i -> table.schema().columns().get(i).nativeType())
                        .map(type -> " " + NativeType.of(type).unbounded())
                        .collect(Collectors.joining()))
        .toList();
  }
}
