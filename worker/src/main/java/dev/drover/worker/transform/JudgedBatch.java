package dev.drover.worker.transform;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.rules.RuleRun;
import dev.drover.worker.rules.Rules;
import dev.drover.worker.stage.CutRows;
import dev.drover.worker.stage.ErrorQueue;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the rules made of a batch: the same for the same bytes and rules, whenever it is done.
 *
 * @param records records that came in
 * @param passed what goes on, encoded
 * @param verdicts of the records that don't
 * @param failures the failed ones of these, as they came in
 */
record JudgedBatch(
    int records, CutRows passed, List<IndexedVerdict> verdicts, List<ErrorQueue.Failure> failures) {

  /**
   * Applies rules to a batch.
   *
   * @param maxRecordBytes the most bytes that a record may have afterwards
   * @throws IllegalArgumentException if the bytes are not rows of the schema
   */
  static JudgedBatch judge(Rules rules, RecordSchema input, byte[] body, int maxRecordBytes) {
    CutRows passed = new CutRows(rules.output(), body.length + 1024);
    List<IndexedVerdict> verdicts = new ArrayList<>();
    List<ErrorQueue.Failure> failures = new ArrayList<>();
    RowReader rows = new RowReader(input, body);
    RuleRun run = rules.over(rows);
    int index = 0;
    while (rows.advance()) {
      Verdict verdict = run.judge();
      if (verdict == null) {
        verdict = add(passed, run, input.table(), maxRecordBytes);
      }
      if (verdict != null) {
        verdicts.add(new IndexedVerdict(index, verdict));
        if (verdict instanceof Verdict.Failed failed) {
          failures.add(ErrorQueue.Failure.of(index, rows, failed));
        }
      }
      index++;
    }
    return new JudgedBatch(index, passed, verdicts, failures);
  }

  private static Verdict.@Nullable Failed add(CutRows passed, RuleRun run, String table, int most) {
    try {
      int bytes = passed.add(run::write, most);
      return bytes <= most
          ? null
          : failed(
              table,
              "RecordTooLarge",
              "",
              "after the rules the record has "
                  + bytes
                  + " bytes, a message holds "
                  + most
                  + ": make the fields that the rules set smaller, or raise NATS' max_payload");
    } catch (RowWriter.NullInRequiredColumnException e) {
      return failed(
          table,
          "NullInRequiredColumn",
          e.column(),
          "field " + e.column() + " became null though it is required");
    }
  }

  private static Verdict.Failed failed(String table, String code, String field, String message) {
    return new Verdict.Failed(
        FailureClass.Record, new Cause("output", code, table, field), message);
  }
}
