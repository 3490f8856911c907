package dev.drover.operator.scaling;

/** Why a stage has as many workers as it has. The closed set that status and metrics show. */
public enum Reason {
  /** As many as drain the backlog in time beside what arrives. */
  Draining,
  /** More would drain it in time; {@code maxReplicas} holds. */
  MaxReplicas,
  /** Fewer would do; {@code minReplicas} holds. */
  MinReplicas,
  /** Fewer would do; they stay until that has been so for a while. */
  Stabilizing,
  /** Its own output queue is filling up: more workers would only wait. */
  DownstreamFull,
  /** More are wanted than its connection bears. */
  ConnectionCap,
  /** More workers brought no more completions. */
  Bottlenecked,
  /** Most of what is worked on was delivered before: more workers would repeat more. */
  RetryStorm,
  /** It is kept from moving on, or completes nothing: more workers would wait too. */
  Stalled,
  /** Fewer do as much as {@code maxRecordsPerSecond} allows. */
  RateCap,
  /** Nothing waits yet; the stages before it are at work. */
  Expecting,
  /** All is decided; one worker finishes the target. */
  Finishing,
  /** Nothing waits and nothing is on its way. */
  Idle,
  /** Nothing is left and nothing will come. */
  Done,
  /** What waits is not known: nothing is changed. */
  NoData,
  /** The user suspended it. */
  Suspended,
  /** None of its windows is open. */
  OutsideWindow,
  /** Too many of its records have failed. */
  BudgetExceeded,
  /** The snapshot that it read through is gone: nothing can be read as of that moment. */
  SnapshotLost;

  /** Whether a stage has no workers for this, whatever it has to do. */
  public boolean halts() {
    return this == Suspended
        || this == OutsideWindow
        || this == BudgetExceeded
        || this == SnapshotLost;
  }
}
