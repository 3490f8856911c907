package dev.drover.cli.report;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * How many records a second stages take and pass on, from what their statuses said at different
 * times. A status is written every few seconds, so only one that has changed is a sample, and a
 * rate is known from the second on. Not thread-safe.
 */
public final class Rates {
  private static final Duration WINDOW = Duration.ofSeconds(15);

  /** A status that has not changed for so long tells that nothing moves. */
  private static final Duration STILL = Duration.ofSeconds(10);

  private final Map<String, Deque<Sample>> samples = new HashMap<>();

  private record Sample(Instant at, List<StageStatus> stages) {}

  /**
   * Records a second.
   *
   * @param in that the stage received; for an extract, read
   * @param out that it handed on, or loaded
   */
  public record Rate(double in, double out) {}

  /** Notes what a Migration says now. */
  public void note(Migration migration, Instant now) {
    if (migration.getStatus() == null) {
      return;
    }
    Deque<Sample> known =
        samples.computeIfAbsent(migration.getMetadata().getUid(), uid -> new ArrayDeque<>());
    List<StageStatus> stages = migration.getStatus().stages();
    boolean changed = known.isEmpty() || !known.getLast().stages().equals(stages);
    if (changed || known.getLast().at().plus(STILL).isBefore(now)) {
      known.addLast(new Sample(now, stages));
    }
    while (known.size() > 2 && known.getFirst().at().plus(WINDOW).isBefore(now)) {
      known.removeFirst();
    }
  }

  /** The rates of a stage; empty until they are known. */
  public Optional<Rate> of(Migration migration, String stage) {
    Deque<Sample> known = samples.get(migration.getMetadata().getUid());
    if (known == null || known.size() < 2) {
      return Optional.empty();
    }
    Duration passed = Duration.between(known.getFirst().at(), known.getLast().at());
    Optional<StageStatus> first = stage(known.getFirst(), stage);
    Optional<StageStatus> last = stage(known.getLast(), stage);
    if (first.isEmpty() || last.isEmpty() || passed.toMillis() <= 0) {
      return Optional.empty();
    }
    return Optional.of(
        new Rate(
            perSecond(first.get(), last.get(), StageStatus::inRecords, passed),
            perSecond(first.get(), last.get(), StageStatus::passedRecords, passed)));
  }

  private static Optional<StageStatus> stage(Sample sample, String name) {
    return sample.stages().stream().filter(s -> s.name().equals(name)).findFirst();
  }

  private static double perSecond(
      StageStatus first, StageStatus last, ToLongFunction<StageStatus> count, Duration passed) {
    long records = count.applyAsLong(last) - count.applyAsLong(first);
    return Math.max(0, records) * 1000.0 / passed.toMillis();
  }
}
