package dev.drover.worker.enrich;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.stage.StageContext;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;

/**
 * What was answered about each batch, in the state bucket under {@code answers.<stage>.<batch>}:
 * the first attempt's answers are those of every later one, until all that follows from them is
 * done. Then a mark stays in their place, so that nobody answers again. Thread-safe.
 *
 * <p>An entry is a letter and what it stands for: {@code A} the answers, {@code P} the name and the
 * number of the parts that hold them, {@code D} nothing, since all is done.
 */
final class AnswerLog {
  private static final int WRONG_LAST_SEQUENCE = 10071;
  private static final byte[] DONE = {'D'};
  private static final int NAME_LENGTH = 36;

  private final StageContext context;
  private final Patience patience;

  AnswerLog(StageContext context) {
    this.context = context;
    this.patience = new Patience(context.stalls());
  }

  /** What is known of a batch's answers. */
  sealed interface Known {
    /** Nobody has answered. */
    record Nothing() implements Known {}

    /** Somebody has, and it holds. */
    record Answered(byte[] answers) implements Known {}

    /** All that follows is done. */
    record Done() implements Known {}
  }

  /** What is there. */
  Known find(BatchHeaders batch, String revision) throws InterruptedException {
    String key = key(batch, revision);
    return patience.ask("read " + key, () -> read(key));
  }

  /**
   * Writes answers down, unless some are there.
   *
   * @return what holds: these, or those that were there
   */
  Known settle(BatchHeaders batch, String revision, byte[] answers) throws InterruptedException {
    String key = key(batch, revision);
    byte[] entry = entry(key, answers);
    Known known = patience.ask("write " + key, () -> createOrRead(key, entry, answers));
    if (entry[0] == 'P') {
      Optional<byte[]> holds = patience.ask("read " + key, () -> value(key));
      if (holds.isPresent() && !Arrays.equals(holds.get(), entry)) {
        remove(key, entry);
      }
    }
    return known;
  }

  /** All that follows from a batch's answers is done. */
  void done(BatchHeaders batch, String revision) throws InterruptedException {
    String key = key(batch, revision);
    Optional<byte[]> before = patience.ask("read " + key, () -> value(key));
    if (before.isPresent() && before.get()[0] != 'D') {
      patience.ask("write " + key, () -> bucket().put(key, DONE));
      if (before.get()[0] == 'P') {
        remove(key, before.get());
      }
    }
  }

  /** Answers that one message cannot hold are written before the entry that names them. */
  private byte[] entry(String key, byte[] answers) throws InterruptedException {
    int most = context.maxRecordBytes();
    if (answers.length < most) {
      return ByteBuffer.allocate(answers.length + 1).put((byte) 'A').put(answers).array();
    }
    String name = UUID.randomUUID().toString();
    int parts = Math.ceilDiv(answers.length, most);
    for (int i = 0; i < parts; i++) {
      String part = key + "." + name + "." + i;
      byte[] bytes =
          Arrays.copyOfRange(answers, i * most, Math.min(answers.length, (i + 1) * most));
      patience.ask("write " + part, () -> bucket().put(part, bytes));
    }
    return ByteBuffer.allocate(1 + NAME_LENGTH + Integer.BYTES)
        .put((byte) 'P')
        .put(name.getBytes(StandardCharsets.US_ASCII))
        .putInt(parts)
        .array();
  }

  private Known createOrRead(String key, byte[] entry, byte[] answers)
      throws IOException, JetStreamApiException {
    try {
      bucket().create(key, entry);
      return new Known.Answered(answers);
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() != WRONG_LAST_SEQUENCE) {
        throw e;
      }
    }
    return read(key);
  }

  private Known read(String key) throws IOException, JetStreamApiException {
    Optional<byte[]> entry = value(key);
    if (entry.isEmpty()) {
      return new Known.Nothing();
    }
    ByteBuffer bytes = ByteBuffer.wrap(entry.get());
    return switch (bytes.get()) {
      case 'A' -> new Known.Answered(Arrays.copyOfRange(entry.get(), 1, entry.get().length));
      case 'D' -> new Known.Done();
      case 'P' -> readParts(key, entry.get());
      default -> throw new IllegalArgumentException(key + " is no entry of answers");
    };
  }

  /** Parts that are gone were removed after the entry was read: then it says that all is done. */
  private Known readParts(String key, byte[] entry) throws IOException, JetStreamApiException {
    ByteArrayOutputStream answers = new ByteArrayOutputStream();
    for (String part : parts(key, entry)) {
      Optional<byte[]> bytes = value(part);
      if (bytes.isEmpty()) {
        if (value(key).filter(now -> now[0] == 'D').isPresent()) {
          return new Known.Done();
        }
        throw new IOException("the state bucket lacks " + part);
      }
      answers.writeBytes(bytes.get());
    }
    return new Known.Answered(answers.toByteArray());
  }

  private void remove(String key, byte[] entry) throws InterruptedException {
    for (String part : parts(key, entry)) {
      patience.ask(
          "remove " + part,
          () -> {
            bucket().purge(part);
            return true;
          });
    }
  }

  private static String[] parts(String key, byte[] entry) {
    String name = new String(entry, 1, NAME_LENGTH, StandardCharsets.US_ASCII);
    String[] parts = new String[ByteBuffer.wrap(entry, 1 + NAME_LENGTH, Integer.BYTES).getInt()];
    Arrays.setAll(parts, i -> key + "." + name + "." + i);
    return parts;
  }

  private Optional<byte[]> value(String key) throws IOException, JetStreamApiException {
    KeyValueEntry entry = bucket().get(key);
    return entry == null ? Optional.empty() : Optional.ofNullable(entry.getValue());
  }

  private KeyValue bucket() {
    return context.state().bucket();
  }

  private String key(BatchHeaders batch, String revision) {
    return StateStore.ANSWERS
        + context.stage()
        + "."
        + batch.id().text()
        + "."
        + batch.take()
        + "."
        + revision;
  }
}
