package dev.drover.worker.database;

import dev.drover.wire.batch.BatchRows;
import dev.drover.wire.schema.RecordSchema;

/**
 * A batch to load.
 *
 * @param batchId its identity, under which its stage decides it once
 * @param take which reading of the same range this is
 * @param revision the chain revision that it is decided under
 * @param inputHash hash of its content, kept with the decision
 * @param rows its records
 * @param patience what happens to records whose parent is missing
 */
public record LoadBatch(
    String batchId,
    int take,
    String revision,
    String inputHash,
    BatchRows rows,
    Patience patience) {

  /** The shape of its records. */
  public RecordSchema schema() {
    return rows.schema();
  }

  /** What happens to records whose parent is missing. */
  public enum Patience {
    /** They wait. */
    MayWait,
    /**
     * They have waited already: if all of them still lack it, nothing is decided. Such a batch is
     * alone in its transaction.
     */
    OnlyProgress,
    /** They fail: it will not come any more. */
    LastAttempt
  }
}
