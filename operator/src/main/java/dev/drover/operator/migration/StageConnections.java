package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which connections stages use. Pure. */
final class StageConnections {
  private StageConnections() {}

  /** The name of a stage's connection; null if it has none. */
  static @Nullable String name(StageSpec stage) {
    return switch (stage) {
      case StageSpec.Extract e -> e.connectionName();
      case StageSpec.Transform t -> null;
      case StageSpec.Enrich e -> e.connectionName();
      case StageSpec.Load l -> l.connectionName();
    };
  }

  /** A connection of a spec; null if it has none of that name. */
  static @Nullable Connection of(MigrationSpec spec, @Nullable String name) {
    return spec.connections().stream().filter(c -> c.name().equals(name)).findFirst().orElse(null);
  }

  /** Connections of stages that run on until they are drained, though an edit took both out. */
  static Set<String> leaving(ChainSpec runs, Set<String> asked) {
    return runs.stages().stream()
        .map(StageConnections::name)
        .filter(Objects::nonNull)
        .filter(connection -> !asked.contains(connection))
        .collect(Collectors.toSet());
  }
}
