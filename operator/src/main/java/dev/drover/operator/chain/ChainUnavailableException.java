package dev.drover.operator.chain;

import org.jspecify.annotations.Nullable;

/** NATS is away or refuses; the message tells a person which and why, without secrets. */
public class ChainUnavailableException extends RuntimeException {
  private final String reason;

  /** With a CamelCase reason for a condition, such as {@code NatsUnavailable}. */
  public ChainUnavailableException(String reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** CamelCase reason for a condition. */
  public String reason() {
    return reason;
  }
}
