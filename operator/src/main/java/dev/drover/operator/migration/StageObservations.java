package dev.drover.operator.migration;

import static java.util.Objects.requireNonNullElse;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.ChainSnapshot.Flow;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.operator.scaling.StageObservation;
import dev.drover.operator.scaling.StageObservation.Bounds;
import dev.drover.operator.scaling.StageObservation.Work;
import dev.drover.wire.plan.StageSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import org.jspecify.annotations.Nullable;

/** From what is seen of a stage to what scaling wants to know of it. Pure. */
final class StageObservations {
  /** A full queue is no stall: how full it is, scaling sees itself. */
  private static final String QUEUE_FULL = "QueueFull";

  private StageObservations() {}

  static StageObservation of(
      MigrationSpec spec,
      StageSpec stage,
      @Nullable ChainSnapshot snapshot,
      @Nullable Deployment deployment) {
    int desired = deployment == null ? 0 : StagesStep.replicas(deployment);
    return new StageObservation(
        stage.name(),
        stage.from(),
        StagesStep.connectionName(stage),
        bounds(spec, stage.name(), desired),
        null,
        desired,
        StagesStep.ready(deployment),
        snapshot == null ? null : work(snapshot, stage.name()));
  }

  /** A stage that the spec has no longer keeps what it has. */
  private static Bounds bounds(MigrationSpec spec, String stage, int desired) {
    for (Stage s : spec.stages()) {
      if (s.name().equals(stage)) {
        return new Bounds(
            requireNonNullElse(s.scale().minReplicas(), 0),
            requireNonNullElse(s.scale().maxReplicas(), 1),
            requireNonNullElse(s.scale().targetDrainSeconds(), 30),
            0);
      }
    }
    return new Bounds(0, Math.max(1, desired), 30, 0);
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
            s.stall() != null && !s.stall().reason().equals(QUEUE_FULL));
      }
    }
    return null;
  }
}
