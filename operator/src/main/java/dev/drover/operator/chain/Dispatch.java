package dev.drover.operator.chain;

import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which splits may be read now. Pure. */
final class Dispatch {
  /** The most splits of a stage that are dispatched and not done. */
  static final int MOST_UNDONE = 200;

  private final ChainSpec spec;
  private final ChainPlan plan;
  private final Checkpoints checkpoints;
  private final Tally tally;
  private final Collection<Rekeyed> rekeyed;

  private Dispatch(
      ChainSpec spec,
      ChainPlan plan,
      Checkpoints checkpoints,
      Tally tally,
      Collection<Rekeyed> rekeyed) {
    this.spec = spec;
    this.plan = plan;
    this.checkpoints = checkpoints;
    this.tally = tally;
    this.rekeyed = rekeyed;
  }

  /**
   * The splits to send now, in the order of the plan, those cut off behind theirs: those that are
   * neither done nor queued, whose table's parents are decided, as many as the bound leaves room
   * for.
   *
   * <p>A split that was claimed but is not queued any more lost its message with the stream; it is
   * sent again, and the worker goes on from its checkpoint. For that to hold, {@code queued} must
   * have been read before the checkpoints: a worker acknowledges a split after it says that it is
   * done.
   *
   * @param rekeyed tables of which nothing may be read
   * @param queued subjects in the splits queue, as {@code <stage>.<split>}
   */
  static List<Split> next(
      ChainSpec spec,
      ChainPlan plan,
      Checkpoints checkpoints,
      Tally tally,
      Collection<Rekeyed> rekeyed,
      Set<String> queued) {
    return new Dispatch(spec, plan, checkpoints, tally, rekeyed).next(queued);
  }

  private List<Split> next(Set<String> queued) {
    Map<String, Integer> room = new HashMap<>();
    for (StageSpec stage : spec.stages()) {
      long waiting = queued.stream().filter(q -> q.startsWith(stage.name() + ".")).count();
      room.put(stage.name(), (int) Math.max(0, MOST_UNDONE - waiting));
    }
    List<Split> next = new ArrayList<>();
    for (TablePlan table : plan.tables()) {
      int left = room.getOrDefault(table.stage(), 0);
      if (left == 0
          || rekeyed.stream().anyMatch(r -> r.concerns(table))
          || !table.after().stream().allMatch(t -> decided(table.stage(), t))) {
        continue;
      }
      for (Split split : Split.of(table, checkpoints)) {
        if (left > 0
            && split.range() != null
            && !checkpoints.done(split.stage(), split.id())
            && !queued.contains(split.place())) {
          next.add(split);
          left--;
        }
      }
      room.put(table.stage(), left);
    }
    return next;
  }

  /** Whether a table is read to its end and all of it is decided at every load behind. */
  private boolean decided(String stage, String table) {
    Optional<TablePlan> plan =
        this.plan.tables().stream()
            .filter(t -> t.stage().equals(stage) && t.table().equals(table))
            .findFirst();
    if (plan.isEmpty()) { // not read by this stage: nothing to wait for
      return true;
    }
    String hash = SplitId.hash(table);
    return Split.of(plan.get(), checkpoints).stream()
            .allMatch(split -> checkpoints.done(stage, split.id()))
        && decidedBehind(stage, hash, checkpoints.table(stage, hash).batches());
  }

  private boolean decidedBehind(String stage, String hash, long promised) {
    return spec.consumersOf(stage).stream()
        .allMatch(
            next -> {
              StageTally table = tally.table(next.name(), hash);
              return table.decidedBatches() >= tally.promised(next.name(), hash, promised)
                  && decidedBehind(next.name(), hash, table.parts());
            });
  }
}
