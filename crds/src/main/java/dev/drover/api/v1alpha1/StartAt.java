package dev.drover.api.v1alpha1;

/** Where a record that is sent again begins. */
public enum StartAt {
  /** At the stage that refused it, as it came there. */
  Stage,
  /** At the source: its row is read anew. */
  Source
}
