package dev.drover.worker.target;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.IndexedVerdict;
import java.util.List;

/** What became of one batch. Durable in the target when a caller sees it. */
public sealed interface LoadOutcome {
  /** How many of its records went where. */
  Counts counts();

  /** The records that were not loaded and why, by index in the batch, ascending. */
  List<IndexedVerdict> verdicts();

  /** Loaded now: this is the decision. */
  record Loaded(Counts counts, List<IndexedVerdict> verdicts) implements LoadOutcome {
    public Loaded {
      verdicts = List.copyOf(verdicts);
    }
  }

  /**
   * Nothing was decided: every record of the batch still lacks its parent, and the batch was to be
   * decided only if that had changed for some.
   */
  record StillWaiting(Counts counts, List<IndexedVerdict> verdicts) implements LoadOutcome {
    public StillWaiting {
      verdicts = List.copyOf(verdicts);
    }
  }

  /**
   * Decided before, perhaps from another take: nothing was written now, and what the decision says
   * is to be published again.
   *
   * @param take the take that was decided; any other is to be acknowledged unprocessed
   * @param revision the chain revision that it was decided under
   * @param inputHash hash of the content that was decided
   */
  record AlreadyDecided(
      int take, String revision, String inputHash, Counts counts, List<IndexedVerdict> verdicts)
      implements LoadOutcome {
    public AlreadyDecided {
      verdicts = List.copyOf(verdicts);
    }
  }
}
