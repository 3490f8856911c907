package dev.drover.operator.scaling;

import org.jspecify.annotations.Nullable;

/**
 * What scaling knows of one stage at one moment. Immutable.
 *
 * @param stage its name
 * @param from the stage whose queue it reads; null for an extract, whose backlog is in splits
 * @param connection the connection that its workers use; null for none
 * @param bounds what the user allows
 * @param halt why it may not run now; null if it may
 * @param desired workers that are wanted now
 * @param ready workers that are ready now; the others are coming
 * @param work what is left for it and how far it is; null when that is not known
 */
public record StageObservation(
    String stage,
    @Nullable String from,
    @Nullable String connection,
    Bounds bounds,
    @Nullable Halt halt,
    int desired,
    int ready,
    @Nullable Work work) {

  boolean reads() {
    return from == null;
  }

  /** Records of all the batches that a worker holds, and may be at together; 0 if not known. */
  double handRecords(Work of) {
    return of.batchRecords() * Math.max(1, (double) atHand(of).inFlight() / Math.max(1, ready));
  }

  /** What workers can be at; of an extract's splits it is not known which were set aside. */
  Work atHand(Work of) {
    return reads() ? of : of.atHand();
  }

  /**
   * What the user allows.
   *
   * @param minReplicas the fewest workers while anything is left for the stage
   * @param maxReplicas the most
   * @param targetDrainSeconds in how many seconds a backlog should be gone
   * @param recordsPerSecond the most records a second, of all workers together; 0 for no limit
   */
  public record Bounds(
      int minReplicas, int maxReplicas, int targetDrainSeconds, long recordsPerSecond) {}

  /**
   * Why a stage may not run: {@link Reason#Suspended}, {@link Reason#BudgetExceeded}, {@link
   * Reason#SnapshotLost} or {@link Reason#OutsideWindow}.
   */
  public record Halt(Reason reason, String message) {}

  /**
   * What is left for a stage and how far it is. The two sums never fall and count each record once,
   * however often it was delivered: their growth is the rates.
   *
   * @param units messages, or splits of an extract, that wait or are being worked on
   * @param records how many records that is
   * @param inFlight of the units, those being worked on
   * @param redelivered of those, the ones that were delivered before
   * @param arrived records that were ever handed to the stage; for an extract, 0
   * @param completed records that the stage ever decided
   * @param outputPercent how full its output queue is, of its most bytes; 0 for a load
   * @param done whether nothing more will come unless somebody replays
   * @param finishing whether it has decided all and still owes its target something
   * @param batchRecords about how many records a message has, which are counted only when all of
   *     them are done; 0 while that is not known, and for an extract, which counts what it reads as
   *     it goes
   * @param stalledWorkers workers that say that something keeps them from moving on, all or in part
   * @param goingOn of these, those that have only set some batches aside and go on with others
   * @param aside how many batches those have set aside, to be delivered again after a while
   */
  public record Work(
      long units,
      long records,
      long inFlight,
      long redelivered,
      long arrived,
      long completed,
      int outputPercent,
      boolean done,
      boolean finishing,
      long batchRecords,
      int stalledWorkers,
      int goingOn,
      int aside) {
    boolean any() {
      return units > 0 || records > 0 || inFlight > 0;
    }

    /**
     * Without what was set aside, which keeps no worker busy and needs none until it is delivered
     * again. What workers tell may be a moment old, and two may tell of the same.
     */
    Work atHand() {
      long resting = Math.min(aside, inFlight);
      return new Work(
          units - Math.min(resting, units),
          records - Math.min(resting * batchRecords, records),
          inFlight - resting,
          redelivered - Math.min(resting, redelivered),
          arrived,
          completed,
          outputPercent,
          done,
          finishing,
          batchRecords,
          stalledWorkers,
          goingOn,
          0);
    }
  }
}
