package dev.drover.wire.batch;

/** On which way a batch came to a stage. */
public enum Origin {
  /** From the stage before, for the first time. */
  queue,
  /** From the error queue, sent again or given up. */
  retry,
  /** From the waiting room. */
  waiting,
  /**
   * From a source: what an extract read, told for its error budget alone. The tally counts the
   * extract's checkpoints instead.
   */
  source
}
