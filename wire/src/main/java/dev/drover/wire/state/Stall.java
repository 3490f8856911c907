package dev.drover.wire.state;

/**
 * Why a worker does not move on: a System failure, which is nobody's record's fault. Written to the
 * state bucket every few seconds while it lasts, deleted when it is over.
 *
 * @param reason CamelCase word, such as {@code DatabaseUnavailable}
 * @param message for people; no secret
 * @param since when it began, ISO-8601 instant
 * @param seen when it was seen last, ISO-8601 instant; one that was not seen for a minute is over
 * @param aside how many batches or tables the worker has set aside while it goes on with others; 0
 *     if it goes on with nothing
 */
public record Stall(String reason, String message, String since, String seen, int aside) {
  /** Of a worker that goes on with nothing. */
  public Stall(String reason, String message, String since, String seen) {
    this(reason, message, since, seen, 0);
  }
}
