package dev.drover.cli.report;

import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One stage, as {@code -o json} shows it. Counts are of records.
 *
 * @param lagRecords about how many wait for it or are being worked on
 * @param averagePerSecond handed on, or loaded, since the migration began; null before
 * @param inPerSecond received just now; null if it was not measured
 * @param outPerSecond handed on, or loaded, just now; null if it was not measured
 */
public record StageView(
    String name,
    String kind,
    String state,
    int readyReplicas,
    int currentReplicas,
    int desiredReplicas,
    String scalingReason,
    String scalingMessage,
    @Nullable String stalled,
    long lagRecords,
    long lagMessages,
    long inRecords,
    long passedRecords,
    long filteredRecords,
    long failedRecords,
    long waitingRecords,
    long waivedRecords,
    @Nullable Double averagePerSecond,
    @Nullable Double inPerSecond,
    @Nullable Double outPerSecond) {

  static StageView of(StageStatus s, Optional<Rates.Rate> rate, @Nullable Duration running) {
    long millis = running == null ? 0 : running.toMillis();
    return new StageView(
        s.name(),
        s.kind(),
        s.state(),
        s.scaling() == null ? 0 : s.scaling().ready(),
        s.scaling() == null ? 0 : s.scaling().current(),
        s.scaling() == null ? 0 : s.scaling().desired(),
        s.scaling() == null ? "" : s.scaling().reason(),
        s.scaling() == null ? "" : s.scaling().message(),
        s.stalled(),
        s.backlogRecords(),
        s.backlogMessages(),
        s.inRecords(),
        s.passedRecords(),
        s.filteredRecords(),
        s.failedRecords(),
        s.waitingRecords(),
        s.waivedRecords(),
        millis > 0 ? rounded(s.passedRecords() * 1000.0 / millis) : null,
        rate.map(r -> rounded(r.in())).orElse(null),
        rate.map(r -> rounded(r.out())).orElse(null));
  }

  private static double rounded(double rate) {
    return Math.round(rate * 10) / 10.0;
  }
}
