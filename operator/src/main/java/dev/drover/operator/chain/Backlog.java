package dev.drover.operator.chain;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What waits for a stage in its consumers. Immutable.
 *
 * @param queued messages of its queue that are not acknowledged; for an extract, splits
 * @param retries messages of its retries that are not acknowledged
 * @param waiting messages of its waiting room that are not acknowledged
 * @param inFlight of all these, those being worked on
 * @param redelivered of those in flight, those that were delivered before
 * @param trials what was delivered of its queue, of its retries and of its waiting room
 * @param roomFull whether its waiting room lets nothing in that comes anew
 * @param inputFull whether nothing more can come to it before something is acknowledged
 * @param outputPercent how full the stage's own queue is, of its most bytes; 0 for a load
 * @param missingStream a stream or consumer of the stage that is not there; null if all are
 */
record Backlog(
    long queued,
    long retries,
    long waiting,
    long inFlight,
    long redelivered,
    List<Trials> trials,
    boolean roomFull,
    boolean inputFull,
    int outputPercent,
    @Nullable String missingStream) {
  static final Backlog NONE = new Backlog(0, 0, 0, 0, 0, List.of(), false, false, 0, null);

  Backlog {
    trials = List.copyOf(trials);
  }

  /**
   * What was delivered of one consumer.
   *
   * @param taken its messages that were delivered and are not acknowledged
   * @param left its messages that were never delivered and may be
   * @param deliveries how often messages of it were delivered, ever
   * @param reached the sequence of the newest message that was delivered
   */
  record Trials(long taken, long left, long deliveries, long reached) {}

  long messages() {
    return queued + retries + waiting;
  }
}
