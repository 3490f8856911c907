package dev.drover.worker.transform;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.rules.RuleRun;
import dev.drover.worker.rules.Rules;
import dev.drover.worker.stage.CutRows;
import dev.drover.worker.stage.ErrorQueue;
import dev.drover.worker.stage.Judge;
import dev.drover.worker.stage.JudgedBatch;
import dev.drover.worker.stage.StageContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Judges by rules: the same bytes and rules give the same judgement, whenever it is made. */
public final class RuleJudge implements Judge {
  private final StageContext context;
  private final RuleBook rules;
  private final Patience patience;

  /** A judge by the rules of the context's stage. */
  public RuleJudge(StageContext context) {
    this.context = context;
    this.rules = new RuleBook(context);
    this.patience = new Patience(context.stalls());
  }

  @Override
  public Optional<JudgedBatch> judge(Arrived batch, String revision) throws InterruptedException {
    Rules used =
        patience.ask(
            "read the rules of revision " + revision, () -> rules.rules(revision, batch.input()));
    return Optional.of(judge(used, batch.input(), batch.body(), context.maxRecordBytes()));
  }

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
    return new JudgedBatch(index, rules.output(), passed, verdicts, failures);
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
