package dev.drover.operator.chain;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Decision;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The sum of a chain's decisions, per stage and per stage and table. Each decision counts once,
 * however often it is shown. Confined to one thread at a time.
 */
final class Tally {
  private record TableKey(String stage, String tableHash) {}

  private final Map<String, StageTally> stages = new HashMap<>();
  private final Map<TableKey, StageTally> tables = new HashMap<>();
  private long sequence;
  private @Nullable Instant lastDecision;

  /**
   * Adds a decision, unless it was added before.
   *
   * @param sequence its place in the stream of decisions; they are shown in that order
   * @param at when it was written
   */
  void add(long sequence, String stage, BatchId batch, Decision.Summary summary, Instant at) {
    if (sequence <= this.sequence) {
      return;
    }
    this.sequence = sequence;
    lastDecision = at;
    if (summary.origin() == Origin.source) {
      return; // the checkpoints count it
    }
    stages.merge(stage, StageTally.ZERO.plus(summary), (sum, one) -> sum.plus(summary));
    if (!batch.tableHash().isEmpty()) {
      tables.merge(
          new TableKey(stage, batch.tableHash()),
          StageTally.ZERO.plus(summary),
          (sum, one) -> sum.plus(summary));
    }
  }

  /** Passes over a message that is no decision. */
  void skip(long sequence) {
    this.sequence = Math.max(this.sequence, sequence);
  }

  StageTally stage(String stage) {
    return stages.getOrDefault(stage, StageTally.ZERO);
  }

  /** Of a stage's decisions, those about batches of one table. */
  StageTally table(String stage, String tableHash) {
    return tables.getOrDefault(new TableKey(stage, tableHash), StageTally.ZERO);
  }

  /** The last sequence that counts here; 0 before the first. */
  long sequence() {
    return sequence;
  }

  @Nullable Instant lastDecision() {
    return lastDecision;
  }
}
