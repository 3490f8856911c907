package dev.drover.worker.stage;

import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.schema.RecordSchema;
import java.util.List;

/**
 * What a stage made of a batch: the same whenever it is judged, see {@link Judge}.
 *
 * @param records records that came in
 * @param output schema of what goes on
 * @param passed what goes on, encoded
 * @param verdicts of the records that don't
 * @param failures the failed ones of these, as they came in
 */
public record JudgedBatch(
    int records,
    RecordSchema output,
    CutRows passed,
    List<IndexedVerdict> verdicts,
    List<ErrorQueue.Failure> failures) {
  public JudgedBatch {
    verdicts = List.copyOf(verdicts);
    failures = List.copyOf(failures);
  }
}
