package dev.drover.wire.failure;

/** A failed record in the error queue, and its sequence there, which is its identity. */
public record QueuedFailure(long sequence, FailedMessage message) {
  /** What is known of the failure. */
  public FailedMessage.Detail detail() {
    return message.detail();
  }
}
