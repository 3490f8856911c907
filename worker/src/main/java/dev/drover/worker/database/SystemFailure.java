package dev.drover.worker.database;

import org.jspecify.annotations.Nullable;

/**
 * The world is wrong, not a record: what was asked of a database was not done, and nothing was
 * decided. To be tried again after a while. The message names what failed and holds no record's
 * value; the cause may, and is not for people to see.
 */
public final class SystemFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final String reason;
  private final String sqlState;
  private final boolean waited;

  /**
   * @param reason what the stall is called, CamelCase
   * @param sqlState the server's or driver's; empty if there is none
   * @param waited whether something that others have was waited for in vain: a lock, or a session
   * @param message for people
   */
  public SystemFailure(
      String reason, String sqlState, boolean waited, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.sqlState = sqlState;
    this.waited = waited;
  }

  /** The same failure, told otherwise. */
  public SystemFailure told(String message) {
    return new SystemFailure(reason, sqlState, waited, message, this);
  }

  /** What a stall is called. */
  public String reason() {
    return reason;
  }

  /** Whether something that others have was waited for in vain: it may be free now. */
  public boolean hasWaited() {
    return waited;
  }

  /** The server's or driver's SQLSTATE; empty if there is none. */
  public String sqlState() {
    return sqlState;
  }
}
