package dev.drover.operator.chain;

import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;

/**
 * The sum of one stage's decisions. Immutable.
 *
 * @param queue records of batches from the stage before
 * @param retry records that were sent again or given up
 * @param waiting records that had waited
 * @param decisions how many decisions that is
 * @param decidedBatches of these, batches from the stage before
 * @param parts messages promised to the stages after
 */
record StageTally(
    Counts queue, Counts retry, Counts waiting, long decisions, long decidedBatches, long parts) {
  static final StageTally ZERO = new StageTally(Counts.ZERO, Counts.ZERO, Counts.ZERO, 0, 0, 0);

  StageTally plus(Decision.Summary s) {
    boolean fromQueue = s.origin() == Origin.queue;
    return new StageTally(
        fromQueue ? queue.plus(s.counts()) : queue,
        s.origin() == Origin.retry ? retry.plus(s.counts()) : retry,
        s.origin() == Origin.waiting ? waiting.plus(s.counts()) : waiting,
        decisions + 1,
        decidedBatches + (fromQueue ? 1 : 0),
        parts + s.parts());
  }

  /** The records received from the stage before, by what they are now. */
  Counts now() {
    return now(queue);
  }

  /**
   * The same for an extract, whose first decisions are its checkpoints.
   *
   * @param first what the checkpoints sum up to
   */
  Counts now(Counts first) {
    Counts all = first.plus(retry).plus(waiting);
    return new Counts(
        first.in(),
        all.passed(),
        all.filtered(),
        all.failed() - retry.in(),
        all.waiting() - waiting.in(),
        all.waived());
  }
}
