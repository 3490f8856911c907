package dev.drover.operator.chain;

import io.nats.client.JetStreamApiException;

/** JetStream's refusals by code, and what a person is told about them. */
final class Refusals {
  /** A stream that is not there. */
  static final int STREAM_NOT_FOUND = 10059;

  /** A consumer that is not there. */
  static final int CONSUMER_NOT_FOUND = 10014;

  /** A message that is not there. */
  static final int NO_MESSAGE = 10037;

  /** Reason of a refusal because a stream or consumer is not there. */
  static final String MISSING = "QueueMissing";

  private static final int STREAM_CONFIG_DIFFERS = 10058;
  private static final int CONSUMER_EXISTS = 10148;
  private static final int CONSUMER_NAME_IN_USE = 10013;

  private Refusals() {}

  /** Whether what was to be created exists with another configuration. */
  static boolean existsOtherwise(JetStreamApiException e) {
    return switch (e.getApiErrorCode()) {
      case STREAM_CONFIG_DIFFERS, CONSUMER_EXISTS, CONSUMER_NAME_IN_USE -> true;
      default -> false;
    };
  }

  /**
   * Whether a publish or compare-and-set lost because there is a message already. Code 10164 says
   * less: one is on its way to the replicas, and may yet fail.
   */
  static boolean alreadyThere(JetStreamApiException e) {
    return e.getApiErrorCode() == 10071;
  }

  /** Whether the stream or consumer is not there. */
  static boolean missing(JetStreamApiException e) {
    return e.getApiErrorCode() == STREAM_NOT_FOUND || e.getApiErrorCode() == CONSUMER_NOT_FOUND;
  }

  static ChainUnavailableException of(String what, JetStreamApiException e) {
    String tail = " (NATS: %s, code %d)".formatted(e.getErrorDescription(), e.getApiErrorCode());
    return switch (e.getApiErrorCode()) {
      case 10039, 10076 ->
          new ChainUnavailableException(
              "JetStreamDisabled",
              "could not " + what + ": enable JetStream for the operator's account" + tail,
              e);
      case 10002, 10023, 10047, 10028 ->
          new ChainUnavailableException(
              "NatsStorageInsufficient",
              "could not "
                  + what
                  + ": lower spec.queues.maxBytes or give JetStream more file storage"
                  + tail,
              e);
      case 10074, 10005 ->
          new ChainUnavailableException(
              "NatsReplicasUnavailable",
              "could not "
                  + what
                  + ": spec.queues.replicas needs a NATS cluster of that many servers"
                  + tail,
              e);
      case 10008, 10009, 10164 ->
          new ChainUnavailableException(
              "NatsUnavailable",
              "could not "
                  + what
                  + ": the servers of NATS are not agreed; it is tried again"
                  + tail,
              e);
      case STREAM_NOT_FOUND, CONSUMER_NOT_FOUND ->
          new ChainUnavailableException(MISSING, "could not " + what + tail, e);
      default -> new ChainUnavailableException("NatsRefused", "could not " + what + tail, e);
    };
  }
}
