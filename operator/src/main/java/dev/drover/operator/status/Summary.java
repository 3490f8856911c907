package dev.drover.operator.status;

import static dev.drover.operator.status.ConditionTypes.BALANCED;
import static dev.drover.operator.status.ConditionTypes.COMPLETED;
import static dev.drover.operator.status.ConditionTypes.PLANNED;
import static dev.drover.operator.status.ConditionTypes.QUEUES_READY;
import static dev.drover.operator.status.ConditionTypes.READY;
import static dev.drover.operator.status.ConditionTypes.SPEC_VALID;
import static dev.drover.operator.status.ConditionTypes.STAGES_READY;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.chain.ChainSnapshot;
import java.util.List;
import java.util.Optional;

/** The condition Ready: the most important of the others, in the order in which one would ask. */
final class Summary {
  private Summary() {}

  static void addTo(ConditionList conditions, Observation seen) {
    if (seen.spec().suspend()) {
      conditions.set(
          READY,
          "False",
          "Suspended",
          "spec.suspend is true: no worker runs, everything is kept; set it to false to go on");
      return;
    }
    Optional<Condition> trouble =
        List.of(SPEC_VALID, PLANNED, QUEUES_READY).stream()
            .flatMap(t -> conditions.get(t).filter(c -> c.status().equals("False")).stream())
            .findFirst();
    if (trouble.isPresent()) {
      conditions.set(READY, "False", trouble.get().reason(), trouble.get().message());
    } else if (!conditions.is(PLANNED, "True")) {
      Optional<Condition> planned = conditions.get(PLANNED);
      conditions.set(
          READY,
          "False",
          planned.map(Condition::reason).orElse("Planning"),
          planned.map(Condition::message).orElse("not planned yet"));
    } else if (seen.spec().mode() == MigrationSpec.Mode.PlanOnly) {
      String plan = conditions.get(PLANNED).map(Condition::message).orElse("planned");
      conditions.set(
          READY,
          "True",
          "PlanOnly",
          plan + "; spec.mode is PlanOnly: set it to Run to move records");
    } else {
      running(conditions, seen);
    }
  }

  private static void running(ConditionList conditions, Observation seen) {
    Optional<Condition> completed =
        conditions.get(COMPLETED).filter(c -> c.status().equals("True"));
    if (conditions.is(BALANCED, "False")) {
      copy(conditions, BALANCED, "False");
    } else if (completed.isPresent()) {
      conditions.set(READY, "True", completed.get().reason(), completed.get().message());
    } else if (conditions
        .get(COMPLETED)
        .filter(c -> c.reason().equals(ChainSnapshot.SNAPSHOT_LOST))
        .isPresent()) {
      copy(conditions, COMPLETED, "False");
    } else if (!conditions.is(STAGES_READY, "True")) {
      copy(conditions, STAGES_READY, "False");
    } else {
      String numbers = conditions.get(COMPLETED).map(Condition::message).orElse("running");
      conditions.set(READY, "True", "Running", numbers + suspended(seen));
    }
  }

  /** Names the stages that are suspended alone; empty if none is. */
  static String suspended(Observation seen) {
    List<String> stages =
        seen.spec().stages().stream().filter(Stage::suspend).map(Stage::name).toList();
    return stages.isEmpty() ? "" : "; suspended: " + String.join(", ", stages);
  }

  private static void copy(ConditionList conditions, String type, String status) {
    conditions.get(type).ifPresent(c -> conditions.set(READY, status, c.reason(), c.message()));
  }
}
