package dev.drover.operator.backfill;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.wire.names.PrivateName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code backfill: true} comes to: the stage reads, instead of the queue that it names, a copy
 * of all that is before that queue, from the extract on. The copies are stages like any other, so
 * everything that is done for stages is done for them; they stand behind those of the user. Pure.
 */
public final class PrivatePaths {
  private PrivatePaths() {}

  /** A Migration with the copies that its spec asks for; the same one if it asks for none. */
  public static Migration expanded(Migration migration) {
    MigrationSpec spec = expanded(migration.getSpec());
    if (spec == migration.getSpec()) {
      return migration;
    }
    Migration whole = new Migration();
    whole.setMetadata(migration.getMetadata());
    whole.setSpec(spec);
    whole.setStatus(migration.getStatus());
    return whole;
  }

  /** A spec with the copies that it asks for; the same one if it asks for none. */
  public static MigrationSpec expanded(MigrationSpec spec) {
    if (spec.stages().stream().noneMatch(Stage::backfill)) {
      return spec;
    }
    List<Stage> stages = new ArrayList<>();
    List<Stage> copies = new ArrayList<>();
    for (Stage stage : spec.stages()) {
      List<Stage> path = stage.backfill() ? path(spec, stage) : List.of();
      path.forEach(s -> copies.add(copy(stage.name(), s)));
      stages.add(
          path.isEmpty()
              ? stage
              : new Stage(
                  stage.name(),
                  new PrivateName(stage.name(), path.getFirst().name()).toString(),
                  stage.extract(),
                  stage.transform(),
                  stage.enrich(),
                  stage.load(),
                  stage.scale(),
                  stage.errorBudget(),
                  stage.suspend(),
                  false));
    }
    stages.addAll(copies);
    return spec.withStages(stages);
  }

  /**
   * The stages before one, upwards to the extract.
   *
   * @return empty if they lead to no extract, which validation refuses
   */
  static List<Stage> path(MigrationSpec spec, Stage of) {
    Map<String, Stage> path = new LinkedHashMap<>();
    Optional<Stage> next = from(spec, of);
    while (next.isPresent() && path.putIfAbsent(next.get().name(), next.get()) == null) {
      if (next.get().extract() != null) {
        return List.copyOf(path.values());
      }
      next = from(spec, next.get());
    }
    return List.of();
  }

  private static Optional<Stage> from(MigrationSpec spec, Stage stage) {
    return spec.stages().stream().filter(s -> s.name().equals(stage.from())).findFirst();
  }

  private static Stage copy(String graft, Stage stage) {
    return new Stage(
        new PrivateName(graft, stage.name()).toString(),
        stage.from() == null ? null : new PrivateName(graft, stage.from()).toString(),
        stage.extract(),
        stage.transform(),
        stage.enrich(),
        stage.load(),
        stage.scale(),
        stage.errorBudget(),
        stage.suspend(),
        false);
  }
}
