package dev.drover.cli.report;

import dev.drover.api.v1alpha1.MigrationStatus.FailureSummary;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Failures of one cause, as {@code -o json} shows them. */
public record Cause(
    long records,
    String stage,
    @Nullable String step,
    String code,
    String table,
    @Nullable String subject,
    String fingerprint,
    @Nullable String firstSeenTime,
    @Nullable String lastSeenTime,
    @Nullable String sampleKey,
    @Nullable String message) {

  static Cause of(FailureSummary f) {
    return new Cause(
        f.records(),
        f.stage(),
        f.step(),
        f.code(),
        f.table(),
        f.subject(),
        f.fingerprint(),
        f.firstSeenTime(),
        f.lastSeenTime(),
        f.sampleKey(),
        f.message());
  }

  /** Whether it is the one that a user names: by its code, or by how its fingerprint begins. */
  boolean isCalled(String name) {
    return code.equals(name) || fingerprint.startsWith(name.toLowerCase(Locale.ROOT));
  }
}
