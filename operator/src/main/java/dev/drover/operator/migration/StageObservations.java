package dev.drover.operator.migration;

import static java.util.Objects.requireNonNullElse;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.ChainSnapshot.Flow;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.operator.scaling.Reason;
import dev.drover.operator.scaling.StageObservation;
import dev.drover.operator.scaling.StageObservation.Bounds;
import dev.drover.operator.scaling.StageObservation.Halt;
import dev.drover.operator.scaling.StageObservation.Work;
import dev.drover.operator.schedule.Windows;
import dev.drover.wire.budget.Breach;
import dev.drover.wire.plan.StageSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** From what is seen of a stage to what scaling wants to know of it. Pure. */
final class StageObservations {
  /** Why a stage has no workers that is suspended alone. */
  static final String SUSPENDED = "suspend of the stage is true";

  private StageObservations() {}

  static StageObservation of(
      MigrationSpec spec,
      StageSpec stage,
      SharedCaps room,
      @Nullable ChainSnapshot snapshot,
      @Nullable Deployment deployment,
      Instant now) {
    Stage asked =
        spec.stages().stream().filter(s -> s.name().equals(stage.name())).findFirst().orElse(null);
    int desired = deployment == null ? 0 : Replicas.wanted(deployment);
    return new StageObservation(
        stage.name(),
        stage.from(),
        room.leader(StageConnections.name(stage)),
        bounds(asked, desired, now),
        asked == null ? null : halt(asked, snapshot, now),
        desired,
        Replicas.ready(deployment),
        snapshot == null ? null : work(snapshot, stage.name()));
  }

  /** A stage of which nothing is known keeps what it has. */
  private static Bounds bounds(@Nullable Stage stage, int desired, Instant now) {
    if (stage == null) {
      return new Bounds(0, Math.max(1, desired), 30, 0);
    }
    Stage.Scale scale = stage.scale();
    return new Bounds(
        requireNonNullElse(scale.minReplicas(), 0),
        requireNonNullElse(scale.maxReplicas(), 1),
        requireNonNullElse(scale.targetDrainSeconds(), 30),
        Windows.recordsPerSecond(scale, now));
  }

  private static @Nullable Halt halt(Stage stage, @Nullable ChainSnapshot snapshot, Instant now) {
    if (stage.suspend()) {
      return new Halt(Reason.Suspended, SUSPENDED);
    }
    if (snapshot != null && snapshot.snapshotLost(stage.name())) {
      return new Halt(
          Reason.SnapshotLost, "the snapshot of its source is gone: nothing can be read any more");
    }
    Breach breach = breach(snapshot, stage.name());
    if (breach != null) {
      return new Halt(Reason.BudgetExceeded, breach.excess().text());
    }
    if (Windows.mayRun(stage.scale(), now)) {
      return null;
    }
    return new Halt(
        Reason.OutsideWindow,
        "none of its windows is open"
            + Windows.nextRun(stage.scale(), now)
                .map(next -> ", the next opens at " + next.truncatedTo(ChronoUnit.MINUTES))
                .orElse(""));
  }

  private static @Nullable Breach breach(@Nullable ChainSnapshot snapshot, String stage) {
    return snapshot == null
        ? null
        : snapshot.stages().stream()
            .filter(s -> s.name().equals(stage))
            .findFirst()
            .map(StageSnapshot::breach)
            .orElse(null);
  }

  private static @Nullable Work work(ChainSnapshot snapshot, String stage) {
    for (StageSnapshot s : snapshot.stages()) {
      Flow flow = s.flow();
      if (s.name().equals(stage) && flow != null) {
        return new Work(
            s.backlogMessages(),
            s.backlogRecords(),
            s.inFlightMessages(),
            flow.redeliveredMessages(),
            flow.arrivedRecords(),
            flow.completedRecords(),
            flow.outputPercent(),
            s.done() && s.inFlightMessages() == 0,
            s.finishing(),
            flow.batchRecords(),
            flow.hindered().workers(),
            flow.hindered().goingOn(),
            flow.hindered().aside());
      }
    }
    return null;
  }
}
