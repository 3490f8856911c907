package dev.drover.operator.scaling;

import dev.drover.operator.scaling.StageObservation.Work;

/** What keeps a stage from moving on, by what shows that. Pure. */
final class Hindrance {
  /** Who is kept from moving on for that long keeps one worker, to see when it goes on. */
  static final double GIVE_UP_SECONDS = 300;

  private static final double TOLD_SECONDS = 4;
  private static final double SECONDS = 10;

  /** In as many times as long as a worker needs for all that it holds, it has surely ended some. */
  private static final double HANDS = 1.5;

  private Hindrance() {}

  /**
   * For how many seconds nothing must have been completed to show a stall; fewer where its workers
   * say so. Where batches are counted whole and none was seen to be done yet, no time shows one:
   * its workers may just be slow.
   */
  static double stillSeconds(StageObservation stage, Work work, Capacity capacity) {
    if (told(stage, work)) {
      return TOLD_SECONDS;
    }
    double hand = capacity.secondsFor(stage.handRecords(work));
    return hand == 0 && work.batchRecords() > 0
        ? Double.POSITIVE_INFINITY
        : Math.max(SECONDS, HANDS * hand);
  }

  /**
   * Whether half of its workers or more say that something keeps them from moving on. Who has only
   * set some batches aside moves on.
   */
  static boolean told(StageObservation stage, Work work) {
    int kept = work.stalledWorkers() - work.goingOn();
    return kept > 0 && 2L * kept >= stage.ready();
  }

  /**
   * Whether some of an extract's workers may have nothing to read, however many splits are left: of
   * these it is not known which are of a table that was set aside.
   */
  static boolean keepsReadersIdle(StageObservation stage, Work work) {
    return stage.reads() && work.goingOn() > 0;
  }

  /** Whether nobody has work in hand but those who say that something keeps them from doing it. */
  static boolean ofAll(StageObservation stage, Work work) {
    return work.stalledWorkers() >= Math.min(stage.ready(), work.inFlight());
  }

  /** Whether most of what is worked on came before, but for what was set aside. */
  static boolean retryStorm(StageObservation stage, Work work) {
    long again = work.redelivered() - work.aside();
    return again >= Math.max(2, stage.ready()) && again * 2 > work.inFlight() - work.aside();
  }
}
