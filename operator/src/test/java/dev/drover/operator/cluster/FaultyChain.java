package dev.drover.operator.cluster;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.chain.BudgetWish;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.chain.Hindered;
import dev.drover.operator.chain.Joining;
import dev.drover.operator.chain.Removal;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.Pace;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Plays a chain whose NATS and planner do as the test says. For this tier only: here the question
 * is what the operator does at the API server when they misbehave; the real ones are met end to
 * end.
 */
public final class FaultyChain implements Chain {
  public final Map<String, ChainSpec> specs = new ConcurrentHashMap<>();
  public volatile boolean away;

  /** How fast stages were told to go. */
  public volatile Map<String, Pace> paces = Map.of();

  /** What the workers were told last. */
  public volatile Map<String, Integer> caps = Map.of();

  /** Which error budgets stages were told. */
  public volatile Map<String, BudgetWish> budgets = Map.of();

  public volatile Function<ChainSpec, Optional<ChainPlan>> planner = FaultyChain::goodPlan;
  public volatile Function<ChainSpec, ChainSnapshot> counts = spec -> snapshot(spec, 0, 0, false);

  /** How stages that come or go are joined. */
  public interface Joiner {
    Joining join(String revision, ChainSpec spec, boolean go);
  }

  public volatile Joiner joining = (revision, spec, go) -> new Joining.Joined();
  public volatile boolean queuesMade;

  /** What may happen to the queues; null if nothing. */
  public volatile @Nullable String danger;

  /** Stages whose snapshot was released. */
  public final Set<String> released = ConcurrentHashMap.newKeySet();

  public volatile boolean deleted;

  /** Whether it was told that it has begun. */
  public volatile boolean begun;

  @Override
  public void begun() {
    begun = true;
  }

  /** A plan of one table in three splits. */
  public static Optional<ChainPlan> goodPlan(ChainSpec spec) {
    KeyRange all = KeyRange.ALL;
    TablePlan table =
        new TablePlan(
            spec.stages().getFirst().name(),
            "public.orders",
            new RecordSchema("public.orders", List.of()),
            List.of("id"),
            List.of(),
            1000,
            List.of(all, all, all));
    return Optional.of(new ChainPlan(List.of(), List.of(table), Map.of()));
  }

  /** A plan with errors. */
  public static Function<ChainSpec, Optional<ChainPlan>> refusing(Finding... findings) {
    return spec -> Optional.of(new ChainPlan(List.of(findings), List.of(), Map.of()));
  }

  /** Every stage has the same backlog and has passed the same number of records. */
  public static ChainSnapshot snapshot(
      ChainSpec spec, long backlogRecords, long passed, boolean complete) {
    List<ChainSnapshot.StageSnapshot> stages = new ArrayList<>();
    for (StageSpec stage : spec.stages()) {
      long messages =
          stage instanceof StageSpec.Extract
              ? (complete ? 0 : 3)
              : Math.ceilDiv(backlogRecords, 8000);
      stages.add(
          new ChainSnapshot.StageSnapshot(
              stage.name(),
              new Counts(passed, passed, 0, 0, 0, 0),
              messages,
              stage instanceof StageSpec.Extract ? messages * 1_000_000 : backlogRecords,
              0,
              new ChainSnapshot.Flow(0, passed, passed, 0, 0, Hindered.NONE),
              complete,
              null,
              false,
              null));
    }
    return new ChainSnapshot(
        stages,
        3,
        complete ? 3 : 0,
        complete,
        new ChainSnapshot.Balance(true, "TallyBalanced", "every stage adds up"),
        ChainSnapshot.Failures.NONE,
        Instant.parse("2026-01-01T00:00:00Z"),
        Instant.parse("2026-01-01T00:01:00Z"));
  }

  /** As a snapshot, but that a stage says why it does not move on. */
  public static ChainSnapshot stalled(
      ChainSnapshot base, String stage, ChainSnapshot.StallReason reason) {
    return new ChainSnapshot(
        base.stages().stream()
            .map(
                s ->
                    !s.name().equals(stage)
                        ? s
                        : new ChainSnapshot.StageSnapshot(
                            s.name(),
                            s.counts(),
                            s.backlogMessages(),
                            s.backlogRecords(),
                            s.inFlightMessages(),
                            s.flow(),
                            s.done(),
                            reason,
                            s.finishing(),
                            s.breach()))
            .toList(),
        base.splitsTotal(),
        base.splitsDone(),
        base.complete(),
        base.balance(),
        base.failures(),
        base.firstDispatch(),
        base.lastDecision());
  }

  @Override
  public void publishSpec(String revision, ChainSpec spec, MigrationSpec.Queues queues) {
    reach();
    specs.put(revision, spec);
  }

  @Override
  public Optional<ChainSpec> spec(String revision) {
    reach();
    return Optional.ofNullable(specs.get(revision));
  }

  @Override
  public Optional<ChainPlan> plan(String revision) {
    reach();
    return Optional.ofNullable(specs.get(revision)).flatMap(s -> planner.apply(s));
  }

  @Override
  public Optional<String> planProgress(String revision) {
    reach();
    return Optional.of("DatabaseUnavailable: legacy: connection refused");
  }

  @Override
  public void ensureQueues(ChainSpec spec, MigrationSpec.Queues queues) {
    reach();
    queuesMade = true;
  }

  @Override
  public Optional<String> danger(MigrationSpec.Queues queues) {
    return Optional.ofNullable(danger);
  }

  @Override
  public Joining join(
      String revision, ChainSpec spec, MigrationSpec.Queues queues, boolean go, Removal removal) {
    reach();
    return joining.join(revision, spec, go);
  }

  @Override
  public ChainSnapshot advance(String revision, ChainSpec spec, ChainPlan plan, boolean hold) {
    reach();
    return counts.apply(spec);
  }

  @Override
  public void pace(ChainSpec spec, Map<String, Pace> limits, Duration grace) {
    paces = Map.copyOf(limits);
  }

  @Override
  public Map<String, Integer> caps(Map<String, Integer> wanted, Set<String> refused) {
    reach();
    Map<String, Integer> next = new HashMap<>(wanted);
    refused.forEach(c -> next.computeIfPresent(c, (name, cap) -> caps.getOrDefault(c, cap)));
    caps = Map.copyOf(next);
    return caps;
  }

  @Override
  public void budget(ChainSpec spec, Map<String, BudgetWish> wishes) {
    reach();
    budgets = Map.copyOf(wishes);
  }

  @Override
  public void releaseSnapshot(String stage) {
    reach();
    released.add(stage);
  }

  @Override
  public Deletion delete(MigrationSpec.QueueDeletionPolicy policy) {
    reach();
    deleted = true;
    return new Deletion(List.of());
  }

  private void reach() {
    if (away) {
      throw new ChainUnavailableException(
          "NatsUnavailable", "NATS does not answer at nats://nats:4222", new IOException());
    }
  }
}
