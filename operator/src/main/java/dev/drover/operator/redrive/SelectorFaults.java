package dev.drover.operator.redrive;

import dev.drover.api.v1alpha1.RedriveSpec;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether a selector's times are any, and its stage can be one's name. The API server refuses
 * others, but a resource may be older than its rules. Pure.
 */
final class SelectorFaults {
  private static final String REASON = "SelectorRefused";
  private static final Pattern STAGE = Pattern.compile(RedriveSpec.Selector.STAGE);

  private SelectorFaults() {}

  /** What is wrong with them; empty if nothing is. */
  static Optional<Situation.Held> wrong(RedriveSpec spec) {
    RedriveSpec.Selector selector = spec.selector();
    return selector == null
        ? Optional.empty()
        : wrongTime("seenAfter", selector.seenAfter())
            .or(() -> wrongTime("seenBefore", selector.seenBefore()))
            .or(() -> wrongStage(selector.stage()));
  }

  private static Optional<Situation.Held> wrongStage(@Nullable String stage) {
    return stage == null || STAGE.matcher(stage).matches()
        ? Optional.empty()
        : Optional.of(
            new Situation.Held(
                REASON,
                "spec.selector.stage: no stage can have the name '%s'; make another Redrive with one of spec.stages of the Migration"
                    .formatted(stage),
                true));
  }

  private static Optional<Situation.Held> wrongTime(String field, @Nullable String time) {
    if (time == null) {
      return Optional.empty();
    }
    try {
      Instant.parse(time);
      return Optional.empty();
    } catch (DateTimeException e) {
      return Optional.of(
          new Situation.Held(
              REASON,
              "spec.selector.%s: %s is no time; make another Redrive with one such as 2026-01-31T23:59:59Z"
                  .formatted(field, time),
              true));
    }
  }
}
