package dev.drover.operator.validation;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.backfill.PrivatePaths;
import dev.drover.operator.schedule.Windows;
import dev.drover.wire.plan.EndpointId;
import dev.drover.wire.plan.Finding;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

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
    Map<EndpointId, List<Connection>> endpoints = new LinkedHashMap<>();
    for (Connection connection : spec.connections()) {
      endpoints.computeIfAbsent(Endpoints.of(connection), id -> new ArrayList<>()).add(connection);
    }
    MigrationSpec whole = PrivatePaths.expanded(spec);
    endpoints.values().forEach(connections -> floors(whole, connections, findings));
    return findings;
  }

  /**
   * The floors of the stages that use a server with a login must fit under its smallest cap: one
   * connection each, or as many as its minReplicas, and one for each snapshot that is held. One
   * alone could only work while another stands still.
   */
  private static void floors(
      MigrationSpec spec, List<Connection> connections, List<Finding> findings) {
    List<String> names = connections.stream().map(Connection::name).toList();
    List<String> floors = new ArrayList<>();
    int sum = 0;
    for (Stage stage : spec.stages()) {
      String used = connectionName(stage);
      if (used == null || !names.contains(used)) {
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
    String shared =
        names.size() == 1
            ? ""
            : ", as "
                + String.join(" and ", names)
                + " lead to one server with one login, and share the smallest maxConnections";
    for (Connection connection : connections) {
      if (sum > cap(connection)) {
        findings.add(
            Finding.error(
                "CapBelowFloors",
                "spec.connections[" + spec.connections().indexOf(connection) + "].maxConnections",
                cap(connection)
                    + " is less than what the stages that use it need at least ("
                    + String.join(", ", floors)
                    + shared
                    + "); raise it to "
                    + sum
                    + ", or lower their minReplicas where they are above 1"));
      }
    }
  }

  private static int cap(Connection connection) {
    return Objects.requireNonNullElse(
        connection.maxConnections(), Connection.DEFAULT_MAX_CONNECTIONS);
  }

  private static @Nullable String connectionName(Stage stage) {
    if (stage.extract() != null) {
      return stage.extract().connectionName();
    }
    if (stage.enrich() != null) {
      return stage.enrich().connectionName();
    }
    return stage.load() != null ? stage.load().connectionName() : null;
  }
}
