package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecordStatus;

/** Where a failed record is, as {@code status.state} says it. */
enum RecordState {
  /** In the error queue; nothing was asked, or it failed again. */
  Open,
  /** Sent again, not decided yet. */
  Replaying,
  /** Out of the way. */
  Resolved,
  /** Given up. */
  Waived,
  /** What was asked cannot be done; the record is in the error queue still. */
  Refused;

  /** Whether nothing more will become of the record. */
  boolean closed() {
    return this == Resolved || this == Waived;
  }

  static RecordState of(FailedRecordStatus status) {
    return valueOf(status.state());
  }
}
