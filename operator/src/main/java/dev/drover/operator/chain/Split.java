package dev.drover.operator.chain;

import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SplitCheckpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A split of an extract stage.
 *
 * @param range its keys by the plan, or by its checkpoint if it was cut off another; null if it was
 *     and its checkpoint is not seen yet
 */
record Split(String stage, String table, SplitId id, @Nullable KeyRange range) {
  /**
   * All splits of a table: those of its plan, and behind each those that were cut off it. A
   * checkpoint says how many were, in the very write that leaves the rest to them, so what a split
   * has given away is never missed, however old the news of the others are.
   */
  static List<Split> of(TablePlan table, Checkpoints checkpoints) {
    List<Split> splits = new ArrayList<>();
    String hash = SplitId.hash(table.table());
    for (int n = 0; n < table.splits().size(); n++) {
      SplitId id = new SplitId(hash, Integer.toString(n));
      add(new Split(table.stage(), table.table(), id, table.splits().get(n)), checkpoints, splits);
    }
    return splits;
  }

  private static void add(Split split, Checkpoints checkpoints, List<Split> splits) {
    splits.add(split);
    int cuts = checkpoints.of(split.stage, split.id).map(SplitCheckpoint::cuts).orElse(0);
    for (int n = 0; n < cuts; n++) {
      SplitId id = split.id.cutOff(n);
      Optional<SplitCheckpoint> own = checkpoints.of(split.stage, id);
      KeyRange range = own.map(SplitCheckpoint::range).orElse(null);
      add(new Split(split.stage, split.table, id, range), checkpoints, splits);
    }
  }

  /** The last token of its subject in the splits queue, with the stage's before it. */
  String place() {
    return stage + "." + id;
  }
}
