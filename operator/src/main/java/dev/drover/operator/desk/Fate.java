package dev.drover.operator.desk;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import java.util.Optional;
import java.util.function.Function;

/** What became of one record that was sent again. */
sealed interface Fate {
  /** Not decided yet. */
  record UnderWay() implements Fate {}

  /** Handed on, or loaded. */
  record Passed(Decision decision) implements Fate {}

  /** Left out by a filter. */
  record Filtered() implements Fate {}

  /** Waits for what it points to. */
  record Waits() implements Fate {}

  /** Set aside once more. */
  record FailedAgain(Decision decision) implements Fate {}

  /**
   * Follows a record's decisions: one that waits is decided again under its next try's name.
   *
   * @param decisions what the stage decided about a batch, if it has
   */
  static Fate of(BatchId replay, Function<BatchId, Optional<Decision>> decisions) {
    Optional<Decision> decision = decisions.apply(replay);
    if (decision.isEmpty()) {
      return new UnderWay();
    }
    for (int attempt = 1; decision.get().counts().waiting() > 0; attempt++) {
      decision = decisions.apply(replay.waiting(attempt));
      if (decision.isEmpty()) {
        return new Waits();
      }
    }
    Counts counts = decision.get().counts();
    if (counts.failed() > 0) {
      return new FailedAgain(decision.get());
    }
    return counts.filtered() > 0 ? new Filtered() : new Passed(decision.get());
  }
}
