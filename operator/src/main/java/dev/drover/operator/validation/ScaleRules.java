package dev.drover.operator.validation;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.schedule.Windows;
import dev.drover.wire.plan.Finding;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What must hold of a stage's scale beyond what the CRD says. Pure. */
final class ScaleRules {
  /** A window that opens is looked for from here: a spec is valid or not whatever the day. */
  private static final Instant EPOCH = Instant.parse("2024-01-01T00:00:00Z");

  private ScaleRules() {}

  static List<Finding> check(MigrationSpec spec) {
    List<Finding> findings = new ArrayList<>();
    for (int i = 0; i < spec.stages().size(); i++) {
      Stage.Scale scale = spec.stages().get(i).scale();
      String path = "spec.stages[" + i + "].scale.";
      int min = Objects.requireNonNullElse(scale.minReplicas(), 0);
      int max = Objects.requireNonNullElse(scale.maxReplicas(), 1);
      if (min > max) {
        findings.add(
            Finding.error(
                "MinAboveMax",
                path + "minReplicas",
                min + " is more than maxReplicas " + max + "; lower it, or raise maxReplicas"));
      }
      for (int w = 0; w < scale.windows().size(); w++) {
        String window = path + "windows[" + w + "].";
        Windows.problem(scale.windows().get(w), EPOCH)
            .ifPresent(
                p -> findings.add(Finding.error("WindowInvalid", window + p.field(), p.message())));
      }
    }
    for (int i = 0; i < spec.connections().size(); i++) {
      floors(spec, spec.connections().get(i), i, findings);
    }
    return findings;
  }

  /**
   * The floors of the stages that use a connection must fit under its cap: one connection each, or
   * as many as its minReplicas, and one for each snapshot that is held. One alone could only work
   * while another stands still.
   */
  private static void floors(
      MigrationSpec spec, Connection connection, int index, List<Finding> findings) {
    List<String> floors = new ArrayList<>();
    int sum = 0;
    for (Stage stage : spec.stages()) {
      if (!connection.name().equals(connectionName(stage))) {
        continue;
      }
      int floor = Math.max(1, Objects.requireNonNullElse(stage.scale().minReplicas(), 0));
      floors.add(stage.name() + " " + floor);
      sum += floor;
      if (stage.extract() != null && stage.extract().consistency() == Stage.Consistency.Snapshot) {
        floors.add(stage.name() + "'s snapshot 1");
        sum++;
      }
    }
    int cap = Objects.requireNonNullElse(connection.maxConnections(), 8);
    if (sum > cap) {
      findings.add(
          Finding.error(
              "CapBelowFloors",
              "spec.connections[" + index + "].maxConnections",
              cap
                  + " is less than what the stages that use it need at least ("
                  + String.join(", ", floors)
                  + "); raise it to "
                  + sum
                  + ", or lower their minReplicas where they are above 1"));
    }
  }

  private static String connectionName(Stage stage) {
    if (stage.extract() != null) {
      return stage.extract().connectionName();
    }
    if (stage.enrich() != null) {
      return stage.enrich().connectionName();
    }
    return stage.load() != null ? stage.load().connectionName() : "";
  }
}
