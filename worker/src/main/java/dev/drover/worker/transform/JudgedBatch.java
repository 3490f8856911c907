package dev.drover.worker.transform;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.rules.Outcome;
import dev.drover.worker.rules.Rules;
import dev.drover.worker.stage.CutRows;
import dev.drover.worker.stage.ErrorQueue;
import java.util.ArrayList;
import java.util.List;

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
    RowReader reader = new RowReader(input, body);
    int index = 0;
    while (reader.hasNext()) {
      Row row = reader.next();
      Verdict verdict =
          switch (rules.apply(row)) {
            case Outcome.Passed p -> add(passed, p.row(), input.table(), maxRecordBytes);
            case Outcome.NotPassed n -> n.verdict();
          };
      if (verdict != null) {
        verdicts.add(new IndexedVerdict(index, verdict));
        if (verdict instanceof Verdict.Failed failed) {
          failures.add(new ErrorQueue.Failure(index, row, failed, true));
        }
      }
      index++;
    }
    return new JudgedBatch(index, passed, verdicts, failures);
  }

  private static Verdict.@org.jspecify.annotations.Nullable Failed add(
      CutRows passed, Row row, String table, int most) {
    try {
      int bytes = passed.add(row, most);
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
