package dev.drover.worker.postgres.target;

import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.database.SystemFailure.Extent;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.session.ServerWords;
import dev.drover.worker.session.NoPermitException;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a failure of a target is called, and what follows from it. Pure. */
final class TargetFailure {
  private static final String DEADLOCK = "40P01";
  private static final String NOT_SERIALIZABLE = "40001";

  private TargetFailure() {}

  /**
   * A failure of the server, the connection or the ledger. The server's words are passed on as far
   * as {@link ServerWords} lets them.
   *
   * @param what what was being done or asked, for people
   */
  static SystemFailure of(String what, SQLException e) {
    String state = Objects.requireNonNullElse(e.getSQLState(), "");
    String words = ServerWords.shown(e);
    String shown = words == null ? "" : ": " + words;
    return of(state, "%s: SQLSTATE %s%s".formatted(what, state, shown), e);
  }

  /** A failure that the server did not tell so itself. */
  static SystemFailure of(String state, String message) {
    return of(state, message, null);
  }

  private static SystemFailure of(String state, String message, @Nullable SQLException cause) {
    boolean waited = LockHolders.LOCKED.equals(state) || NoPermitException.isCapReached(state);
    return new SystemFailure(
        reason(state), state, waited ? Extent.Waited : Extent.Database, message, cause);
  }

  /** Somebody holds a lock, the target is there and not as it was planned, or it is away. */
  private static String reason(String state) {
    if (state.equals(LockHolders.LOCKED) || isConflict(state)) {
      return "TargetLocked";
    }
    String noSession = Endpoint.stallReason(state);
    if (noSession != null) {
      return noSession;
    }
    return state.startsWith("42") ? "TargetChanged" : "DatabaseUnavailable";
  }

  /** Whether a lock was waited for in vain: the session is as good as before. */
  static boolean isLocked(SystemFailure failure) {
    return failure.sqlState().equals(LockHolders.LOCKED);
  }

  /**
   * Whether the server ended the transaction for the sake of others, in a deadlock or since it
   * could not be serialized with theirs: the session is as good as before, and the same may well
   * succeed at once.
   */
  static boolean isConflict(SystemFailure failure) {
    return isConflict(failure.sqlState());
  }

  private static boolean isConflict(String state) {
    return state.equals(DEADLOCK) || state.equals(NOT_SERIALIZABLE);
  }
}
