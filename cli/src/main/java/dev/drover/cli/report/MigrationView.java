package dev.drover.cli.report;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One Migration, as {@code -o json} shows it. Counts are of records.
 *
 * @param ready True, False or Unknown
 * @param failureCauses how many causes the open failures have
 * @param attention what needs a look
 */
public record MigrationView(
    String namespace,
    String name,
    String ready,
    String reason,
    String message,
    @Nullable String stagesReady,
    @Nullable String percent,
    @Nullable String eta,
    long extractedRecords,
    long loadedRecords,
    long filteredRecords,
    long failedRecords,
    long waitingRecords,
    long waivedRecords,
    long failureCauses,
    @Nullable String creationTime,
    @Nullable String startTime,
    @Nullable String completionTime,
    List<StageView> stages,
    List<Attention> attention) {

  private static final MigrationStatus.Progress NOTHING =
      new MigrationStatus.Progress(0, 0, 0, 0, 0, 0, "", null, null);

  /** What a Migration's status says, with the rates that are known. */
  public static MigrationView of(Migration migration, Rates rates, Instant now) {
    Optional<MigrationStatus> status = Optional.ofNullable(migration.getStatus());
    Optional<Condition> ready =
        status.stream()
            .flatMap(s -> s.conditions().stream())
            .filter(c -> c.type().equals("Ready"))
            .findFirst();
    MigrationStatus.Progress progress = status.map(MigrationStatus::progress).orElse(NOTHING);
    long others = status.map(MigrationStatus::otherFailures).map(o -> o.causes()).orElse(0L);
    Duration running = status.map(s -> running(s, now)).orElse(null);
    return new MigrationView(
        migration.getMetadata().getNamespace(),
        migration.getMetadata().getName(),
        ready.map(Condition::status).orElse("Unknown"),
        ready.map(Condition::reason).orElse("NotSeen"),
        ready.map(Condition::message).orElse("the operator has not looked at it yet"),
        status.map(MigrationStatus::stagesReady).orElse(null),
        progress.percent() == null || progress.percent().isEmpty() ? null : progress.percent(),
        progress.eta(),
        progress.extractedRecords(),
        progress.loadedRecords(),
        progress.filteredRecords(),
        progress.failedRecords(),
        progress.waitingRecords(),
        progress.waivedRecords(),
        status.map(s -> s.failures().size()).orElse(0) + others,
        migration.getMetadata().getCreationTimestamp(),
        status.map(MigrationStatus::startTime).orElse(null),
        status.map(MigrationStatus::completionTime).orElse(null),
        status.stream()
            .flatMap(s -> s.stages().stream())
            .map(s -> StageView.of(s, rates.of(migration, s.name()), running))
            .toList(),
        Attention.of(migration));
  }

  /**
   * Whether it is over and every record that was read is in one of the sums. Where several loads
   * read a queue each counts its own, and {@code Balanced} tells stage by stage.
   */
  boolean addsUp() {
    return completionTime != null
        && extractedRecords
            == loadedRecords + filteredRecords + failedRecords + waitingRecords + waivedRecords;
  }

  /** Whether records move, so that rates are worth to be measured. */
  public boolean isRunning() {
    return startTime != null && completionTime == null;
  }

  private static @Nullable Duration running(MigrationStatus status, Instant now) {
    if (status.startTime() == null) {
      return null;
    }
    try {
      Instant end = status.completionTime() == null ? now : Instant.parse(status.completionTime());
      return Duration.between(Instant.parse(status.startTime()), end);
    } catch (DateTimeParseException e) {
      return null;
    }
  }
}
