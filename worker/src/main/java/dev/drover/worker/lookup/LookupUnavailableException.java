package dev.drover.worker.lookup;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The database or the server cannot be asked, whatever the key. To be tried again. The message
 * holds no record's value; the cause may, and is not for people to see.
 */
public final class LookupUnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What a stall is called where no answer came in time. */
  public static final String TIMED_OUT = "LookupTimedOut";

  private final String reason;
  private final Duration retryAfter;
  private final boolean forAll;

  private LookupUnavailableException(
      String reason,
      String message,
      Duration retryAfter,
      boolean forAll,
      @Nullable Exception cause) {
    super(message, cause);
    this.reason = reason;
    this.retryAfter = retryAfter;
    this.forAll = forAll;
  }

  /**
   * A failure of a server.
   *
   * @param reason what a stall is called
   * @param retryAfter how long the server asks to be left alone; zero if it does not
   * @param forAll whether it would say so for every other key
   */
  static LookupUnavailableException of(
      String reason, String message, Duration retryAfter, boolean forAll) {
    return new LookupUnavailableException(reason, message, retryAfter, forAll, null);
  }

  /**
   * A failure of a database, its connection or the query.
   *
   * @param reason what a stall is called; every other key would fare the same unless it is {@link
   *     #TIMED_OUT}
   */
  public static LookupUnavailableException of(String reason, String message, Exception cause) {
    return new LookupUnavailableException(
        reason, message, Duration.ZERO, !reason.equals(TIMED_OUT), cause);
  }

  /** What a stall is called. */
  public String reason() {
    return reason;
  }

  /** Whether the query took too long: for fewer keys it may not. */
  public boolean isTimeout() {
    return reason.equals(TIMED_OUT);
  }

  /** Whether every other key would fare the same, as far as is known. */
  public boolean isForAll() {
    return forAll;
  }

  /** How long to wait at least before it is tried again. */
  public Duration retryAfter() {
    return retryAfter;
  }
}
