package dev.drover.cli.report;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Something about a Migration that needs a look.
 *
 * @param about the condition, or what else it is about
 * @param reason CamelCase
 * @param message for people
 */
public record Attention(String about, String reason, String message) {
  private static final List<String> TELLING =
      List.of("SpecValid", "Planned", "QueuesReady", "StagesReady", "Balanced");

  /** All that needs a look, what comes first in the life of a Migration first. */
  static List<Attention> of(Migration migration) {
    MigrationStatus status = migration.getStatus();
    List<Attention> found = new ArrayList<>();
    if (status == null || status.observedGeneration() == null) {
      found.add(
          new Attention(
              "Operator",
              "NotSeen",
              "the operator has not looked at it yet; if that stays so, see whether it runs and"
                  + " serves namespace "
                  + migration.getMetadata().getNamespace()));
      return found;
    }
    if (!Objects.equals(status.observedGeneration(), migration.getMetadata().getGeneration())) {
      found.add(
          new Attention("Operator", "NotSeen", "the operator has not looked at the last edit yet"));
    }
    for (Condition condition : status.conditions()) {
      boolean advisory =
          condition.type().equals("CapAdvisory") && condition.status().equals("True");
      if (advisory || TELLING.contains(condition.type()) && condition.status().equals("False")) {
        found.add(of(condition));
      }
    }
    status.conditions().stream()
        .filter(c -> c.type().equals("Ready") && c.status().equals("False"))
        .filter(c -> found.stream().noneMatch(a -> a.reason().equals(c.reason())))
        .map(Attention::of)
        .forEach(found::add);
    status.stages().stream()
        .filter(s -> s.scaling().reason().equals("OutsideWindow"))
        .map(s -> new Attention("Stage " + s.name(), "OutsideWindow", s.scaling().message()))
        .forEach(found::add);
    if (status.grafting() != null) {
      status.grafting().stages().stream()
          .map(g -> new Attention("Graft " + g.name(), g.state(), g.change() + ": " + g.message()))
          .forEach(found::add);
    }
    if (status.plan() != null && !status.plan().warnings().isEmpty()) {
      found.add(new Attention("Plan", "Warnings", String.join("\n", status.plan().warnings())));
    }
    return found;
  }

  private static Attention of(Condition condition) {
    return new Attention(condition.type(), condition.reason(), condition.message());
  }
}
