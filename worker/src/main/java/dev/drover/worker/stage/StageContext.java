package dev.drover.worker.stage;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.budget.BudgetKeeper;
import dev.drover.worker.jetstream.PaceKeeper;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.metrics.StageMetrics;
import io.nats.client.Connection;
import java.time.Clock;
import java.util.function.BooleanSupplier;

/**
 * What a worker works with: who it is and whom it talks to.
 *
 * @param stage the stage's name
 * @param revision the chain revision whose spec this worker was started for
 * @param spec that spec
 * @param pod this worker's name
 * @param maxPayload the most bytes a message may have, headers included, as the server says
 */
public record StageContext(
    String stage,
    String revision,
    ChainSpec spec,
    String pod,
    ChainNames names,
    Connection nats,
    StateStore state,
    Publisher publisher,
    Stalls stalls,
    PaceKeeper pace,
    BudgetKeeper budget,
    StageMetrics metrics,
    Clock clock,
    long maxPayload) {
  /** Room that a message's headers, or a failure's detail, may take beside a record. */
  private static final int RESERVE = 64 * 1024;

  /** The most bytes of a batch; small enough to move well, large enough that its costs vanish. */
  private static final int BATCH = 512 * 1024;

  /** Waits until the pace and the error budget let something be taken, or until asked to stop. */
  public void awaitTurn(BooleanSupplier stop) throws InterruptedException {
    while (mustWait() && !stop.getAsBoolean()) {
      pace.await(stop);
      budget.await(stop);
    }
  }

  /** Whether the pace or the error budget lets nothing be taken now. */
  public boolean mustWait() {
    return pace.owes() || budget.exhausted();
  }

  /**
   * How many messages to fetch ahead, see {@link dev.drover.worker.jetstream.Inbox.Appetite}. Where
   * there is a rate, one that is about to be taken: what is given back untaken comes again as if
   * somebody had begun it, hence paid for it.
   */
  public int appetite(int untaken) {
    if (mustWait()) {
      return 0;
    }
    return !pace.isLimited() ? Integer.MAX_VALUE : untaken == 0 ? 1 : 0;
  }

  /** The most bytes that one record may have. */
  public int maxRecordBytes() {
    return Math.toIntExact(maxPayload - RESERVE);
  }

  /** About how many bytes a batch should have. */
  public int batchBytes() {
    return Math.min(BATCH, maxRecordBytes());
  }
}
