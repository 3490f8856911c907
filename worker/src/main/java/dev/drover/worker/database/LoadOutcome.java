package dev.drover.worker.database;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.IndexedVerdict;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
   * @param logged when the log of decisions says so; null where the target's ledger does
   */
  record AlreadyDecided(
      int take,
      String revision,
      String inputHash,
      Counts counts,
      List<IndexedVerdict> verdicts,
      @Nullable Logged logged)
      implements LoadOutcome {
    public AlreadyDecided {
      verdicts = List.copyOf(verdicts);
    }

    /** As a ledger says it. */
    public AlreadyDecided(
        int take, String revision, String inputHash, Counts counts, List<IndexedVerdict> verdicts) {
      this(take, revision, inputHash, counts, verdicts, null);
    }

    /**
     * What only the log tells of a decision.
     *
     * @param at when it was made, ISO-8601
     * @param errorsAfter a sequence of the error queue after which its failed records come
     */
    public record Logged(String at, long errorsAfter) {}
  }
}
