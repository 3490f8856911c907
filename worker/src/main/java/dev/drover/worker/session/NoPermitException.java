package dev.drover.worker.session;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** There may be no session now; the database was not asked. To be tried again after a while. */
public final class NoPermitException extends SQLException {
  private static final long serialVersionUID = 1L;

  // Of the class of insufficient resources; no server uses them.
  private static final String CAP = "53DR1";
  private static final String UNKNOWN = "53DR2";

  private NoPermitException(String message, String state, @Nullable Throwable cause) {
    super(message, state, cause);
  }

  /** As many sessions are open as there may be. */
  public static NoPermitException capReached(String message) {
    return new NoPermitException(message, CAP, null);
  }

  /** Who counts sessions does not answer. */
  public static NoPermitException unknown(String message, Throwable cause) {
    return new NoPermitException(message, UNKNOWN, cause);
  }

  /** Whether a SQLSTATE says that the most sessions are open. */
  public static boolean isCapReached(@Nullable String sqlState) {
    return CAP.equals(sqlState);
  }

  /** What a stall by a SQLSTATE is called; null if it is not one of these. */
  public static @Nullable String stallReason(@Nullable String sqlState) {
    if (isCapReached(sqlState)) {
      return "ConnectionCap";
    }
    return UNKNOWN.equals(sqlState) ? "NatsUnavailable" : null;
  }
}
