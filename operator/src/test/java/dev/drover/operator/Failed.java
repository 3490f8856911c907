package dev.drover.operator;

import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.wire.batch.Provenance;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.util.List;
import java.util.Map;

/** Failed records of a table with columns id, email and qty, as the error queue has them. */
public final class Failed {
  public static final RecordSchema SCHEMA =
      new RecordSchema(
          "public.orders",
          List.of(
              new Column("id", ColumnType.TEXT, false, "text"),
              new Column("email", ColumnType.TEXT, true, "text"),
              new Column("qty", ColumnType.INTEGER, true, "integer")));

  private Failed() {}

  /** One refused by {@code steps[0]} of stage {@code clean}, its quantity being 5. */
  public static FailedMessage message(String message, String key, String email) {
    return message("steps[0]", message, key, email);
  }

  /** One refused by a step of stage {@code clean}. */
  public static FailedMessage message(String step, String message, String key, String email) {
    RowWriter row = new RowWriter(SCHEMA, 64);
    row.append(new Row(0, key, new Object[] {key, email, 5}));
    return new FailedMessage(detail(step, message, key), row.toByteArray());
  }

  public static FailedMessage.Detail detail(String step, String message, String key) {
    return new FailedMessage.Detail(
        "clean",
        "b",
        0,
        "public.orders",
        key,
        "s",
        Verdict.FailureClass.Record,
        new Cause(step, "Refused", "public.orders", "email"),
        message,
        "r",
        "2026-01-01T00:00:10Z",
        "2026-01-01T00:00:50Z",
        0,
        null);
  }

  /** The same record, of which changes made some fields of others. */
  public static FailedMessage made(FailedMessage message, Map<String, List<String>> made) {
    FailedMessage.Detail d = message.detail();
    return new FailedMessage(
        new FailedMessage.Detail(
            d.stage(),
            d.batch(),
            d.index(),
            d.table(),
            d.key(),
            d.schema(),
            d.failureClass(),
            d.cause(),
            d.message(),
            d.revision(),
            d.firstSeen(),
            d.lastSeen(),
            d.replays(),
            d.replayOf(),
            d.revisions(),
            new Provenance(made),
            d.told()),
        message.row());
  }

  /** The same record, whose message a rule made of some fields. */
  public static FailedMessage told(FailedMessage message, List<String> told) {
    FailedMessage.Detail d = message.detail();
    return new FailedMessage(
        new FailedMessage.Detail(
            d.stage(),
            d.batch(),
            d.index(),
            d.table(),
            d.key(),
            d.schema(),
            d.failureClass(),
            d.cause(),
            d.message(),
            d.revision(),
            d.firstSeen(),
            d.lastSeen(),
            d.replays(),
            d.replayOf(),
            d.revisions(),
            d.made(),
            told),
        message.row());
  }

  public static ChainSnapshot.Sample sample(String message, String key, String email) {
    return new ChainSnapshot.Sample(message(message, key, email), SCHEMA);
  }
}
