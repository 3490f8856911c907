package dev.drover.operator.status;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one reconciliation saw and did: all that a status is made of.
 *
 * @param spec what the user asks for
 * @param specFindings what is wrong with it, empty if nothing
 * @param planning how far planning of this very spec is
 * @param queues the queues' state
 * @param inForce the chain that runs, perhaps of an earlier spec; null before the first
 * @param workers the workers of each stage of the chain in force
 * @param snapshot the chain's counts; null when they could not be read
 * @param grafting how stages come or go; null when none does
 */
public record Observation(
    MigrationSpec spec,
    List<Finding> specFindings,
    Planning planning,
    Queues queues,
    @Nullable InForce inForce,
    List<StageWorkers> workers,
    @Nullable ChainSnapshot snapshot,
    MigrationStatus.@Nullable Grafting grafting) {
  public Observation {
    specFindings = List.copyOf(specFindings);
    workers = List.copyOf(workers);
  }

  /** One in which no stage comes or goes. */
  public Observation(
      MigrationSpec spec,
      List<Finding> specFindings,
      Planning planning,
      Queues queues,
      @Nullable InForce inForce,
      List<StageWorkers> workers,
      @Nullable ChainSnapshot snapshot) {
    this(spec, specFindings, planning, queues, inForce, workers, snapshot, null);
  }

  /** How far planning is. */
  public sealed interface Planning {
    /**
     * It could not be looked up.
     *
     * @param reason CamelCase
     */
    record NotKnown(String reason, String message) implements Planning {}

    /**
     * It does not begin before something else changes.
     *
     * @param reason CamelCase
     */
    record NotBegun(String reason, String message) implements Planning {}

    /** The planner is at it. */
    record Pending(String message) implements Planning {}

    /** The planner found errors. */
    record Refused(List<Finding> findings) implements Planning {
      public Refused {
        findings = List.copyOf(findings);
      }
    }

    /** The spec is planned and can run. */
    record Done(ChainPlan plan) implements Planning {}
  }

  /** What is known of the queues. */
  public sealed interface Queues {
    /** Nobody needs them now. */
    record NotNeeded() implements Queues {}

    /**
     * All streams and consumers exist.
     *
     * @param danger what may happen to what they hold; null if nothing
     */
    record Ready(@Nullable String danger) implements Queues {
      /** Safe ones. */
      public Ready() {
        this(null);
      }
    }

    /**
     * NATS is away or refuses.
     *
     * @param reason CamelCase
     * @param message why, for people
     */
    record Unavailable(String reason, String message) implements Queues {}
  }

  /** The chain that runs. */
  public record InForce(String revision, ChainSpec spec, ChainPlan plan) {}

  /**
   * Workers of a stage.
   *
   * @param stage its name
   * @param kind extract, transform, enrich or load
   * @param scaling how many are wanted, are there and are ready, and why
   */
  public record StageWorkers(String stage, String kind, MigrationStatus.Scaling scaling) {
    /** How many are ready. */
    public int ready() {
      return scaling.ready();
    }
  }
}
