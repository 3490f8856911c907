package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.SourceRow;
import dev.drover.api.v1alpha1.RedriveStatus;
import dev.drover.operator.privacy.Redaction;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a FailedRecord shows of its row at the source. Pure. */
final class SourceRows {
  private static final String READ = "Read";
  private static final String READING = "Reading";
  private static final Duration SOON = Duration.ofSeconds(1);
  private static final Duration LATEST = Duration.ofSeconds(15);

  /** Longest message that a resource takes. */
  private static final int LIMIT = 4000;

  private SourceRows() {}

  /** Whether a row is asked for that is not shown yet. */
  static boolean isAsked(FailedRecord resource) {
    int request = request(resource);
    SourceRow shown = resource.getStatus() == null ? null : resource.getStatus().sourceRow();
    return request > 0 && (shown == null || shown.request() != request || isReading(shown));
  }

  /** Whether it is not shown yet, but about to be. */
  static boolean isReading(SourceRow row) {
    return row.result().equals(READING);
  }

  /** What is shown until the row is, and since when it is asked for. */
  static SourceRow reading(FailedRecord resource, String message, Instant now) {
    int request = request(resource);
    SourceRow shown = resource.getStatus() == null ? null : resource.getStatus().sourceRow();
    String since =
        shown != null && shown.request() == request && isReading(shown)
            ? shown.time()
            : now.truncatedTo(ChronoUnit.SECONDS).toString();
    String cut = message.length() <= LIMIT ? message : message.substring(0, LIMIT);
    return new SourceRow(request, since, READING, cut, null);
  }

  /**
   * When to look again: later and later, as what takes long may take longer. Not where it waits for
   * room, which is whose who asks first.
   */
  static Duration again(SourceRow reading, Instant now) {
    if (SourceReplays.WAITS.equals(reading.message())) {
      return SOON;
    }
    Duration wait = Duration.between(Instant.parse(reading.time()), now).dividedBy(4);
    return wait.compareTo(SOON) < 0 ? SOON : wait.compareTo(LATEST) > 0 ? LATEST : wait;
  }

  /**
   * What is shown as long as nothing else is asked; null if nothing is asked at all, or what was
   * asked was not read before the record was closed.
   */
  static @Nullable SourceRow kept(FailedRecord resource, Redaction redaction) {
    FailedRecordStatus status = resource.getStatus();
    return status == null
            || status.sourceRow() == null
            || isReading(status.sourceRow())
            || request(resource) == 0
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
