package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.wire.names.ChainNames;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * How many resources may be made now. A resource costs the control plane some ten milliseconds of
 * processor time, so while records move only a few of each cause are made at once, and then some a
 * second. Derived from the resources that there are. Pure.
 */
final class Allowance {
  /** The most resources that one call makes or removes, so that no visit takes long. */
  static final int STEPS = 50;

  /** Resources of a cause that are made without delay: enough to see what is wrong. */
  static final int AT_ONCE = 5;

  /** What may be made in {@link #SPAN} beyond that while the chain is busy. */
  static final int IN_SPAN = 10;

  static final Duration SPAN = Duration.ofSeconds(5);

  private Allowance() {}

  /**
   * How many resources may be made.
   *
   * @param lacking how many are lacking of each cause, by its subject
   * @param resources the resources that there are
   * @param busy whether records move, which this would slow down
   */
  static int of(
      Map<String, Integer> lacking,
      Collection<FailedRecord> resources,
      ChainNames names,
      boolean busy,
      Instant now) {
    if (!busy) {
      return STEPS;
    }
    Map<String, Integer> shown = new HashMap<>();
    Instant since = now.minus(SPAN);
    int lately = 0;
    for (FailedRecord resource : resources) {
      shown.merge(FailedRecordDesk.shown(resource, names).subject(), 1, Integer::sum);
      if (Instant.parse(resource.getMetadata().getCreationTimestamp()).isAfter(since)) {
        lately++;
      }
    }
    int atOnce =
        lacking.entrySet().stream()
            .mapToInt(e -> Math.clamp(AT_ONCE - shown.getOrDefault(e.getKey(), 0), 0, e.getValue()))
            .sum();
    return Math.min(STEPS, Math.max(atOnce, IN_SPAN - lately));
  }
}
