package dev.drover.worker.rules;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.schema.RecordSchema;

/** What rules make of one record, by the way that a batch goes: encoded, judged, encoded anew. */
sealed interface Outcome {
  record Passed(Row row) implements Outcome {}

  record NotPassed(Verdict verdict) implements Outcome {}

  static Outcome of(Rules rules, RecordSchema input, Row row) {
    RowWriter incoming = new RowWriter(input, 256);
    incoming.append(row);
    RowReader reader = new RowReader(input, incoming.toByteArray());
    reader.advance();
    RuleRun run = rules.over(reader);
    Verdict verdict = run.judge();
    if (verdict != null) {
      return new NotPassed(verdict);
    }
    RowWriter passed = new RowWriter(rules.output(), 256);
    run.write(passed);
    return new Passed(RowReader.readAll(rules.output(), passed.toByteArray()).getFirst());
  }
}
