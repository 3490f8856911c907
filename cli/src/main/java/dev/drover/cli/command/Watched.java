package dev.drover.cli.command;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.cli.cluster.Cluster;
import dev.drover.cli.cluster.Polling;
import dev.drover.cli.report.MigrationView;
import dev.drover.cli.report.Rates;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The Migrations that {@code status} and {@code top} look at. */
final class Watched {
  /** A status is written every three seconds; so long until two are seen, and a stand is known. */
  private static final Duration MEASURED = Duration.ofSeconds(12);

  private static final Duration POLL = Duration.ofSeconds(1);

  private final Cluster cluster;
  private final @Nullable String name;
  private final boolean everywhere;
  private final InstantSource clock;

  Watched(Cluster cluster, @Nullable String name, boolean everywhere, InstantSource clock) {
    this.cluster = cluster;
    this.name = name;
    this.everywhere = everywhere;
    this.clock = clock;
  }

  /** Looks at them once, and notes it. */
  List<Migration> look(Rates rates) {
    List<Migration> seen =
        name == null ? cluster.migrations(everywhere) : List.of(cluster.migration(name));
    Instant now = clock.instant();
    seen.forEach(m -> rates.note(m, now));
    return seen;
  }

  /** Looks until the rates of those that run are known. */
  List<Migration> measure(Rates rates) {
    Instant end = clock.instant().plus(MEASURED);
    List<Migration> seen = look(rates);
    while (!isMeasured(seen, rates) && clock.instant().isBefore(end)) {
      Polling.pause(POLL);
      seen = look(rates);
    }
    return seen;
  }

  private boolean isMeasured(List<Migration> seen, Rates rates) {
    return seen.stream()
        .filter(m -> MigrationView.of(m, rates, clock.instant()).isRunning())
        .allMatch(
            m -> m.getStatus().stages().stream().allMatch(s -> rates.of(m, s.name()).isPresent()));
  }

  /** What to say when there are none. */
  String none() {
    return everywhere
        ? "There are no Migrations."
        : "There are no Migrations in namespace " + cluster.namespace() + "; -A looks everywhere.";
  }
}
