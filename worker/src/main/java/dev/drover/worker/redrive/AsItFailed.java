package dev.drover.worker.redrive;

import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.RedriveOrder;
import java.util.ArrayList;
import java.util.List;

/** Sends records as they failed, with the order's change. */
final class AsItFailed implements Renewal {
  /** What a change does not fit. */
  static final String CODE = "ChangeRefused";

  private final RowChanges changes;

  AsItFailed(RowChanges changes) {
    this.changes = changes;
  }

  @Override
  public List<Renewed> of(List<QueuedFailure> failures, RedriveOrder order)
      throws InterruptedException {
    List<Renewed> renewed = new ArrayList<>(failures.size());
    for (QueuedFailure failure : failures) {
      try {
        byte[] row = changes.of(order.change(), failure).apply(failure);
        renewed.add(new Renewed.Ready(failure, row, null));
      } catch (RefusedException e) {
        renewed.add(new Renewed.Refused(failure, CODE, String.valueOf(e.getMessage())));
      }
    }
    return renewed;
  }

  @Override
  public void close() {
    // Holds nothing.
  }
}
