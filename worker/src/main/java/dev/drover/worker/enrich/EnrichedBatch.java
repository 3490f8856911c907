package dev.drover.worker.enrich;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.lookup.Answer;
import dev.drover.worker.lookup.Question;
import dev.drover.worker.stage.CutRows;
import dev.drover.worker.stage.ErrorQueue;
import dev.drover.worker.stage.JudgedBatch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Joins the records of a batch with the answers for their keys. Pure; used by one thread, once. */
final class EnrichedBatch {
  private final Enrichment enrichment;
  private final Question question;
  private final int most;
  private final RowReader rows;
  private final CutRows passed;
  private final int fields;

  private EnrichedBatch(Enrichment enrichment, Question question, byte[] body, int most) {
    this.enrichment = enrichment;
    this.question = question;
    this.most = most;
    this.rows = new RowReader(enrichment.input(), body);
    this.passed = new CutRows(enrichment.output(), body.length + 1024);
    this.fields = enrichment.input().columns().size();
  }

  /**
   * A batch with what was looked up for it.
   *
   * @param answers for each of the keys
   * @param most the most bytes that a record may have afterwards
   * @throws IllegalArgumentException if there is not an answer for each key
   */
  static JudgedBatch of(
      Enrichment enrichment,
      Question question,
      byte[] body,
      BatchKeys keys,
      List<Answer> answers,
      int most) {
    if (answers.size() != keys.names().size()) {
      throw new IllegalArgumentException(
          "%d answers for %d keys".formatted(answers.size(), keys.names().size()));
    }
    return new EnrichedBatch(enrichment, question, body, most).judge(keys, answers);
  }

  /** A batch that is not looked up: each record came in a message, so a message can hold it. */
  static JudgedBatch unchanged(RecordSchema schema, byte[] body) {
    CutRows passed = new CutRows(schema, body.length + 64);
    RowReader rows = new RowReader(schema, body);
    int records = 0;
    while (rows.advance()) {
      passed.add(
          writer -> write(writer, rows, schema.columns().size(), new Object[0]), Integer.MAX_VALUE);
      records++;
    }
    return new JudgedBatch(records, schema, passed, List.of(), List.of());
  }

  private JudgedBatch judge(BatchKeys keys, List<Answer> answers) {
    List<IndexedVerdict> verdicts = new ArrayList<>();
    List<ErrorQueue.Failure> failures = new ArrayList<>();
    int index = 0;
    while (rows.advance()) {
      Verdict verdict = judge(answers.get(keys.ofRow().get(index)));
      if (verdict != null) {
        verdicts.add(new IndexedVerdict(index, verdict));
        if (verdict instanceof Verdict.Failed failed) {
          failures.add(ErrorQueue.Failure.of(index, rows, failed));
        }
      }
      index++;
    }
    return new JudgedBatch(index, enrichment.output(), passed, verdicts, failures);
  }

  private @Nullable Verdict judge(Answer answer) {
    String keys = Enrichment.keyNames(question);
    String where = enrichment.where();
    return switch (answer) {
      case Answer.Found found -> add(found.values());
      case Answer.Missing missing ->
          switch (enrichment.stage().onMissing()) {
            case Keep -> add(new Object[question.columns().size()]);
            case Drop -> new Verdict.Filtered();
            case Fail ->
                failed(
                    "LookupMissing",
                    keys,
                    "%s has nothing for this record's %s: add it there and send the record again, or correct the record"
                        .formatted(where, keys));
          };
      case Answer.Ambiguous ambiguous ->
          failed(
              "LookupAmbiguous",
              keys,
              "%s has more than one row for this record's %s: let the query find one, or remove the others there, and send the record again"
                  .formatted(where, keys));
      case Answer.Refused refused ->
          failed(
              "LookupRefused",
              keys,
              "%s has no answer that can be used for this record's %s: %s"
                  .formatted(where, keys, refused.why()));
    };
  }

  private Verdict.@Nullable Failed add(@Nullable Object[] values) {
    int bytes = passed.add(writer -> write(writer, rows, fields, values), most);
    return bytes <= most
        ? null
        : failed(
            "RecordTooLarge",
            "",
            "with what was looked up the record has %d bytes, a message holds %d: look up less, or raise NATS' max_payload"
                .formatted(bytes, most));
  }

  private static int write(
      RowWriter writer, RowReader rows, int fields, @Nullable Object[] values) {
    writer.begin(rows.position(), rows.bytes(), rows.keyStart(), rows.keyEnd());
    writer.copy(rows, 0, fields);
    for (Object value : values) {
      writer.value(value);
    }
    return writer.end();
  }

  private Verdict.Failed failed(String code, String subject, String message) {
    return new Verdict.Failed(
        FailureClass.Record,
        new Cause("enrich", code, enrichment.input().table(), subject),
        message);
  }
}
