package dev.drover.operator.redrive;

import dev.drover.api.v1alpha1.RedriveSpec;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether the times of a selector are any. The API server refuses others, but a resource may be
 * older than its rule. Pure.
 */
final class SelectorTimes {
  private SelectorTimes() {}

  /** What is wrong with them; empty if nothing is. */
  static Optional<Situation.Held> wrong(RedriveSpec spec) {
    RedriveSpec.Selector selector = spec.selector();
    return selector == null
        ? Optional.empty()
        : wrong("seenAfter", selector.seenAfter())
            .or(() -> wrong("seenBefore", selector.seenBefore()));
  }

  private static Optional<Situation.Held> wrong(String field, @Nullable String time) {
    if (time == null) {
      return Optional.empty();
    }
    try {
      Instant.parse(time);
      return Optional.empty();
    } catch (DateTimeException e) {
      return Optional.of(
          new Situation.Held(
              "SelectorRefused",
              "spec.selector.%s: %s is no time; make another Redrive with one such as 2026-01-31T23:59:59Z"
                  .formatted(field, time),
              true));
    }
  }
}
