package dev.drover.worker.stage;

import java.time.Duration;

/**
 * A batch cannot be judged now, though others can: it is to be given back, and tried again in a
 * while. No record of it has failed. The message is for people and holds no record's value.
 */
public final class SetAsideException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String source;
  private final String reason;
  private final Duration atLeast;

  /**
   * For a batch.
   *
   * @param source what the stall that told of it so far was begun as
   * @param reason what the stall is called
   * @param atLeast how long to wait at least before it is tried again
   */
  public SetAsideException(String source, String reason, String message, Duration atLeast) {
    super(message);
    this.source = source;
    this.reason = reason;
    this.atLeast = atLeast;
  }

  /** What the stall is begun as. */
  public String source() {
    return source;
  }

  /** What the stall is called. */
  public String reason() {
    return reason;
  }

  /**
   * How long the batch rests: twice as long each time, from ten seconds to five minutes, and no
   * less than is asked for.
   *
   * @param deliveries how often it was delivered, this time included
   */
  public Duration pause(long deliveries) {
    Duration longest = Duration.ofMinutes(5);
    Duration doubled = Duration.ofSeconds(10L << Math.clamp(deliveries - 1, 0, 5));
    Duration pause = doubled.compareTo(longest) > 0 ? longest : doubled;
    return pause.compareTo(atLeast) > 0 ? pause : atLeast;
  }
}
