package dev.drover.worker.postgres.target;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.database.LoadOutcome.AlreadyDecided;
import dev.drover.worker.database.LoadOutcome.Loaded;
import dev.drover.worker.database.SystemFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Makes the decision on a batch out of the refusals of its records: pure. */
final class Settlement {
  private Settlement() {}

  /**
   * The decision on a batch.
   *
   * @param start index of the batch's first record among the rows that were written
   * @param refused rows that were refused by themselves, by index
   * @throws SystemFailure if all of several records were refused alike with a code that does not
   *     tell whose fault it is
   */
  static Loaded of(TargetTable table, LoadBatch batch, int start, Map<Integer, Refusal> refused)
      throws SystemFailure {
    Judgement judgement =
        new Judgement(table, batch.schema().table(), batch.schema().columnNames());
    List<IndexedVerdict> verdicts = new ArrayList<>();
    List<Refusal> refusals = new ArrayList<>();
    for (int i = 0; i < batch.rows().size(); i++) {
      Refusal refusal = refused.get(start + i);
      if (refusal != null) {
        refusals.add(refusal);
        verdicts.add(
            new IndexedVerdict(
                i, judgement.of(refusal, batch.patience() == LoadBatch.Patience.LastAttempt)));
      }
    }
    requireRecordsToBlame(table, batch, refusals);
    return new Loaded(Counts.of(batch.rows().size(), verdicts), verdicts);
  }

  /** The outcome for a batch that stands a second time in one list. */
  static AlreadyDecided repeated(LoadBatch first, LoadOutcome outcome) {
    return outcome instanceof AlreadyDecided decided
        ? decided
        : new AlreadyDecided(
            first.take(),
            first.revision(),
            first.inputHash(),
            outcome.counts(),
            outcome.verdicts());
  }

  private static void requireRecordsToBlame(
      TargetTable table, LoadBatch batch, List<Refusal> refusals) throws SystemFailure {
    if (refusals.size() < 2
        || refusals.size() < batch.rows().size()
        || refusals.stream().anyMatch(Refusal::isRecord)) {
      return;
    }
    Set<String> states = refusals.stream().map(Refusal::sqlState).collect(Collectors.toSet());
    if (states.size() == 1) {
      String state = states.iterator().next();
      throw TargetFailure.of(
          state,
          "table %s refuses each of the %d records of batch %s alike, with SQLSTATE %s"
              .formatted(table.displayName(), refusals.size(), batch.batchId(), state));
    }
  }
}
