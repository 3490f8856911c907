package dev.drover.worker.extract;

import dev.drover.wire.plan.KeyRange;
import dev.drover.worker.stage.ErrorQueue;
import java.util.List;

/**
 * A batch ready to go.
 *
 * @param range the keys it covers, closed
 * @param records records read, the failed ones included
 * @param body the rows' bytes; empty if all failed
 * @param failures records that no message can hold
 */
record CutBatch(KeyRange range, int records, byte[] body, List<ErrorQueue.Failure> failures) {
  int rows() {
    return records - failures.size();
  }
}
