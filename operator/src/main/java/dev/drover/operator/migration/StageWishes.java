package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.schedule.Windows;
import dev.drover.operator.workload.StageControls;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of stages besides their work: their scale, and whether they run. Also where an edit
 * was refused, or took stages out that still run. Pure.
 */
final class StageWishes {
  private StageWishes() {}

  /** Whether no stage may have workers. */
  static boolean halted(MigrationSpec spec) {
    return spec.suspend() || spec.mode() == MigrationSpec.Mode.PlanOnly;
  }

  /** Why not. */
  static String haltReason(MigrationSpec spec) {
    return spec.suspend() ? "spec.suspend is true" : "spec.mode is PlanOnly";
  }

  /** Whether a spec has a stage. */
  static boolean names(MigrationSpec spec, String stage) {
    return spec.stages().stream().anyMatch(s -> s.name().equals(stage));
  }

  /** Whether a stage is suspended alone. */
  static boolean suspended(MigrationSpec spec, String stage) {
    return spec.stages().stream().anyMatch(s -> s.name().equals(stage) && s.suspend());
  }

  /**
   * A spec that was refused, with windows that can be told: a stage whose own cannot keeps to those
   * that it had.
   */
  static MigrationSpec legible(MigrationSpec spec, Map<String, Deployment> byStage, Instant now) {
    return spec.withStages(
        spec.stages().stream()
            .map(
                stage ->
                    stage.scale().windows().stream()
                            .allMatch(w -> Windows.problem(w, now).isEmpty())
                        ? stage
                        : withWindows(stage, windowsBefore(byStage.get(stage.name()))))
            .toList());
  }

  private static List<Stage.Window> windowsBefore(@Nullable Deployment deployment) {
    return Optional.ofNullable(deployment)
        .flatMap(StageControls::of)
        .map(stage -> stage.scale().windows())
        .orElse(List.of());
  }

  private static Stage withWindows(Stage stage, List<Stage.Window> windows) {
    Stage.Scale scale = stage.scale();
    return new Stage(
        stage.name(),
        stage.from(),
        stage.extract(),
        stage.transform(),
        stage.enrich(),
        stage.load(),
        new Stage.Scale(
            scale.minReplicas(),
            scale.maxReplicas(),
            scale.targetDrainSeconds(),
            scale.maxRecordsPerSecond(),
            windows),
        stage.errorBudget(),
        stage.suspend(),
        stage.backfill());
  }

  /**
   * The spec, and of each stage that runs though an edit took it out what was asked of it before:
   * if the edit is refused, all of it. While the edit is carried out, the stage is to be drained,
   * so it goes on if it was suspended, but no faster than it may; one that is abandoned is not.
   */
  static MigrationSpec controls(
      MigrationSpec spec, ChainSpec runs, Map<String, Deployment> byStage, boolean grafting) {
    List<Stage> stages = new ArrayList<>(spec.stages());
    for (StageSpec stage : runs.stages()) {
      Deployment deployment = byStage.get(stage.name());
      if (deployment != null && !names(spec, stage.name())) {
        StageControls.of(deployment)
            .map(kept -> grafting && !isAbandoned(spec, runs, stage) ? goingOn(kept) : kept)
            .ifPresent(stages::add);
      }
    }
    return spec.withStages(stages);
  }

  private static boolean isAbandoned(MigrationSpec spec, ChainSpec runs, StageSpec stage) {
    String from = stage.from();
    return spec.abandonedStages().contains(stage.name())
        || from != null && isAbandoned(spec, runs, runs.stage(from));
  }

  private static Stage goingOn(Stage stage) {
    return new Stage(
        stage.name(),
        stage.from(),
        stage.extract(),
        stage.transform(),
        stage.enrich(),
        stage.load(),
        stage.scale(),
        stage.errorBudget(),
        false,
        stage.backfill());
  }
}
