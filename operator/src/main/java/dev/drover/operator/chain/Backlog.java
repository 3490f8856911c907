package dev.drover.operator.chain;

import org.jspecify.annotations.Nullable;

/**
 * What waits for a stage in its consumers. Immutable.
 *
 * @param queued messages of its queue that are not acknowledged; for an extract, splits
 * @param retries messages of its retries that are not acknowledged
 * @param waiting messages of its waiting room that are not acknowledged
 * @param inFlight of all these, those being worked on
 * @param redelivered of those in flight, those that were delivered before
 * @param waitingDeliveries how often the waiting room's messages were delivered, ever
 * @param outputPercent how full the stage's own queue is, of its most bytes; 0 for a load
 * @param missingStream a stream or consumer of the stage that is not there; null if all are
 */
record Backlog(
    long queued,
    long retries,
    long waiting,
    long inFlight,
    long redelivered,
    long waitingDeliveries,
    int outputPercent,
    @Nullable String missingStream) {
  static final Backlog NONE = new Backlog(0, 0, 0, 0, 0, 0, 0, null);

  long messages() {
    return queued + retries + waiting;
  }
}
