package dev.drover.operator.chain;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How one stage stands: what it was promised, what it decided, what waits. Immutable.
 *
 * @param stage the stage
 * @param counts its tally
 * @param promised batches that the stage before certainly put out; for an extract, splits of the
 *     plan and those cut off them
 * @param promisedAtMost the same and those that it may have put out but not yet counted
 * @param decided batches decided; for an extract, splits done
 * @param parts batches that it promises to the next
 * @param openParts batches that it may have put out besides
 * @param decisions decisions of any origin
 * @param completed records that it decided, of its queue and sent again; never falls
 * @param upstreamPassed records that were handed on to it; for an extract, records read
 * @param upstreamDone whether the stage before is done; true for an extract
 * @param upstreamIdle whether all that the stage before promised is surely published: it works on
 *     nothing; always so for an extract, which promises only what it has published
 * @param backlog what waits for it
 * @param passedBefore records that the stage before had handed on before this one joined its queue
 */
record Standing(
    StageSpec stage,
    Counts counts,
    long promised,
    long promisedAtMost,
    long decided,
    long parts,
    long openParts,
    long decisions,
    long completed,
    long upstreamPassed,
    boolean upstreamDone,
    boolean upstreamIdle,
    Backlog backlog,
    long passedBefore) {

  /** Whether the stage has decided all that it will get, and nothing waits or is sent again. */
  boolean done() {
    return upstreamDone && decided == promised && backlog.messages() == 0 && counts.waiting() == 0;
  }

  /** The standing of each stage by name, each after the stage that it reads. */
  static Map<String, Standing> of(
      ChainSpec spec,
      ChainPlan plan,
      Checkpoints checkpoints,
      Tally tally,
      Map<String, Backlog> backlogs) {
    Map<String, Standing> standings = new LinkedHashMap<>();
    for (StageSpec stage : spec.stages()) {
      if (stage instanceof StageSpec.Extract extract) {
        Backlog backlog = backlogs.getOrDefault(stage.name(), Backlog.NONE);
        Standing standing = extract(extract, plan, checkpoints, tally, backlog);
        standings.put(stage.name(), standing);
        addReaders(standing, spec, tally, backlogs, standings);
      }
    }
    return standings;
  }

  private static Standing extract(
      StageSpec.Extract stage,
      ChainPlan plan,
      Checkpoints checkpoints,
      Tally tally,
      Backlog backlog) {
    Checkpoints.Sum read = checkpoints.stage(stage.name());
    StageTally decisions = tally.stage(stage.name());
    Counts counts = decisions.now(read.counts());
    List<Split> splits =
        plan.tables().stream()
            .filter(t -> t.stage().equals(stage.name()))
            .flatMap(t -> Split.of(t, checkpoints).stream())
            .toList();
    return new Standing(
        stage,
        counts,
        splits.size(),
        splits.size(),
        splits.stream().filter(s -> checkpoints.done(s.stage(), s.id())).count(),
        read.batches() + decisions.parts(),
        read.openBatches(),
        decisions.decisions(),
        counts.in() + decisions.retry().in(),
        counts.in(),
        true,
        true,
        backlog,
        0);
  }

  private static void addReaders(
      Standing before,
      ChainSpec spec,
      Tally tally,
      Map<String, Backlog> backlogs,
      Map<String, Standing> standings) {
    for (StageSpec stage : spec.consumersOf(before.stage.name())) {
      StageTally decisions = tally.stage(stage.name());
      Standing standing =
          new Standing(
              stage,
              decisions.now(),
              tally.promised(stage.name(), before.parts),
              tally.promised(stage.name(), before.parts + before.openParts),
              decisions.decidedBatches(),
              decisions.parts(),
              0,
              decisions.decisions(),
              decisions.queue().in() + decisions.retry().in(),
              tally.handedTo(stage.name(), before.counts.passed()),
              before.done(),
              before.stage.from() == null || before.backlog.messages() == 0,
              backlogs.getOrDefault(stage.name(), Backlog.NONE),
              tally.passedBefore(stage.name()));
      standings.put(stage.name(), standing);
      addReaders(standing, spec, tally, backlogs, standings);
    }
  }
}
