package dev.drover.operator.chain;

import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.wire.decision.Counts;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Gauges of chains, from their snapshots. There are eleven of each stage of each migration that
 * exists, one of each of its {@value #MOST_CAUSES} most frequent causes of failure, and they go
 * with it. Thread-safe.
 *
 * <ul>
 *   <li>{@code drover.stage.records}, by {@code outcome}: {@code passed}, {@code filtered}, {@code
 *       failed}, {@code waiting} and {@code waived} add up to {@code in}; {@code failed} are those
 *       in the error queue now
 *   <li>{@code drover.stage.backlog.messages}, {@code drover.stage.backlog.records} (an estimate)
 *       and {@code drover.stage.inflight.messages}
 *   <li>{@code drover.stage.stalled}: 1 while the stage says why it does not move on
 *   <li>{@code drover.stage.budget.exceeded}: 1 while the stage is paused for its error budget
 *   <li>{@code drover.failures.open}, by {@code stage}, {@code code}, {@code fingerprint}: open
 *       failures of a cause; of all causes beyond those, together, with {@code other} in each
 * </ul>
 */
public final class ChainMetrics {
  private record Owner(String namespace, String migration) {}

  /** The gauges of one stage; they read the snapshot that is newest. */
  private static final class StageMeters {
    volatile StageSnapshot now;
    final List<Meter> meters = new ArrayList<>();

    StageMeters(StageSnapshot now) {
      this.now = now;
    }
  }

  /** The most causes of one migration that have a gauge each. */
  static final int MOST_CAUSES = 20;

  private static final String OTHER = "other";

  private final MeterRegistry registry;
  private final Map<Owner, MultiGauge> failures = new ConcurrentHashMap<>();
  private final Map<Owner, Map<String, StageMeters>> owners = new ConcurrentHashMap<>();

  /** Gauges in a registry. */
  public ChainMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Shows how a chain stands; stages that are no longer there go. */
  public void update(String namespace, String migration, ChainSnapshot snapshot) {
    Owner owner = new Owner(namespace, migration);
    owners.compute(
        owner,
        (key, known) -> {
          Map<String, StageMeters> stages = known == null ? new HashMap<>() : known;
          Set<String> gone = new HashSet<>(stages.keySet());
          for (StageSnapshot stage : snapshot.stages()) {
            gone.remove(stage.name());
            stages.computeIfAbsent(stage.name(), name -> register(owner, stage)).now = stage;
          }
          gone.forEach(name -> remove(stages.remove(name)));
          return stages;
        });
    failures
        .computeIfAbsent(owner, key -> failures(owner))
        .register(causes(snapshot.failures()), true);
  }

  private MultiGauge failures(Owner owner) {
    return MultiGauge.builder("drover.failures.open")
        .description("Open failures by cause; those of rarer causes together as other")
        .tag("namespace", owner.namespace())
        .tag("migration", owner.migration())
        .register(registry);
  }

  private static List<MultiGauge.Row<?>> causes(ChainSnapshot.Failures failures) {
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    long others = failures.otherRecords();
    for (ChainSnapshot.FailureCount cause : failures.causes()) {
      if (rows.size() < MOST_CAUSES) {
        rows.add(
            MultiGauge.Row.of(
                Tags.of(
                    "stage", cause.stage(),
                    "code", cause.code(),
                    "fingerprint", cause.fingerprint()),
                cause.records()));
      } else {
        others += cause.records();
      }
    }
    if (others > 0) {
      rows.add(
          MultiGauge.Row.of(Tags.of("stage", OTHER, "code", OTHER, "fingerprint", OTHER), others));
    }
    return rows;
  }

  /** Removes the gauges of a migration that is gone. */
  public void forget(String namespace, String migration) {
    MultiGauge causes = failures.remove(new Owner(namespace, migration));
    if (causes != null) {
      causes.register(List.of(), true);
    }
    owners.computeIfPresent(
        new Owner(namespace, migration),
        (key, stages) -> {
          stages.values().forEach(this::remove);
          return null;
        });
  }

  private StageMeters register(Owner owner, StageSnapshot stage) {
    StageMeters meters = new StageMeters(stage);
    Tags tags =
        Tags.of(
            "namespace", owner.namespace(), "migration", owner.migration(), "stage", stage.name());
    Map<String, ToDoubleFunction<Counts>> outcomes =
        Map.of(
            "in", Counts::in,
            "passed", Counts::passed,
            "filtered", Counts::filtered,
            "failed", Counts::failed,
            "waiting", Counts::waiting,
            "waived", Counts::waived);
    outcomes.forEach(
        (outcome, count) ->
            add(
                meters,
                "drover.stage.records",
                "Records that the stage received, by what they are now",
                tags.and("outcome", outcome),
                s -> count.applyAsDouble(s.counts())));
    add(
        meters,
        "drover.stage.backlog.messages",
        "Messages that wait for the stage or are being worked on; for an extract, splits",
        tags,
        StageSnapshot::backlogMessages);
    add(
        meters,
        "drover.stage.backlog.records",
        "About how many records the backlog is",
        tags,
        StageSnapshot::backlogRecords);
    add(
        meters,
        "drover.stage.inflight.messages",
        "Messages of the backlog that are being worked on",
        tags,
        StageSnapshot::inFlightMessages);
    add(
        meters,
        "drover.stage.stalled",
        "1 while the stage does not move on",
        tags,
        s -> s.stall() == null ? 0 : 1);
    add(
        meters,
        "drover.stage.budget.exceeded",
        "1 while the stage is paused since too many of its records failed",
        tags,
        s -> s.breach() == null ? 0 : 1);
    return meters;
  }

  private void add(
      StageMeters meters,
      String name,
      String description,
      Tags tags,
      ToDoubleFunction<StageSnapshot> value) {
    meters.meters.add(
        Gauge.builder(name, meters, m -> value.applyAsDouble(m.now))
            .description(description)
            .tags(tags)
            .register(registry));
  }

  private void remove(@Nullable StageMeters meters) {
    if (meters != null) {
      meters.meters.forEach(registry::remove);
    }
  }
}
