package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.StateStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How each table was cut into splits, for good. Every edit of the spec is planned anew, and
 * planning samples the keys anew; but checkpoints are by a split's number, so once the first split
 * of a table is about to be dispatched, its ranges are written down and every later plan gets them.
 * They are of no use to a plan with another key. Not thread-safe.
 */
final class Cuts {
  private final NatsLink link;
  private final ChainNames names;
  private final Map<String, TablePlan> settled = new HashMap<>();

  Cuts(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** The plan with the ranges that hold; those of tables that have none yet are written down. */
  ChainPlan settle(ChainPlan plan) {
    List<TablePlan> tables = new ArrayList<>();
    for (TablePlan table : plan.tables()) {
      String key = table.stage() + " " + table.table();
      TablePlan first = settled.get(key);
      if (first == null) {
        first =
            link.call(
                "settle the splits of " + table.table(),
                nats -> StateStore.open(nats, names).settleCut(table));
        settled.put(key, first);
      }
      tables.add(table.withSplits(first.splits()));
    }
    return plan.with(tables, plan.newTables());
  }

  /**
   * Tables that would be read on by ranges of another key than theirs.
   *
   * @param plan one that was {@linkplain #settle settled}
   */
  List<Rekeyed> rekeyed(ChainPlan plan, Checkpoints checkpoints) {
    List<Rekeyed> rekeyed = new ArrayList<>();
    for (TablePlan now : plan.tables()) {
      TablePlan first = settled.get(now.stage() + " " + now.table());
      if (first != null && Rekeyed.is(first, now) && isUnread(now, checkpoints)) {
        rekeyed.add(new Rekeyed(first, now));
      }
    }
    return rekeyed;
  }

  private static boolean isUnread(TablePlan table, Checkpoints checkpoints) {
    return Split.of(table, checkpoints).stream()
        .anyMatch(s -> !checkpoints.done(s.stage(), s.id()));
  }
}
