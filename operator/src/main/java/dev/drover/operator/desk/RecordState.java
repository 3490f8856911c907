package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecordStatus;

/** Where a failed record is, as its resource's conditions say it. */
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
  Refused,
  /**
   * No longer in the error queue, though nobody sent it or gave it up; that is all that can be
   * asked.
   */
  Lost;

  /** Whether nothing more will become of the record. */
  boolean closed() {
    return this == Resolved || this == Waived;
  }

  static RecordState of(FailedRecordStatus status) {
    if (is(status, RecordStatuses.RESOLVED, "True")) {
      return reason(status).equals(Answer.WAIVED) ? Waived : Resolved;
    }
    if (is(status, RecordStatuses.REPLAYING, "True")) {
      return Replaying;
    }
    return switch (reason(status)) {
      case Answer.REFUSED -> Refused;
      case Answer.LOST -> Lost;
      default -> Open;
    };
  }

  private static boolean is(FailedRecordStatus status, String type, String value) {
    return status.conditions().stream()
        .anyMatch(c -> c.type().equals(type) && c.status().equals(value));
  }

  private static String reason(FailedRecordStatus status) {
    return status.conditions().stream()
        .filter(c -> c.type().equals(RecordStatuses.RESOLVED))
        .findFirst()
        .map(c -> c.reason())
        .orElse("");
  }
}
