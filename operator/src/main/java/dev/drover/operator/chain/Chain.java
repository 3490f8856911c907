package dev.drover.operator.chain;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.state.Pace;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One migration's chain in NATS. Every method is idempotent, may be called from any thread, and
 * throws {@link ChainUnavailableException} when NATS is away or refuses.
 */
public interface Chain {
  /** Reason of what is said of a NATS whose servers may lose messages. */
  String NATS_VERSION_UNSAFE = "NatsVersionUnsafe";

  /** Reason of what is said of a chain that has begun and whose state is gone. */
  String STATE_LOST = "StateLost";

  /**
   * Says that the chain has begun: from now on its state is not made anew where it is gone. Which
   * batches were loaded is then known at the targets alone, by names that a chain that began anew
   * would give to other rows.
   */
  void begun();

  /**
   * Writes a chain's spec for planner and workers, making the state bucket if it is not there. A
   * chain that has not begun is refused where {@link #danger} is; one that has, where its state is
   * gone.
   */
  void publishSpec(String revision, ChainSpec spec, MigrationSpec.Queues queues);

  /** A spec that was published before; the chain in force while a later one is being planned. */
  Optional<ChainSpec> spec(String revision);

  /** What the planner wrote about a revision, if it is done. */
  Optional<ChainPlan> plan(String revision);

  /** Why planning is not done yet, if the planner said so. */
  Optional<String> planProgress(String revision);

  /**
   * Makes all streams and all durable consumers; no worker may write to a queue before its
   * consumers exist. A chain that has not begun is refused where {@link #danger} is.
   */
  void ensureQueues(ChainSpec spec, MigrationSpec.Queues queues);

  /**
   * What may happen to what the queues hold, and what to do against it; empty if nothing. Asks
   * nobody: it goes by the one server that the operator is connected to.
   */
  Optional<String> danger(MigrationSpec.Queues queues);

  /**
   * Brings the way in which the stages are joined nearer to a spec's, and tells how far that is. To
   * be called before {@link #ensureQueues} is, with the spec that is to run next.
   *
   * @param go whether to do it; false only tells what would be done
   * @param removal of stages that are to go, or to read another queue
   */
  Joining join(
      String revision, ChainSpec spec, MigrationSpec.Queues queues, boolean go, Removal removal);

  /** The same where every stage may run, and all that goes is drained. */
  default Joining join(String revision, ChainSpec spec, MigrationSpec.Queues queues, boolean go) {
    return join(revision, spec, queues, go, Removal.DRAINED);
  }

  /**
   * Dispatches the splits that may be dispatched, and tells how the chain stands.
   *
   * @param revision the plan's, which the dispatched splits name
   * @param hold true while suspended: nothing is dispatched
   */
  ChainSnapshot advance(String revision, ChainSpec spec, ChainPlan plan, boolean hold);

  /**
   * Tells the workers of stages how fast they may go.
   *
   * @param paces by stage, and by {@link Pace#requests}; what is not in it has no limit
   * @param grace how long a worker that is told to leave may take, and ask on
   */
  void pace(ChainSpec spec, Map<String, Pace> paces, Duration grace);

  /**
   * Tells the workers how many sessions connections may have.
   *
   * @param caps by connection
   * @param refused those of them whose number was refused: what was told of them before stays, if
   *     anything was
   * @return those in force now, by connection
   */
  Map<String, Integer> caps(Map<String, Integer> caps, Set<String> refused);

  /**
   * Tells the workers of stages how many records may fail. A budget that differs from the one that
   * was told before begins a new count, and lets a stage go on that was paused for that one.
   *
   * @param wishes by stage; a stage of the spec that is not in it has no budget
   */
  void budget(ChainSpec spec, Map<String, BudgetWish> wishes);

  /** Says that an extract stage's snapshot is needed no more, if it is held. */
  void releaseSnapshot(String stage);

  /** Removes the chain from NATS as the policy says. */
  Deletion delete(MigrationSpec.QueueDeletionPolicy policy);

  /** What deletion left. */
  record Deletion(List<String> retainedStreams) {}
}
