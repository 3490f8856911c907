package dev.drover.operator.status;

import dev.drover.api.v1alpha1.MigrationStatus.BudgetExceeded;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.ChainSnapshot.FailureCount;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.operator.privacy.Redaction;
import dev.drover.wire.budget.Breach;
import dev.drover.wire.budget.BudgetTerms.Excess;
import dev.drover.wire.decision.Cause;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is told of an error budget that is exceeded. Pure. */
public final class BudgetStatuses {
  private BudgetStatuses() {}

  /**
   * How a stage's budget was exceeded; null if it is not.
   *
   * @param before the stage's status before: a sample that was shown stays, whatever became of it,
   *     unless something is hidden, which it may have been shown without
   */
  static @Nullable BudgetExceeded of(
      StageSnapshot stage, @Nullable StageStatus before, Observation seen) {
    Breach breach = stage.breach();
    if (breach == null) {
      return null;
    }
    Excess excess = breach.excess();
    Cause cause = breach.cause();
    String time = Instant.parse(breach.at()).truncatedTo(ChronoUnit.SECONDS).toString();
    BudgetExceeded shown =
        Optional.ofNullable(before)
            .map(StageStatus::budgetExceeded)
            .filter(b -> b.time().equals(time) && b.fingerprint().equals(excess.fingerprint()))
            .orElse(null);
    Redaction redaction = Redaction.of(seen.spec());
    BudgetExceeded kept =
        shown != null && shown.sampleKey() != null && !redaction.hides() ? shown : null;
    Optional<Redaction.Shown> sample =
        kept != null
            ? Optional.empty()
            : sample(stage.name(), excess.fingerprint(), seen, redaction);
    return new BudgetExceeded(
        time,
        excess.limit() + " " + excess.allowed(),
        excess.records(),
        excess.failed(),
        excess.fingerprint(),
        excess.ofCause(),
        cause == null ? null : cause.step(),
        cause == null ? null : cause.code(),
        cause == null ? null : cause.table(),
        cause == null || cause.subject().isEmpty() ? null : cause.subject(),
        sample
            .map(s -> StatusComposer.bounded(s.key()))
            .orElse(kept == null ? null : kept.sampleKey()),
        sample
            .map(s -> StatusComposer.bounded(s.message()))
            .orElse(kept == null ? null : kept.message()));
  }

  private static Optional<Redaction.Shown> sample(
      String stage, String fingerprint, Observation seen, Redaction redaction) {
    ChainSnapshot snapshot = seen.snapshot();
    if (snapshot == null) {
      return Optional.empty();
    }
    return snapshot.failures().causes().stream()
        .filter(c -> c.stage().equals(stage) && c.fingerprint().equals(fingerprint))
        .findFirst()
        .map(FailureCount::sample)
        .map(s -> redaction.show(s.message(), s.schema(), StatusComposer.SAMPLE_LIMIT));
  }

  /** What happened at a stage, by which cause, and what lets the stage go on. */
  public static String text(String stage, BudgetExceeded b) {
    StringBuilder text = new StringBuilder(stage);
    text.append(": its error budget is exceeded since ").append(b.time());
    text.append(": ").append(b.failedRecords()).append(" of ").append(b.records());
    text.append(" records failed, more than ").append(b.limit()).append(" allows; ");
    text.append(b.fingerprintRecords()).append(" by ");
    if (b.code() != null) {
      text.append(b.code()).append(" at ").append(b.step()).append(" of ").append(b.table());
      text.append(b.subject() == null ? "" : " (" + b.subject() + ")").append(", ");
    }
    text.append("fingerprint ").append(b.fingerprint());
    if (b.sampleKey() != null) {
      text.append(", such as ").append(b.sampleKey()).append(": ").append(b.message());
    }
    return text.append("; to let it go on, mend its rule, or raise errorBudget or its attempt")
        .toString();
  }
}
