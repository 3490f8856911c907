package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.status.Observation;
import java.time.Duration;
import java.time.Instant;

/** When a Migration is visited next, if nothing happens before. Pure. */
final class Pace {
  static final Duration PLANNING = Duration.ofMillis(500);
  static final Duration MOVING = Duration.ofSeconds(2);
  static final Duration REPLAYABLE = Duration.ofSeconds(4);
  static final Duration RESTING = Duration.ofSeconds(10);

  /** Planning takes a few seconds, for which a user waits; what takes longer waits itself. */
  private static final Duration PLANNED_SOON = Duration.ofSeconds(20);

  private Pace() {}

  static Duration after(Observation seen, MigrationStatus status, Instant now) {
    if (!seen.specFindings().isEmpty()) {
      return seen.inForce() == null ? REPLAYABLE : MOVING;
    }
    if (seen.planning() instanceof Observation.Planning.Pending && sinceLately(status, now)) {
      return PLANNING;
    }
    if (StageWishes.halted(seen.spec())) {
      return seen.planning() instanceof Observation.Planning.Pending ? MOVING : RESTING;
    }
    boolean over =
        status.conditions().stream()
            .anyMatch(c -> c.type().equals("Completed") && c.status().equals("True"));
    boolean idle = status.stages().stream().allMatch(s -> s.desiredReplicas() == 0);
    if (over && idle) {
      return status.failures().isEmpty() ? RESTING : REPLAYABLE;
    }
    return seen.planning() instanceof Observation.Planning.Refused && seen.inForce() == null
        ? RESTING
        : MOVING;
  }

  private static boolean sinceLately(MigrationStatus status, Instant now) {
    return status.conditions().stream()
        .filter(c -> c.type().equals("Planned"))
        .anyMatch(c -> Instant.parse(c.lastTransitionTime()).plus(PLANNED_SOON).isAfter(now));
  }
}
