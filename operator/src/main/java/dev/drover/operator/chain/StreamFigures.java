package dev.drover.operator.chain;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import io.nats.client.api.StreamInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a visit looks at of a stream. Only that is read of the server's answer: the client would
 * read the stream's whole configuration, which was a quarter of what a visit cost. Immutable.
 *
 * @param created when it was made, as the server writes it; another stream of its name differs
 * @param messages messages it holds
 * @param bytes what they take
 * @param maxBytes what they may take; -1 for no limit
 * @param replicas how many servers keep it
 * @param lastSequence the sequence of the last message that it ever got
 * @param consumers how many consumers it has
 * @param subjects messages of each subject that was asked for
 */
public record StreamFigures(
    String created,
    long messages,
    long bytes,
    long maxBytes,
    int replicas,
    long lastSequence,
    int consumers,
    Map<String, Long> subjects) {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private record Answer(
      @Nullable Object error,
      @Nullable String created,
      @Nullable Config config,
      @Nullable State state,
      int total) {}

  private record Config(
      @JsonProperty("max_bytes") long maxBytes, @JsonProperty("num_replicas") int replicas) {}

  private record State(
      long messages,
      long bytes,
      @JsonProperty("last_seq") long lastSequence,
      @JsonProperty("consumer_count") int consumers,
      @Nullable Map<String, Long> subjects) {}

  private record Question(@JsonProperty("subjects_filter") String filter, int offset) {}

  /** How full it is, of its most bytes: at most 100, also if it was closed; 0 without a limit. */
  int percent() {
    return maxBytes <= 0 ? 0 : (int) Math.min(100, 100 * bytes / maxBytes);
  }

  /**
   * Whether it has refused a batch, or may refuse the next; not of a queue that was closed, however
   * much is in it.
   *
   * @param maxPayload the most bytes that a message may have
   */
  boolean full(long maxPayload) {
    return QueueLayout.mayRefuse(bytes, maxBytes, maxPayload);
  }

  /**
   * Asks the server.
   *
   * @param filter the subjects to count, with wildcards; null for none
   * @throws IOException if it does not answer
   * @throws JetStreamApiException if it refuses, also because there is no such stream
   */
  static StreamFigures read(Connection nats, String stream, @Nullable String filter)
      throws IOException, JetStreamApiException, InterruptedException {
    Map<String, Long> subjects = new HashMap<>();
    while (true) {
      Answer page =
          ask(nats, stream, filter == null ? null : new Question(filter, subjects.size()));
      State state = page.state();
      if (state == null || page.created() == null || page.config() == null) {
        throw new IOException("the server says nothing of the stream " + stream);
      }
      int before = subjects.size();
      if (state.subjects() != null) {
        subjects.putAll(state.subjects());
      }
      if (subjects.size() >= page.total() || subjects.size() == before) {
        return new StreamFigures(
            page.created(),
            state.messages(),
            state.bytes(),
            page.config().maxBytes(),
            page.config().replicas(),
            state.lastSequence(),
            state.consumers(),
            Map.copyOf(subjects));
      }
    }
  }

  private static Answer ask(Connection nats, String stream, @Nullable Question question)
      throws IOException, JetStreamApiException, InterruptedException {
    Message message =
        nats.request(
            "$JS.API.STREAM.INFO." + stream,
            question == null ? null : WireJson.bytes(question),
            PATIENCE);
    if (message == null || message.isStatusMessage()) {
      throw new IOException("no answer of JetStream about the stream " + stream);
    }
    try {
      Answer answer = WireJson.parse(message.getData(), Answer.class);
      if (answer.error() != null) {
        new StreamInfo(message).throwOnHasError();
      }
      return answer;
    } catch (IllegalArgumentException e) {
      throw new IOException(
          "an answer that is none: " + new String(message.getData(), StandardCharsets.UTF_8), e);
    }
  }
}
