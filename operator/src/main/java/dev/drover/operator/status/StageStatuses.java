package dev.drover.operator.status;

import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.operator.status.Observation.StageWorkers;
import dev.drover.wire.decision.Counts;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The status of each stage: workers as seen, counts as read or, when unread, as last known. */
final class StageStatuses {
  private StageStatuses() {}

  static List<StageStatus> of(MigrationStatus previous, Observation seen) {
    return seen.workers().stream()
        .map(w -> stage(w, snapshot(seen.snapshot(), w.stage()), before(previous, w.stage()), seen))
        .toList();
  }

  private static StageStatus stage(
      StageWorkers workers,
      @Nullable StageSnapshot now,
      @Nullable StageStatus before,
      Observation seen) {
    if (now == null) {
      return withoutCounts(workers, before, state(workers, null, before, seen));
    }
    Counts counts = now.counts();
    return new StageStatus(
        workers.stage(),
        workers.kind(),
        state(workers, now, before, seen),
        workers.scaling(),
        stalled(now, seen),
        BudgetStatuses.of(now, before, seen),
        now.backlogMessages(),
        now.backlogRecords(),
        counts.in(),
        counts.passed(),
        counts.filtered(),
        counts.failed(),
        counts.waiting(),
        counts.waived());
  }

  private static StageStatus withoutCounts(
      StageWorkers workers, @Nullable StageStatus before, String state) {
    StageStatus b = before;
    return new StageStatus(
        workers.stage(),
        workers.kind(),
        state,
        workers.scaling(),
        null,
        b == null ? null : b.budgetExceeded(),
        b == null ? 0 : b.backlogMessages(),
        b == null ? 0 : b.backlogRecords(),
        b == null ? 0 : b.inRecords(),
        b == null ? 0 : b.passedRecords(),
        b == null ? 0 : b.filteredRecords(),
        b == null ? 0 : b.failedRecords(),
        b == null ? 0 : b.waitingRecords(),
        b == null ? 0 : b.waivedRecords());
  }

  private static String state(
      StageWorkers workers,
      @Nullable StageSnapshot now,
      @Nullable StageStatus before,
      Observation seen) {
    if (seen.spec().suspend()) {
      return "Suspended";
    }
    if (workers.scaling().reason().equals("Suspended")) {
      return "Suspended";
    }
    if (now == null) {
      return before == null ? "Waiting" : before.state();
    }
    if (now.breach() != null) {
      return "Paused";
    }
    if (now.stall() != null) {
      return "Stalled";
    }
    if (now.finishing()) {
      return "Finishing";
    }
    if (now.done() && now.backlogMessages() == 0) {
      return "Done";
    }
    return workers.ready() > 0 ? "Running" : "Waiting";
  }

  private static @Nullable String stalled(StageSnapshot stage, Observation seen) {
    ChainSnapshot.StallReason stall = stage.stall();
    MigrationStatus.Grafting grafting = seen.grafting();
    if (stall != null && stall.reason().equals("QueueFull") && grafting != null) {
      Optional<String> draining =
          grafting.stages().stream()
              .filter(g -> g.state().equals("EdgeDraining"))
              .map(g -> g.state() + ": " + g.message())
              .findFirst();
      if (draining.isPresent()) {
        return draining.get();
      }
    }
    return stall == null ? null : stall.reason() + ": " + stall.message();
  }

  private static @Nullable StageSnapshot snapshot(@Nullable ChainSnapshot chain, String stage) {
    return chain == null
        ? null
        : chain.stages().stream().filter(s -> s.name().equals(stage)).findFirst().orElse(null);
  }

  private static @Nullable StageStatus before(MigrationStatus previous, String stage) {
    return previous.stages().stream().filter(s -> s.name().equals(stage)).findFirst().orElse(null);
  }
}
