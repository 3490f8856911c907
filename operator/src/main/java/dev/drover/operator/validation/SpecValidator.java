package dev.drover.operator.validation;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.backfill.BackfillRules;
import dev.drover.wire.plan.Finding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds what is wrong with a spec before anything is planned: what the CRD's rules cannot see, and
 * once more what they can, for resources that were stored before a rule existed. Pure.
 */
public final class SpecValidator {
  private SpecValidator() {}

  /** All errors of a spec, by their order in it; empty if it is sound. */
  public static List<Finding> validate(MigrationSpec spec) {
    List<Finding> findings = new ArrayList<>(ConnectionRules.check(spec));
    Map<String, Stage> byName = new LinkedHashMap<>();
    for (int i = 0; i < spec.stages().size(); i++) {
      Stage stage = spec.stages().get(i);
      if (byName.putIfAbsent(stage.name(), stage) != null) {
        findings.add(
            Finding.error(
                "DuplicateName",
                path(i, "name"),
                "another stage is called " + stage.name() + " too; give each its own name"));
      }
    }
    for (int i = 0; i < spec.stages().size(); i++) {
      findings.addAll(shape(spec.stages().get(i), i));
      findings.addAll(origin(spec.stages().get(i), i, byName));
    }
    findings.addAll(cycles(spec, byName));
    findings.addAll(ends(spec));
    findings.addAll(LookupRules.check(spec));
    findings.addAll(ScaleRules.check(spec));
    findings.addAll(BudgetRules.check(spec));
    return findings.isEmpty() ? BackfillRules.check(spec) : findings;
  }

  /** Connections whose maxConnections is refused: less than what must fit under it. */
  public static Set<String> refusedCaps(MigrationSpec spec) {
    Set<String> paths = validate(spec).stream().map(Finding::path).collect(Collectors.toSet());
    Set<String> refused = new LinkedHashSet<>();
    for (int i = 0; i < spec.connections().size(); i++) {
      if (paths.contains("spec.connections[" + i + "].maxConnections")) {
        refused.add(spec.connections().get(i).name());
      }
    }
    return refused;
  }

  private static List<Finding> shape(Stage stage, int index) {
    int kinds =
        (stage.extract() == null ? 0 : 1)
            + (stage.transform() == null ? 0 : 1)
            + (stage.enrich() == null ? 0 : 1)
            + (stage.load() == null ? 0 : 1);
    if (kinds == 1) {
      return List.of();
    }
    return List.of(
        Finding.error(
            "NotOneKind",
            "spec.stages[" + index + "]",
            "stage "
                + stage.name()
                + " has "
                + kinds
                + " of extract, transform, enrich and load; give it exactly one"));
  }

  private static List<Finding> origin(Stage stage, int index, Map<String, Stage> byName) {
    String from = stage.from();
    if (stage.extract() != null) {
      return from == null
          ? List.of()
          : List.of(
              Finding.error(
                  "ExtractHasFrom", path(index, "from"), "an extract reads tables; remove from"));
    }
    if (from == null) {
      return List.of(
          Finding.error(
              "FromMissing",
              path(index, "from"),
              "name the stage whose queue " + stage.name() + " reads: " + sources(byName)));
    }
    Stage source = byName.get(from);
    if (source == null || source.load() != null) {
      String why =
          source == null ? "there is no stage " + from : from + " is a load, without queue";
      return List.of(
          Finding.error(
              "UnknownFrom", path(index, "from"), why + "; name one of " + sources(byName)));
    }
    return List.of();
  }

  private static String sources(Map<String, Stage> byName) {
    return String.join(
        ", ", byName.values().stream().filter(s -> s.load() == null).map(Stage::name).toList());
  }

  /** Each cycle once, at its first stage in the spec. */
  private static List<Finding> cycles(MigrationSpec spec, Map<String, Stage> byName) {
    List<Finding> findings = new ArrayList<>();
    Set<String> reported = new LinkedHashSet<>();
    for (int i = 0; i < spec.stages().size(); i++) {
      Stage start = spec.stages().get(i);
      List<String> cycle = cycleThrough(start, byName);
      if (!cycle.isEmpty() && reported.addAll(cycle)) {
        findings.add(
            Finding.error(
                "Cycle",
                path(i, "from"),
                String.join(" reads ", cycle)
                    + " reads "
                    + start.name()
                    + ": no record would ever enter; let one of them read an extract"));
      }
    }
    return findings;
  }

  private static List<String> cycleThrough(Stage start, Map<String, Stage> byName) {
    Set<String> seen = new LinkedHashSet<>();
    Stage stage = start;
    while (stage != null && seen.add(stage.name())) {
      stage = stage.from() == null ? null : byName.get(stage.from());
    }
    return stage != null && stage.name().equals(start.name()) ? List.copyOf(seen) : List.of();
  }

  private static List<Finding> ends(MigrationSpec spec) {
    List<Finding> findings = new ArrayList<>();
    if (spec.stages().stream().noneMatch(s -> s.extract() != null)) {
      findings.add(
          Finding.error("NoExtract", "spec.stages", "nothing is read: add a stage with extract"));
    }
    if (spec.stages().stream().noneMatch(s -> s.load() != null)) {
      findings.add(
          Finding.error("NoLoad", "spec.stages", "nothing is written: add a stage with load"));
    }
    for (int i = 0; i < spec.stages().size(); i++) {
      Stage stage = spec.stages().get(i);
      boolean read = spec.stages().stream().anyMatch(s -> stage.name().equals(s.from()));
      if (stage.load() == null && !read) {
        findings.add(
            Finding.error(
                "QueueUnread",
                "spec.stages[" + i + "]",
                "no stage reads the queue of "
                    + stage.name()
                    + ": add one with from: "
                    + stage.name()
                    + ", or remove it"));
      }
    }
    return findings;
  }

  private static String path(int stage, String field) {
    return "spec.stages[" + stage + "]." + field;
  }
}
