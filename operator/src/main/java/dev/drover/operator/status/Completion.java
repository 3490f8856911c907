package dev.drover.operator.status;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.ChainSnapshot;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether a migration is over, and its numbers. Once completed it stays so while its plan does: a
 * replay afterwards moves the counts, not the verdict. Pure.
 *
 * @param status True, False or Unknown; empty to keep what was known before
 * @param reason CamelCase
 * @param message for people
 * @param time when it completed; null before
 * @param progress the numbers; null before the first
 */
record Completion(
    String status,
    String reason,
    String message,
    @Nullable String time,
    MigrationStatus.@Nullable Progress progress) {

  /** Nothing could be counted: what was known stays. */
  private static final String KEEP = "";

  static Completion of(
      ConditionList conditions,
      MigrationStatus previous,
      MigrationStatus.@Nullable Plan plan,
      List<MigrationStatus.StageStatus> stages,
      Observation seen,
      @Nullable String startTime,
      Instant now) {
    boolean samePlan =
        plan != null
            && previous.plan() != null
            && plan.revision().equals(previous.plan().revision());
    boolean wasComplete = samePlan && conditions.was(ConditionTypes.COMPLETED, "True");
    ChainSnapshot snapshot = seen.snapshot();
    boolean complete = wasComplete || (snapshot != null && snapshot.complete());
    if (snapshot == null || seen.inForce() == null) {
      boolean stale = !samePlan && conditions.was(ConditionTypes.COMPLETED, "True");
      return new Completion(
          stale ? "Unknown" : KEEP,
          "NotCounted",
          stale ? "the plan changed, its records are not counted yet" : "nothing was read yet",
          stale ? null : previous.completionTime(),
          previous.progress());
    }
    String time =
        !complete
            ? null
            : wasComplete && previous.completionTime() != null
                ? previous.completionTime()
                : (snapshot.lastDecision() == null ? now : snapshot.lastDecision())
                    .truncatedTo(ChronoUnit.SECONDS)
                    .toString();
    Long seconds = duration(startTime, time);
    String finishing = finishing(snapshot);
    MigrationStatus.Progress progress =
        ProgressEstimate.of(
            seen.inForce(),
            stages,
            snapshot,
            complete,
            seen.spec().mode() == MigrationSpec.Mode.PlanOnly,
            startTime,
            seconds,
            now);
    return new Completion(
        complete ? "True" : "False",
        complete ? finished(snapshot) : unfinished(snapshot, finishing),
        text(progress, seconds) + (complete ? "" : lost(snapshot) + finishing),
        time,
        progress);
  }

  void addTo(ConditionList conditions) {
    if (status.equals(KEEP)) {
      conditions.keep(ConditionTypes.COMPLETED, "NotStarted", message);
    } else {
      conditions.set(ConditionTypes.COMPLETED, status, reason, message);
    }
  }

  private static String finished(ChainSnapshot snapshot) {
    long open = snapshot.stages().stream().mapToLong(s -> s.counts().failed()).sum();
    return open == 0 ? "AllLoaded" : "WithFailures";
  }

  private static String unfinished(ChainSnapshot snapshot, String finishing) {
    if (!lost(snapshot).isEmpty()) {
      return ChainSnapshot.SNAPSHOT_LOST;
    }
    return finishing.isEmpty() ? "Running" : "Finishing";
  }

  /** What keeps a migration from ever being over; empty if nothing. */
  private static String lost(ChainSnapshot snapshot) {
    return snapshot.stages().stream()
        .filter(s -> snapshot.snapshotLost(s.name()))
        .map(s -> "; stage " + s.name() + ": " + Objects.requireNonNull(s.stall()).message())
        .collect(Collectors.joining());
  }

  /** What keeps a migration from being over when every record is decided; empty if nothing. */
  private static String finishing(ChainSnapshot snapshot) {
    if (!snapshot.stages().stream().allMatch(s -> s.done() || s.finishing())) {
      return "";
    }
    return snapshot.stages().stream()
        .filter(ChainSnapshot.StageSnapshot::finishing)
        .map(s -> "; stage " + s.name() + " still owes its target indexes, sequences or statistics")
        .collect(Collectors.joining());
  }

  private static @Nullable Long duration(@Nullable String from, @Nullable String to) {
    return from == null || to == null
        ? null
        : Math.max(0, Duration.between(Instant.parse(from), Instant.parse(to)).toSeconds());
  }

  private static String text(MigrationStatus.Progress p, @Nullable Long seconds) {
    return p.extractedRecords()
        + " records read, "
        + p.loadedRecords()
        + " loaded, "
        + p.filteredRecords()
        + " filtered, "
        + p.failedRecords()
        + " failed"
        + (p.waitingRecords() > 0 ? ", " + p.waitingRecords() + " waiting" : "")
        + (p.waivedRecords() > 0 ? ", " + p.waivedRecords() + " waived" : "")
        + (seconds == null ? "" : ", in " + ProgressEstimate.spoken(Duration.ofSeconds(seconds)));
  }
}
