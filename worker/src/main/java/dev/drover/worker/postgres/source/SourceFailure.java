package dev.drover.worker.postgres.source;

import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.database.SystemFailure.Extent;
import dev.drover.worker.database.ViewUnavailableException;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.session.ServerWords;
import dev.drover.worker.postgres.session.SqlFailure;
import dev.drover.worker.session.NoPermitException;
import java.sql.SQLException;
import java.util.Objects;

/** What a failure of a source is called. Pure. */
public final class SourceFailure {
  private static final String QUERY_CANCELED = "57014";
  private static final String LOCK_NOT_AVAILABLE = "55P03";

  private SourceFailure() {}

  /** The failure, without a record's value in its message. */
  public static SystemFailure of(SQLException e) {
    String state = Objects.requireNonNullElse(e.getSQLState(), "");
    return new SystemFailure(reason(e), state, extent(e), ServerWords.of(e), e);
  }

  /**
   * There may be no session now, a row's very key cannot be carried, somebody holds a lock, the
   * source ends every read, it is there and not as it was planned, or it is away.
   */
  private static String reason(SQLException e) {
    if (e instanceof ViewUnavailableException unavailable) {
      return unavailable.reason();
    }
    if (e instanceof UnreadableKeyException) {
      return "UnreadableKey";
    }
    String state = String.valueOf(e.getSQLState());
    String noSession = Endpoint.stallReason(state);
    if (noSession != null) {
      return noSession;
    }
    return switch (state) {
      case QUERY_CANCELED -> "SourceTimeout";
      case LOCK_NOT_AVAILABLE -> "SourceLocked";
      default -> state.startsWith("42") ? "SourceChanged" : "DatabaseUnavailable";
    };
  }

  /**
   * Whether it is the table, or a row of it, that is not to be had as it is: the source gives the
   * others.
   */
  private static Extent extent(SQLException e) {
    if (e instanceof ViewUnavailableException) {
      return Extent.Database;
    }
    String state = String.valueOf(e.getSQLState());
    if (NoPermitException.isCapReached(state)) {
      return Extent.Waited;
    }
    boolean ofTable =
        e instanceof UnreadableKeyException
            || state.equals(QUERY_CANCELED)
            || state.equals(LOCK_NOT_AVAILABLE)
            || state.startsWith("42");
    return ofTable ? Extent.Table : Extent.Database;
  }

  /**
   * Whether it is one row that the source cannot give: a value of it cannot be carried, is damaged
   * where it is stored, or is larger than the server may print. The others may be had.
   */
  static boolean isOfRow(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return SqlFailure.classify(e) == SqlFailure.Record
        || state.startsWith("54")
        || state.startsWith("XX");
  }

  /** Whether a lock was waited for in vain. */
  static boolean isLocked(SQLException e) {
    return LOCK_NOT_AVAILABLE.equals(e.getSQLState());
  }
}
