package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.events.News;
import dev.drover.operator.status.ConditionTypes;
import dev.drover.operator.workload.Workloads;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What happens when a Migration is deleted: first its workers go, then its queues as the policy
 * says. Neither a worker that hangs nor a NATS that is away holds it for ever: after a minute it
 * goes, and an event tells what was left behind.
 */
final class Farewell {
  static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration WORKERS_PATIENCE = Duration.ofSeconds(45);

  private final Workloads workloads;
  private final Function<Migration, Chain> chains;

  Farewell(Workloads workloads, Function<Migration, Chain> chains) {
    this.workloads = workloads;
    this.chains = chains;
  }

  Outcome say(Migration migration, List<HasMetadata> remaining, Instant now) {
    Duration waited =
        Duration.between(Instant.parse(migration.getMetadata().getDeletionTimestamp()), now);
    remaining.stream()
        .filter(w -> w.getMetadata().getDeletionTimestamp() == null)
        .forEach(workloads::delete);
    if (!remaining.isEmpty() && waited.compareTo(WORKERS_PATIENCE) < 0) {
      return new Outcome(false, Duration.ofSeconds(1), Optional.empty());
    }
    try {
      List<String> retained =
          chains
              .apply(migration)
              .delete(migration.getSpec().queueDeletionPolicy())
              .retainedStreams();
      workloads.forget(migration.getMetadata().getUid());
      return new Outcome(true, Duration.ZERO, retained(retained));
    } catch (ChainUnavailableException e) {
      if (waited.compareTo(PATIENCE) < 0) {
        return new Outcome(
            false,
            Duration.ofSeconds(5),
            Optional.of(
                News.warning(
                    "NatsUnavailable", "queues cannot be removed yet: " + e.getMessage())));
      }
      workloads.forget(migration.getMetadata().getUid());
      return new Outcome(
          true,
          Duration.ZERO,
          Optional.of(
              News.warning(
                  "QueuesLeftBehind",
                  "NATS was away for a minute, its queues may still be there; remove them with the"
                      + " nats tool: "
                      + e.getMessage())));
    }
  }

  /** What a Migration leaves undone at its targets if it goes now. */
  static Optional<News> owed(Migration migration) {
    MigrationStatus status = migration.getStatus();
    boolean begun = status != null && status.startTime() != null;
    boolean over =
        status != null
            && status.conditions().stream()
                .anyMatch(
                    c -> c.type().equals(ConditionTypes.COMPLETED) && c.status().equals("True"));
    String tables =
        migration.getSpec().stages().stream()
            .filter(s -> s.load() != null && s.load().indexes() == Stage.Indexes.Defer)
            .map(Farewell::preparation)
            .collect(Collectors.joining(", "));
    return !begun || over || tables.isEmpty()
        ? Optional.empty()
        : Optional.of(
            News.warning(
                "IndexesOwed",
                "indexes and foreign keys that were dropped may not be built yet: their statements are"
                    + " the rows without done_at in "
                    + tables));
  }

  private static String preparation(Stage stage) {
    Stage.Load load = Objects.requireNonNull(stage.load());
    String schema = load.schema() == null ? "public" : load.schema();
    return "table " + schema + ".drover_preparation of connection " + load.connectionName();
  }

  private static Optional<News> retained(List<String> streams) {
    return streams.isEmpty()
        ? Optional.empty()
        : Optional.of(
            News.normal(
                "QueuesRetained",
                "these queues still hold records and stay in NATS: " + String.join(", ", streams)));
  }

  /**
   * How far the farewell is.
   *
   * @param gone whether the Migration may go
   * @param again when to look again if not
   * @param news what to tell
   */
  record Outcome(boolean gone, Duration again, Optional<News> news) {}
}
