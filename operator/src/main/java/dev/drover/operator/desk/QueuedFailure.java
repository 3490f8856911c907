package dev.drover.operator.desk;

import dev.drover.wire.failure.FailedMessage;

/** A failed record in the error queue, and its sequence there, which is its identity. */
record QueuedFailure(long sequence, FailedMessage message) {
  FailedMessage.Detail detail() {
    return message.detail();
  }
}
