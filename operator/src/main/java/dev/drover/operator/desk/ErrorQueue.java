package dev.drover.operator.desk;

import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.chain.StreamFigures;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.MessageGetRequest;
import io.nats.client.api.MessageInfo;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The failed records of one chain. Reads single messages, never the queue as a whole. Every method
 * throws {@link dev.drover.operator.chain.ChainUnavailableException} when NATS is away or refuses.
 */
final class ErrorQueue {
  /** Messages that are no failed records, and passed over at a time. */
  private static final int MOST_PASSED = 100;

  private static final byte[] NOTHING = {};

  private final NatsLink link;
  private final ChainNames names;

  ErrorQueue(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /**
   * What the queue holds.
   *
   * @param totals records of each cause, by subject
   * @param gone how many messages have left it since it was made
   */
  record State(Map<String, Long> totals, long gone) {}

  /** What the queue holds; nothing if there is no queue. */
  State state() {
    return link.stream("count the failed records", names.errorsStream(), names.all("errors"))
        .map(s -> new State(s.subjects(), s.lastSequence() - s.messages()))
        .orElse(new State(Map.of(), 0));
  }

  /** The last sequence that a record had; 0 if none had any. */
  long last() {
    return link.stream("look for the last failed record", names.errorsStream(), null)
        .map(StreamFigures::lastSequence)
        .orElse(0L);
  }

  /** The record of a sequence, if it is still there. */
  Optional<QueuedFailure> at(long sequence) {
    return message(MessageGetRequest.forSequence(sequence)).flatMap(ErrorQueue::record);
  }

  /** The first record of a cause from a sequence on; what is none is passed over. */
  Optional<QueuedFailure> from(long sequence, String subject) {
    Optional<MessageInfo> next = message(MessageGetRequest.nextForSubject(sequence, subject));
    for (int passed = 0; next.isPresent() && passed < MOST_PASSED; passed++) {
      Optional<QueuedFailure> found = record(next.get());
      if (found.isPresent()) {
        return found;
      }
      next = message(MessageGetRequest.nextForSubject(next.get().getSeq() + 1, subject));
    }
    return Optional.empty();
  }

  /** Removes a record that is out of the way; one that is not there is fine. */
  void delete(long sequence) {
    link.run(
        "remove failed record " + sequence + " from the error queue",
        nats -> {
          try {
            nats.jetStreamManagement().deleteMessage(names.errorsStream(), sequence, false);
          } catch (JetStreamApiException e) {
            if (at(sequence).isPresent()) {
              throw e;
            }
          }
        });
  }

  private Optional<MessageInfo> message(MessageGetRequest request) {
    return link.message("read a failed record", names.errorsStream(), request);
  }

  /** Empty if somebody else has put it there; {@code FailureCauses} tells of it. */
  private static Optional<QueuedFailure> record(MessageInfo message) {
    try {
      return Optional.of(
          QueuedFailure.parse(
              message.getSeq(),
              message.getHeaders(),
              Objects.requireNonNullElse(message.getData(), NOTHING)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
