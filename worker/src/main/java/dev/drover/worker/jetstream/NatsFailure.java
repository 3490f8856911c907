package dev.drover.worker.jetstream;

import io.nats.client.JetStreamApiException;

/**
 * What a failed request to NATS is told as.
 *
 * @param reason the stall's reason
 * @param message what failed, why, and what to do, for people
 */
public record NatsFailure(String reason, String message) {
  /** JetStream's codes for storage that is used up: the account's, the server's, a stream's. */
  private static final int ACCOUNT_RESOURCES_EXCEEDED = 10002;

  private static final int INSUFFICIENT_RESOURCES = 10023;
  private static final int STORAGE_RESOURCES_EXCEEDED = 10047;

  /**
   * A failure by what the server or the client said.
   *
   * @param what what was to be done, for people: {@code "write the checkpoint of split 3"}
   */
  public static NatsFailure of(String what, Exception e) {
    if (!(e instanceof JetStreamApiException refusal)) {
      return new NatsFailure("NatsUnavailable", "cannot " + what + ": " + e.getMessage());
    }
    int code = refusal.getApiErrorCode();
    return switch (code) {
      case ACCOUNT_RESOURCES_EXCEEDED, INSUFFICIENT_RESOURCES, STORAGE_RESOURCES_EXCEEDED ->
          new NatsFailure(
              "NatsStorageFull",
              "NATS has no storage left to "
                  + what
                  + ": raise its max_file_store or the account's limit, or remove streams that nobody needs (code "
                  + code
                  + ")");
      default ->
          new NatsFailure(
              "NatsRefused",
              "NATS refuses to " + what + ": " + refusal.getErrorDescription() + ", code " + code);
    };
  }
}
