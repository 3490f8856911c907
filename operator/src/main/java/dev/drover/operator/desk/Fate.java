package dev.drover.operator.desk;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RetryBatch;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What became of one record that was sent again. */
sealed interface Fate {
  /** Not decided yet. */
  record UnderWay() implements Fate {}

  /** Handed on, or loaded. */
  record Passed(Decision decision) implements Fate {}

  /** Left out by a filter. */
  record Filtered() implements Fate {}

  /** Its message was deleted by hand before it was sent: nobody has it any more. */
  record Gone() implements Fate {}

  /** Waits for what it points to. */
  record Waits() implements Fate {}

  /**
   * Set aside once more.
   *
   * @param index its place in the batch that was decided
   * @param cause why; null if the decision does not say
   */
  record FailedAgain(Decision decision, int index, @Nullable Cause cause) implements Fate {}

  /**
   * Follows a record's decisions, also where its batch was sent without some of its records.
   *
   * @param entry the record's
   */
  static Fate of(
      JournalEntry entry, long sequence, Function<BatchId, Optional<Decision>> decisions) {
    int place = entry.sequences().indexOf(sequence);
    Optional<Decision> decision = decisions.apply(entry.batch());
    if (decision.isEmpty() || decision.get().counts().in() == entry.sequences().size()) {
      return of(entry.batch(), place, decisions);
    }
    Set<Integer> gone = RetryBatch.lacking(entry, decisions);
    return gone.contains(place)
        ? new Gone()
        : of(entry.batch(), place - (int) gone.stream().filter(i -> i < place).count(), decisions);
  }

  /**
   * Follows a record's decisions: one that waits is decided again under its next try's name.
   *
   * @param replay the batch it was sent in
   * @param index its place in the batch
   * @param decisions what the stage decided about a batch, if it has
   */
  static Fate of(BatchId replay, int index, Function<BatchId, Optional<Decision>> decisions) {
    Optional<Decision> decision = decisions.apply(replay);
    if (decision.isEmpty()) {
      return new UnderWay();
    }
    int place = index;
    for (int attempt = 1; true; attempt++) {
      Optional<Decision.Group> group = group(decision.get(), place);
      if (group.isEmpty()) {
        return new Passed(decision.get());
      }
      switch (group.get().kind()) {
        case filtered -> {
          return new Filtered();
        }
        case waived -> {
          return new Gone(); // it was to be sent
        }
        case failed -> {
          return new FailedAgain(decision.get(), place, group.get().cause());
        }
        case waiting -> {
          place = placeAmongWaiting(decision.get(), place);
          decision = decisions.apply(replay.waiting(attempt));
          if (decision.isEmpty()) {
            return new Waits();
          }
        }
      }
    }
  }

  private static Optional<Decision.Group> group(Decision decision, int index) {
    return decision.groups().stream().filter(g -> g.indexes().contains(index)).findFirst();
  }

  /** The records that wait go on as one batch, in their order. */
  private static int placeAmongWaiting(Decision decision, int index) {
    return (int)
        decision.groups().stream()
            .filter(g -> g.kind() == Decision.Kind.waiting)
            .flatMap(g -> g.indexes().stream())
            .filter(i -> i < index)
            .count();
  }
}
