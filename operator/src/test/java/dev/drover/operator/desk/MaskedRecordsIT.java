package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.operator.chain.PlayedWorker;
import dev.drover.wire.batch.RowReader;
import io.nats.client.Message;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** What is shown of failed records, and what is nowhere. */
class MaskedRecordsIT extends DeskScenario {
  @Test
  void a_masked_field_is_shown_nowhere_and_can_be_corrected() throws Exception {
    migration = migration("orders", "{redact: [/qty]}");
    FailedRecord record = oneFailure();
    FailedRecordStatus masked = status(record);
    assertThat(masked.record().toString()).isEqualTo("{\"id\":1,\"qty\":\"***\"}");
    assertThat(masked.maskedFields()).containsExactly("qty");

    patch(record, "{\"correction\":{\"qty\":4},\"action\":\"Replay\"}");
    awaitState(record, RecordState.Replaying);
    assertThat(status(record).record().get("qty").asText()).isEqualTo("***");
    Message message = worker.fetch(names.retriesStream(), "load").getFirst();
    assertThat(
            RowReader.readAll(PlayedWorker.schema(PlayedWorker.PARENTS), message.getData())
                .getFirst()
                .values())
        .as("the queue kept the truth")
        .containsExactly(1, 4);
  }

  @Test
  void what_a_change_copied_from_a_masked_field_is_masked_also_when_the_record_fails_again()
      throws Exception {
    migration = migration("orders", "{redact: [/qty]}");
    FailedRecord record = oneFailure();
    patch(record, "{\"correction\":{\"qty\":777},\"action\":\"Replay\"}");
    awaitState(record, RecordState.Replaying);
    worker.retry("load", odd("StillOdd"));
    awaitFailedAgain(record, 1);

    patch(
        record,
        "{\"correction\":null,\"jsonPatch\":[{\"op\":\"copy\",\"from\":\"/qty\",\"path\":\"/id\"}]}");
    awaitState(record, RecordState.Replaying);
    worker.retry("load", odd("StillOdd"));
    awaitFailedAgain(record, 2);

    assertThat(status(record).record().toString()).doesNotContain("777");
    assertThat(status(record).maskedFields()).containsExactly("id", "qty");
    String version = client.resource(record).get().getMetadata().getResourceVersion();
    desk.sync(migration, ref, false);
    desk.sync(migration, ref, false);
    assertThat(client.resource(record).get().getMetadata().getResourceVersion())
        .as("it fits as it is")
        .isEqualTo(version);

    migration = migration("orders", "{}");
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(status(record).record().get("id").asInt()).isEqualTo(777);
            });
    migration = migration("orders", "{redact: [/qty]}");
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(status(record).record().toString()).doesNotContain("777");
            });
  }

  private void awaitFailedAgain(FailedRecord record, int replays) {
    await()
        .until(
            () ->
                RecordState.of(status(record)) == RecordState.Open
                    && status(record).replays() == replays);
  }

  @Test
  void no_log_line_holds_what_a_correction_says() throws Exception {
    List<String> lines = new CopyOnWriteArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            if (line.getLevel().intValue() < Level.INFO.intValue()) {
              return; // the client's own debug lines hold whole requests
            }
            lines.add(
                line.getMessage()
                    + Arrays.toString(line.getParameters())
                    + (line.getThrown() == null ? "" : trace(line.getThrown())));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger root = Logger.getLogger("");
    root.addHandler(handler);
    try {
      FailedRecord record = oneFailure();
      patch(record, "{\"correction\":{\"qty\":\"planted-text\"},\"action\":\"Replay\"}");
      awaitState(record, RecordState.Refused);
      assertThat(client.resource(record).get().getStatus().toString())
          .doesNotContain("planted-text");
      patch(record, "{\"correction\":{\"qty\":987654321}}");
      awaitState(record, RecordState.Replaying);
      server.kill();
      patch(record, "{\"attempt\":1}");
      awaitOutcome(record, "NATS");
      server.restart();
      Logger.getLogger("dev.drover.test").info("logs are seen");
    } finally {
      root.removeHandler(handler);
    }
    assertThat(String.join("\n", lines))
        .contains("logs are seen")
        .doesNotContain("planted-text", "987654321");
  }

  private static String trace(Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  @Test
  void a_field_that_is_to_be_masked_from_now_on_is_masked_where_it_was_shown() throws Exception {
    FailedRecord record = oneFailure();
    assertThat(status(record).record().get("qty").asInt()).isEqualTo(1);
    migration = migration("orders", "{redact: [/qty]}");
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(status(record).record().get("qty").asText()).isEqualTo("***");
            });
  }

  @Test
  void what_may_be_shown_from_now_on_is_shown() throws Exception {
    migration = migration("orders", "{payload: KeysOnly}");
    FailedRecord record = oneFailure();
    assertThat(status(record).record()).isNull();
    migration = migration("orders", "{payload: Full}");
    await()
        .untilAsserted(
            () -> {
              desk.sync(migration, ref, false);
              assertThat(status(record).record().get("qty").asInt()).isEqualTo(1);
              assertThat(status(record).maskedFields()).isEmpty();
            });
  }
}
