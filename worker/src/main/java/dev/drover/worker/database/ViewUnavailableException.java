package dev.drover.worker.database;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** The source cannot be read as of when it is to be read; no record is to blame. */
public final class ViewUnavailableException extends SQLException {
  private static final long serialVersionUID = 1L;

  /** What the stall is called where a snapshot is gone, unless more is known. */
  public static final String LOST = "SnapshotLost";

  private final String reason;

  /**
   * @param reason CamelCase, what the stall is called
   * @param message for people
   */
  public ViewUnavailableException(String reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** What the stall is called. */
  public String reason() {
    return reason;
  }
}
