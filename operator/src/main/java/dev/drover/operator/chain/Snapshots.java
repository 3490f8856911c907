package dev.drover.operator.chain;

import dev.drover.operator.chain.ChainSnapshot.Flow;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.operator.chain.ChainSnapshot.StallReason;
import dev.drover.wire.budget.Breach;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SourceSnapshot;
import dev.drover.wire.state.SplitCheckpoint;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** What the operator is told of a chain, from how its stages stand. Pure. */
final class Snapshots {
  private final ChainSpec spec;
  private final ChainPlan plan;
  private final Checkpoints checkpoints;
  private final Map<String, Standing> standings;
  private final Set<String> unfinished;
  private final Map<String, Breach> breaches;
  private final Collection<Rekeyed> rekeyed;

  /**
   * @param unfinished loads that have decided all and still owe their target something
   * @param breaches error budgets that are exceeded, by stage
   * @param rekeyed tables of which nothing is read any more
   */
  Snapshots(
      ChainSpec spec,
      ChainPlan plan,
      Checkpoints checkpoints,
      Map<String, Standing> standings,
      Set<String> unfinished,
      Map<String, Breach> breaches,
      Collection<Rekeyed> rekeyed) {
    this.breaches = breaches;
    this.rekeyed = rekeyed;
    this.unfinished = unfinished;
    this.spec = spec;
    this.plan = plan;
    this.checkpoints = checkpoints;
    this.standings = standings;
  }

  /**
   * Each stage, in the order of the spec.
   *
   * @param queued splits that are queued or being read, as {@code <stage>.<split>}
   */
  List<StageSnapshot> stages(Set<String> queued, Instant now) {
    return spec.stages().stream()
        .map(stage -> Objects.requireNonNull(standings.get(stage.name()), "no stage reads nothing"))
        .map(standing -> stage(standing, queued, now))
        .toList();
  }

  int splitsTotal() {
    return (int) extracts(Standing::promised);
  }

  int splitsDone() {
    return (int) extracts(Standing::decided);
  }

  private long extracts(ToLongFunction<Standing> splits) {
    return standings.values().stream()
        .filter(s -> s.stage() instanceof StageSpec.Extract)
        .mapToLong(splits)
        .sum();
  }

  boolean complete() {
    return unfinished.isEmpty() && standings.values().stream().allMatch(Standing::done);
  }

  private StageSnapshot stage(Standing s, Set<String> queued, Instant now) {
    Backlog backlog = s.backlog();
    String name = s.stage().name();
    StageSpec.@Nullable Extract extract = s.stage() instanceof StageSpec.Extract e ? e : null;
    long splits = queued.stream().filter(q -> q.startsWith(name + ".")).count();
    long messages = extract != null ? splits + backlog.retries() : backlog.messages();
    boolean done = s.done() && !unfinished.contains(name);
    // A worker that was killed leaves its stall behind for a while: of a stage that is done nobody
    // else will say that it is over.
    @Nullable StallReason stall =
        done
            ? null
            : lostSnapshot(extract)
                .or(() -> rekeyed(name))
                .or(
                    () ->
                        checkpoints
                            .stall(name, now)
                            .map(found -> new StallReason(found.reason(), found.message())))
                .orElse(null);
    return new StageSnapshot(
        name,
        s.counts(),
        messages,
        extract != null ? unread(extract, queued) + backlog.retries() : records(s),
        backlog.inFlight(),
        backlog.missingStream() == null
            ? new Flow(
                backlog.redelivered(),
                extract != null ? 0 : s.upstreamPassed(),
                s.completed(),
                backlog.outputPercent(),
                extract != null ? 0 : batchRecords(s),
                done ? Hindered.NONE : checkpoints.hindered(name, now))
            : null,
        done,
        stall,
        unfinished.contains(name),
        breaches.get(name));
  }

  /** Said as long as there is something to read, by whom it does not matter. */
  private Optional<StallReason> lostSnapshot(StageSpec.@Nullable Extract stage) {
    return stage == null || stage.consistency() != StageSpec.Consistency.Snapshot
        ? Optional.empty()
        : checkpoints
            .snapshot(stage.name())
            .filter(s -> s.state() == SourceSnapshot.State.Lost)
            .map(s -> new StallReason(ChainSnapshot.SNAPSHOT_LOST, s.message()));
  }

  private Optional<StallReason> rekeyed(String stage) {
    return rekeyed.stream()
        .filter(table -> table.now().stage().equals(stage))
        .findFirst()
        .map(Rekeyed::stall);
  }

  /** By the plan's estimate, what the queued splits of an extract still have. */
  private long unread(StageSpec.Extract stage, Set<String> queued) {
    long records = 0;
    for (TablePlan table : plan.tables()) {
      if (!table.stage().equals(stage.name())) {
        continue;
      }
      for (Split split : Split.of(table, checkpoints)) {
        if (queued.contains(split.place())) {
          long read =
              checkpoints.of(split.stage(), split.id()).map(SplitCheckpoint::records).orElse(0L);
          records += Math.max(1, planned(stage, table, split) - read);
        }
      }
    }
    return records;
  }

  /** A split is cut because the estimate was wrong, but is cut to a size. */
  private static long planned(StageSpec.Extract stage, TablePlan table, Split split) {
    return split.id().isCutOff()
        ? Math.max(stage.splitRecords(), table.recordsPerSplit())
        : table.recordsPerSplit();
  }

  /**
   * Records of batches that the stage before has counted are known; a batch that it has not counted
   * yet, or that waits for what it lacks, is taken to be as large as those decided so far. A replay
   * is taken to be one record, as most are; a Redrive has few messages under way.
   */
  private static long records(Standing s) {
    Backlog backlog = s.backlog();
    long average = Math.max(1, average(s));
    long counted = counted(s);
    long known = counted == 0 ? 0 : Math.max(counted, s.upstreamPassed() - s.counts().in());
    return known + (backlog.queued() - counted + backlog.waiting()) * average + backlog.retries();
  }

  /** Batches of its queue whose records the stage before has counted. */
  private static long counted(Standing s) {
    return Math.max(0, Math.min(s.backlog().queued(), s.promised() - s.decided()));
  }

  /** Records of a batch, of those decided so far, or handed on if none is; 0 if none is. */
  private static long average(Standing s) {
    long batches = s.decided() > 0 ? s.decided() : s.promised();
    long records = s.decided() > 0 ? s.counts().in() : s.upstreamPassed();
    return batches == 0 ? 0 : Math.ceilDiv(records, batches);
  }

  /** Records of a batch that is left, by those counted, else by the others so far. */
  private static long batchRecords(Standing s) {
    long counted = counted(s);
    long records = s.upstreamPassed() - s.counts().in();
    return counted == 0 || records <= 0 ? average(s) : Math.ceilDiv(records, counted);
  }
}
