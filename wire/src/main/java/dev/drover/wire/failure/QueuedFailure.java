package dev.drover.wire.failure;

import io.nats.client.impl.Headers;
import org.jspecify.annotations.Nullable;

/**
 * A failed record in the error queue, and its sequence there, which is its identity.
 *
 * @param record what it is told apart by in its batch, see {@link FailedMessage#messageId}
 */
public record QueuedFailure(long sequence, FailedMessage message, String record) {
  private static final String ID = "Nats-Msg-Id";

  /** A record that is told apart by its index. */
  public QueuedFailure(long sequence, FailedMessage message) {
    this(sequence, message, Integer.toString(message.detail().index()));
  }

  /**
   * Reads a message.
   *
   * @throws IllegalArgumentException if it is no failed record's
   */
  public static QueuedFailure parse(long sequence, @Nullable Headers headers, byte[] body) {
    FailedMessage message = FailedMessage.parse(body);
    String id = headers == null ? null : headers.getFirst(ID);
    return id == null
        ? new QueuedFailure(sequence, message)
        : new QueuedFailure(sequence, message, id.substring(id.lastIndexOf('/') + 1));
  }

  /** What is known of the failure. */
  public FailedMessage.Detail detail() {
    return message.detail();
  }
}
