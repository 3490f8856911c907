package dev.drover.worker.database;

import org.jspecify.annotations.Nullable;

/**
 * The world is wrong, not a record: what was asked of a database was not done, and nothing was
 * decided. To be tried again after a while. The message names what failed and holds no record's
 * value; the cause may, and is not for people to see.
 */
public final class SystemFailure extends Exception {
  private static final long serialVersionUID = 1L;

  /** How far a failure reaches. */
  public enum Extent {
    /** Nothing can be had. */
    Database,
    /** One table, or a row of it, is not to be had as it is; others may be. */
    Table,
    /** A lock or a session, which others have, was waited for in vain: it may be free now. */
    Waited
  }

  private final String reason;
  private final String sqlState;
  private final Extent extent;

  /**
   * @param reason what the stall is called, CamelCase
   * @param sqlState the server's or driver's; empty if there is none
   * @param message for people
   */
  public SystemFailure(
      String reason, String sqlState, Extent extent, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.sqlState = sqlState;
    this.extent = extent;
  }

  /** The same failure, told otherwise. */
  public SystemFailure told(String message) {
    return new SystemFailure(reason, sqlState, extent, message, this);
  }

  /** What a stall is called. */
  public String reason() {
    return reason;
  }

  /** How far it reaches. */
  public Extent extent() {
    return extent;
  }

  /** Whether something that others have was waited for in vain. */
  public boolean hasWaited() {
    return extent == Extent.Waited;
  }

  /** The server's or driver's SQLSTATE; empty if there is none. */
  public String sqlState() {
    return sqlState;
  }
}
