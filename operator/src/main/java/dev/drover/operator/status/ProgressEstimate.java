package dev.drover.operator.status;

import dev.drover.api.v1alpha1.MigrationStatus.Progress;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * How far a migration is. Each path from an extract to a load counts: what ended on it (loaded,
 * filtered, failed or waived anywhere along it) of what will enter it, which is the plan's estimate
 * until every split was read, or more if the splits that are known have more, and the true number
 * from then on. Never above 99 % before the migration is complete. Pure.
 */
final class ProgressEstimate {
  private static final Duration TOO_EARLY = Duration.ofSeconds(5);

  private ProgressEstimate() {}

  static Progress of(
      Observation.InForce chain,
      List<StageStatus> stages,
      ChainSnapshot snapshot,
      boolean complete,
      boolean halted,
      @Nullable String startTime,
      @Nullable Long durationSeconds,
      Instant now) {
    Map<String, StageStatus> byName = new LinkedHashMap<>();
    stages.forEach(s -> byName.put(s.name(), s));
    long ended = 0;
    long expected = 0;
    for (StageSpec stage : chain.spec().stages()) {
      if (stage instanceof StageSpec.Load) {
        ended += ended(chain.spec(), stage, byName);
        expected += expected(chain, stage, byName, snapshot.splitsDone() >= snapshot.splitsTotal());
      }
    }
    int percent =
        complete
            ? 100
            : expected == 0 ? 0 : (int) Math.min(99, Math.max(0, ended) * 100 / expected);
    boolean unknown = halted || stands(stages);
    String eta = complete ? "-" : unknown ? null : eta(ended, expected, startTime, now);
    return new Progress(
        sum(stages, s -> s.kind().equals("extract") ? s.inRecords() : 0),
        sum(stages, s -> s.kind().equals("load") ? s.passedRecords() : 0),
        sum(stages, StageStatus::filteredRecords),
        sum(stages, StageStatus::failedRecords),
        sum(stages, StageStatus::waitingRecords),
        sum(stages, StageStatus::waivedRecords),
        percent + "%",
        eta,
        durationSeconds);
  }

  /**
   * Whether a stage has to be let go on by somebody, by its time or by what it waits for: until
   * then nobody knows how long it takes. A full queue only passes on how fast another is.
   */
  private static boolean stands(List<StageStatus> stages) {
    return stages.stream()
        .anyMatch(
            s -> Halts.isOne(s) || (s.stalled() != null && !s.stalled().startsWith("QueueFull")));
  }

  private static long ended(ChainSpec spec, StageSpec load, Map<String, StageStatus> byName) {
    long ended = 0;
    for (StageSpec s = load; s != null; s = upstream(spec, s)) {
      StageStatus status = byName.get(s.name());
      if (status != null) {
        ended += status.filteredRecords() + status.failedRecords() + status.waivedRecords();
        ended += s == load ? status.passedRecords() : 0;
      }
    }
    return ended;
  }

  private static long expected(
      Observation.InForce chain, StageSpec load, Map<String, StageStatus> byName, boolean readAll) {
    StageSpec root = load;
    for (StageSpec s = load; s != null; s = upstream(chain.spec(), s)) {
      root = s;
    }
    String extract = root.name();
    StageStatus status = byName.get(extract);
    long read = status == null ? 0 : status.inRecords();
    if (readAll && status != null) {
      return read;
    }
    long estimate =
        chain.plan().tables().stream()
            .filter(t -> t.stage().equals(extract))
            .mapToLong(t -> t.estimatedRecords())
            .sum();
    // What splits that were cut off add shows in the backlog, the plan knew nothing of it.
    long unread = status == null ? 0 : status.backlogRecords();
    return Math.max(read + unread, estimate);
  }

  private static @Nullable StageSpec upstream(ChainSpec spec, StageSpec stage) {
    String from = stage.from();
    return from == null ? null : spec.stage(from);
  }

  private static @Nullable String eta(
      long ended, long expected, @Nullable String startTime, Instant now) {
    if (startTime == null || ended <= 0) {
      return null;
    }
    Duration elapsed = Duration.between(Instant.parse(startTime), now);
    if (elapsed.compareTo(TOO_EARLY) < 0) {
      return null;
    }
    double perRecord = (double) elapsed.toMillis() / ended;
    return spoken(Duration.ofMillis((long) (perRecord * Math.max(0, expected - ended))));
  }

  /** A duration as people say it, in its two largest units: 42s, 3m 5s, 2h 10m. */
  static String spoken(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < 60) {
      return seconds + "s";
    }
    if (seconds < 3600) {
      return seconds / 60 + "m" + (seconds % 60 == 0 ? "" : " " + seconds % 60 + "s");
    }
    long minutes = seconds % 3600 / 60;
    return seconds / 3600 + "h" + (minutes == 0 ? "" : " " + minutes + "m");
  }

  private static long sum(List<StageStatus> stages, ToLongFunction<StageStatus> field) {
    return stages.stream().mapToLong(field).sum();
  }
}
