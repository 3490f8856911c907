package dev.drover.worker.enrich;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.lookup.Answer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Answers as bytes: a row each, whose position says what it is and whose key why it was refused.
 * Pure.
 */
final class AnswerCodec {
  private static final int FOUND = 0;
  private static final int MISSING = 1;
  private static final int AMBIGUOUS = 2;
  private static final int REFUSED = 3;

  private AnswerCodec() {}

  static byte[] encode(RecordSchema schema, List<Answer> answers) {
    @Nullable Object[] nothing = new Object[schema.columns().size()];
    RowWriter writer = new RowWriter(schema, 32 * answers.size());
    for (Answer answer : answers) {
      writer.append(
          switch (answer) {
            case Answer.Found f -> new Row(FOUND, "", f.values());
            case Answer.Missing m -> new Row(MISSING, "", nothing);
            case Answer.Ambiguous a -> new Row(AMBIGUOUS, "", nothing);
            case Answer.Refused r -> new Row(REFUSED, r.why(), nothing);
          });
    }
    return writer.toByteArray();
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws IllegalArgumentException if the bytes are not answers of the schema
   */
  static List<Answer> decode(RecordSchema schema, byte[] bytes) {
    List<Answer> answers = new ArrayList<>();
    for (Row row : RowReader.readAll(schema, bytes)) {
      answers.add(
          switch (row.position()) {
            case FOUND -> new Answer.Found(row.values());
            case MISSING -> new Answer.Missing();
            case AMBIGUOUS -> new Answer.Ambiguous();
            case REFUSED -> new Answer.Refused(row.key());
            default -> throw new IllegalArgumentException("not an answer: " + row.position());
          });
    }
    return answers;
  }
}
