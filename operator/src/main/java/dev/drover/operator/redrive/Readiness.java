package dev.drover.operator.redrive;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.RedriveSpec;
import dev.drover.operator.chain.Joining;
import dev.drover.operator.status.Halts;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Whether a Migration is as its spec asks, so that records sent again meet the rules that the user
 * sees; or cannot be before records were sent again. Pure.
 */
final class Readiness {
  private Readiness() {}

  /** Why records should not be sent yet; empty if they may. */
  static Optional<Situation.Held> lacking(
      Migration migration, Collection<Deployment> stages, RedriveSpec spec) {
    Long generation = migration.getMetadata().getGeneration();
    MigrationStatus status = migration.getStatus();
    if (status == null
        || !Objects.equals(status.observedGeneration(), generation)
        || !planned(status)
        || !holds(status, "QueuesReady")) {
      return held(
          "MigrationNotReady",
          "waits until Migration %s is planned as its spec is now and has its queues: see its conditions"
              .formatted(migration.getMetadata().getName()));
    }
    if (status.grafting() != null) {
      return held(
          "StagesGrafting",
          "waits until stages have come and gone as the spec has them: see status.grafting");
    }
    if (stages.isEmpty() || !stages.stream().allMatch(Readiness::rolled)) {
      return held(
          "StagesRolling",
          "waits until every stage's workers run the rules of the spec as it is now");
    }
    return standing(status, spec);
  }

  /**
   * What is sent to a stage that takes nothing is nobody's to correct or give up any more: so
   * nothing is begun while all stages are such that have refused what may be chosen.
   */
  private static Optional<Situation.Held> standing(MigrationStatus status, RedriveSpec spec) {
    if (spec.action() == RedriveSpec.Action.Waive || Boolean.TRUE.equals(spec.dryRun())) {
      return Optional.empty();
    }
    String chosen = spec.selector() == null ? null : spec.selector().stage();
    Map<String, MigrationStatus.Scaling> halts = Halts.of(status);
    List<String> stages =
        status.stages().stream()
            .filter(s -> chosen == null ? s.failedRecords() > 0 : chosen.equals(s.name()))
            .map(MigrationStatus.StageStatus::name)
            .toList();
    if (stages.isEmpty() || !halts.keySet().containsAll(stages)) {
      return Optional.empty();
    }
    return held(
        "StageStandsStill",
        stages.stream()
            .map(
                stage -> {
                  MigrationStatus.Scaling halt = Objects.requireNonNull(halts.get(stage));
                  return "stage %s takes nothing, %s: %s"
                      .formatted(stage, halt.reason(), halt.message());
                })
            .collect(Collectors.joining("; ", "waits: ", "; nothing is sent before")));
  }

  private static Optional<Situation.Held> held(String reason, String message) {
    return Optional.of(new Situation.Held(reason, message, false));
  }

  /**
   * Also if the spec is refused for nothing but what a stage that is to go holds: what else would
   * let go of it?
   */
  private static boolean planned(MigrationStatus status) {
    return holds(status, "Planned")
        || status.plan() != null
            && status.conditions().stream()
                .anyMatch(
                    c ->
                        c.type().equals("Planned")
                            && c.status().equals("False")
                            && Joining.HOLDING.contains(c.reason())
                            && Objects.equals(c.observedGeneration(), status.observedGeneration()));
  }

  private static boolean holds(MigrationStatus status, String type) {
    return status.conditions().stream()
        .anyMatch(
            c ->
                c.type().equals(type)
                    && c.status().equals("True")
                    && Objects.equals(c.observedGeneration(), status.observedGeneration()));
  }

  private static boolean rolled(Deployment deployment) {
    DeploymentStatus status = deployment.getStatus();
    return status != null
        && status.getObservedGeneration() != null
        && status.getObservedGeneration() >= deployment.getMetadata().getGeneration()
        && orZero(status.getReplicas()) == orZero(status.getUpdatedReplicas());
  }

  private static int orZero(java.lang.@org.jspecify.annotations.Nullable Integer n) {
    return n == null ? 0 : n;
  }
}
