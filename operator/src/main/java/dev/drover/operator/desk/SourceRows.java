package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.SourceRow;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.operator.privacy.Redaction;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a FailedRecord shows of its row at the source. Pure. */
final class SourceRows {
  private static final String READ = "Read";

  private SourceRows() {}

  /** Whether a row is asked for that is not shown yet. */
  static boolean isAsked(FailedRecord resource) {
    int request = request(resource);
    SourceRow shown = resource.getStatus() == null ? null : resource.getStatus().sourceRow();
    return request > 0 && (shown == null || shown.request() != request);
  }

  /** What is shown as long as nothing else is asked; null if nothing is asked at all. */
  static @Nullable SourceRow kept(FailedRecord resource, Redaction redaction) {
    FailedRecordStatus status = resource.getStatus();
    return status == null || status.sourceRow() == null || request(resource) == 0
        ? null
        : masked(status.sourceRow(), status.key(), redaction);
  }

  /** Whether a resource shows more of the row than it may. */
  static boolean fits(FailedRecordStatus status, Redaction redaction) {
    SourceRow row = status.sourceRow();
    return row == null || masked(row, status.key(), redaction).equals(row);
  }

  /** What a Redrive found that has ended. */
  static SourceRow of(int request, RedriveStatus status) {
    String time = Objects.requireNonNull(status.completionTime(), "it has ended");
    Optional<RedriveStatus.Refusal> refusal = status.refusals().stream().findFirst();
    if (refusal.isPresent()) {
      return new SourceRow(request, time, refusal.get().code(), refusal.get().message(), null);
    }
    return status.samples().isEmpty()
        ? new SourceRow(
            request, time, "MessageGone", "the record is no longer in the error queue", null)
        : new SourceRow(request, time, READ, null, status.samples().getFirst().after());
  }

  /** What was hidden meanwhile is not read again to be shown: raising showSource does that. */
  private static SourceRow masked(SourceRow row, String key, Redaction redaction) {
    return new SourceRow(
        row.request(),
        row.time(),
        row.result(),
        row.message(),
        redaction.show(new Redaction.Sample(key, row.record(), null, null)).before());
  }

  private static int request(FailedRecord resource) {
    return resource.getSpec() == null
        ? 0
        : Objects.requireNonNull(resource.getSpec().showSource(), "has a default");
  }
}
