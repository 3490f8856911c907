package dev.drover.worker.source;

import dev.drover.worker.postgres.NoPermitException;
import dev.drover.worker.postgres.ServerWords;
import java.sql.SQLException;

/** What a stall by a failure of a source is called. Pure. */
public final class SourceStall {
  private static final String QUERY_CANCELED = "57014";
  private static final String LOCK_NOT_AVAILABLE = "55P03";

  private SourceStall() {}

  /**
   * There may be no session now, a row's very key cannot be carried, somebody holds a lock, the
   * source ends every read, it is there and not as it was planned, or it is away.
   */
  public static String reason(SQLException e) {
    if (e instanceof ViewUnavailableException unavailable) {
      return unavailable.reason();
    }
    if (e instanceof UnreadableKeyException) {
      return "UnreadableKey";
    }
    String noPermit = NoPermitException.stallReason(e.getSQLState());
    if (noPermit != null) {
      return noPermit;
    }
    String state = String.valueOf(e.getSQLState());
    return switch (state) {
      case QUERY_CANCELED -> "SourceTimeout";
      case LOCK_NOT_AVAILABLE -> "SourceLocked";
      default -> state.startsWith("42") ? "SourceChanged" : "DatabaseUnavailable";
    };
  }

  /** What of a failure may be shown; holds no record's value. */
  public static String message(SQLException e) {
    return ServerWords.of(e);
  }

  /** Whether all it did was to wait for a session that others have. */
  public static boolean hasWaited(SQLException e) {
    return NoPermitException.isCapReached(e.getSQLState());
  }
}
