package dev.drover.operator.metrics;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.ChainMetrics;
import dev.drover.operator.chain.ChainSnapshot;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The operator's own meters, and through {@link ChainMetrics} those of the stages. What tells of
 * one Migration goes with it; what tells of the operator is not tagged by resource. Thread-safe.
 */
public final class MigrationMetrics {
  /** What a Migration is doing, as the gauge counts it. */
  public enum State {
    /** Not planned yet, or planning. */
    Planning,
    /** Moving records. */
    Running,
    /** Stopped by {@code spec.suspend}. */
    Suspended,
    /** Needs somebody: spec or plan refused, NATS away, a stage stalled, tally off. */
    Troubled,
    /** All decided, or planned with {@code mode: PlanOnly}. */
    Completed
  }

  private final MeterRegistry registry;
  private final ChainMetrics chains;
  private final Map<String, State> states = new ConcurrentHashMap<>();

  /** Meters in a registry. */
  public MigrationMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.chains = new ChainMetrics(registry);
    for (State state : State.values()) {
      Gauge.builder(
              "drover.migrations",
              states,
              all -> all.values().stream().filter(s -> s == state).count())
          .description("Migrations by what they are doing")
          .tag("state", state.name())
          .register(registry);
    }
  }

  /**
   * A visit to a Migration ended.
   *
   * @param snapshot how its chain stands; null if that could not be read, then the last one stays
   */
  public void visited(
      Migration migration,
      MigrationStatus status,
      @Nullable ChainSnapshot snapshot,
      Duration took) {
    states.put(migration.getMetadata().getUid(), state(status));
    if (snapshot != null) {
      chains.update(
          migration.getMetadata().getNamespace(), migration.getMetadata().getName(), snapshot);
    }
    timer("done").record(took);
  }

  /** A visit to a Migration ended in an exception. */
  public void visitFailed(Duration took) {
    timer("error").record(took);
  }

  /** The status of a Migration was written. */
  public void statusWritten() {
    registry.counter("drover.status.writes").increment();
  }

  /** A Migration is gone. */
  public void forget(Migration migration) {
    states.remove(migration.getMetadata().getUid());
    chains.forget(migration.getMetadata().getNamespace(), migration.getMetadata().getName());
  }

  private Timer timer(String outcome) {
    return Timer.builder("drover.reconcile")
        .description("Time that one visit to a Migration takes")
        .tag("outcome", outcome)
        .register(registry);
  }

  static State state(MigrationStatus status) {
    Condition ready =
        status.conditions().stream().filter(c -> c.type().equals("Ready")).findFirst().orElse(null);
    if (ready == null || ready.reason().equals("Planning")) {
      return State.Planning;
    }
    return switch (ready.reason()) {
      case "Suspended" -> State.Suspended;
      case "AllLoaded", "WithFailures", "PlanOnly" -> State.Completed;
      case "Running", "WorkersNotReady", "NotStarted" -> State.Running;
      default -> State.Troubled;
    };
  }
}
