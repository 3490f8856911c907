package dev.drover.operator.backfill;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.wire.names.PrivateName;
import dev.drover.wire.plan.Finding;
import java.util.ArrayList;
import java.util.List;

/** What must hold of a spec for {@code backfill}. Pure. */
public final class BackfillRules {
  /** With what Kubernetes' names have before and behind it, a copy's name stays below 63. */
  private static final int LONGEST_NAME = 50;

  /** What the status of a Migration can tell of: as many as a spec may have without copies. */
  private static final int MOST_STAGES = 40;

  private BackfillRules() {}

  /** What is wrong by itself, in a spec that is sound otherwise. */
  public static List<Finding> check(MigrationSpec spec) {
    List<Finding> findings = new ArrayList<>();
    for (int i = 0; i < spec.stages().size(); i++) {
      Stage stage = spec.stages().get(i);
      if (stage.backfill() && stage.extract() != null) {
        findings.add(
            Finding.error(
                "BackfillOnExtract",
                path(i, "backfill"),
                "an extract reads all there is by itself; remove backfill"));
      } else if (stage.backfill()) {
        names(spec, stage, i, findings);
      }
      if (stage.load() == null && readOnlyByBackfill(spec, stage)) {
        findings.add(
            Finding.error(
                "QueueUnread",
                "spec.stages[" + i + "]",
                "no stage reads the queue of %s: those with from: %s have backfill, and read copies of their own. Add one without"
                    .formatted(stage.name(), stage.name())));
      }
    }
    int all = PrivatePaths.expanded(spec).stages().size();
    if (findings.isEmpty() && all > MOST_STAGES) {
      findings.add(
          Finding.error(
              "TooManyStages",
              "spec.stages",
              "with the copies that backfill brings there are %d stages, and %d are the most: remove a graft with backfill, or let it begin nearer to the extract"
                  .formatted(all, MOST_STAGES)));
    }
    return findings;
  }

  private static void names(MigrationSpec spec, Stage graft, int index, List<Finding> findings) {
    for (Stage stage : PrivatePaths.path(spec, graft)) {
      String copy = new PrivateName(graft.name(), stage.name()).toString();
      if (copy.length() > LONGEST_NAME
          || graft.name().contains("--")
          || stage.name().contains("--")) {
        findings.add(
            Finding.error(
                "BackfillName",
                path(index, "name"),
                "with backfill the stage gets a copy of %s, called %s: that may have %d characters and no two dashes together; call this stage otherwise"
                    .formatted(stage.name(), copy, LONGEST_NAME)));
        return;
      }
    }
  }

  private static boolean readOnlyByBackfill(MigrationSpec spec, Stage stage) {
    List<Stage> readers =
        spec.stages().stream().filter(s -> stage.name().equals(s.from())).toList();
    return !readers.isEmpty() && readers.stream().allMatch(Stage::backfill);
  }

  /** What is wrong as long as nothing was read: there is nothing that a stage could have missed. */
  public static List<Finding> beforeTheStart(MigrationSpec spec) {
    List<Finding> findings = new ArrayList<>();
    for (int i = 0; i < spec.stages().size(); i++) {
      Stage stage = spec.stages().get(i);
      if (stage.backfill()) {
        findings.add(
            Finding.error(
                "NothingToBackfill",
                path(i, "backfill"),
                "no record has moved yet, so stage %s sees all of them anyway: remove backfill, which is for a stage that joins a Migration under way"
                    .formatted(stage.name())));
      }
    }
    return findings;
  }

  private static String path(int stage, String field) {
    return "spec.stages[" + stage + "]." + field;
  }
}
