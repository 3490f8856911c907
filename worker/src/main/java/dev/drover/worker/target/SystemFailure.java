package dev.drover.worker.target;

import dev.drover.worker.postgres.NoPermitException;
import dev.drover.worker.postgres.ServerWords;
import java.sql.SQLException;
import java.util.Objects;

/**
 * The world is wrong, not a record: the transaction was rolled back and nothing was decided. To be
 * tried again after a while, on a new connection if this one is gone. The message names what failed
 * and holds no record's value; the cause may, and is not for people to see.
 */
public final class SystemFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private static final String DEADLOCK = "40P01";
  private static final String NOT_SERIALIZABLE = "40001";

  private final String sqlState;

  SystemFailure(String sqlState, String message) {
    super(message);
    this.sqlState = sqlState;
  }

  private SystemFailure(String sqlState, String message, SQLException cause) {
    super(message, cause);
    this.sqlState = sqlState;
  }

  /**
   * A failure of the server, the connection or the ledger. The server's words are passed on as far
   * as {@link ServerWords} lets them.
   *
   * @param what what was being done or asked, for people
   */
  public static SystemFailure of(String what, SQLException e) {
    String state = Objects.requireNonNullElse(e.getSQLState(), "");
    String words = ServerWords.shown(e);
    String shown = words == null ? "" : ": " + words;
    return new SystemFailure(state, "%s: SQLSTATE %s%s".formatted(what, state, shown), e);
  }

  /**
   * What a stall is called: somebody holds a lock, the target is there and not as it was planned,
   * or it is away.
   */
  public String reason() {
    if (isLocked() || isConflict()) {
      return "TargetLocked";
    }
    String noPermit = NoPermitException.stallReason(sqlState);
    if (noPermit != null) {
      return noPermit;
    }
    return sqlState.startsWith("42") ? "TargetChanged" : "DatabaseUnavailable";
  }

  /** Whether a lock was waited for in vain: the session is as good as before. */
  public boolean isLocked() {
    return sqlState.equals(LockHolders.LOCKED);
  }

  /**
   * Whether the server ended the transaction for the sake of others, in a deadlock or since it
   * could not be serialized with theirs: the session is as good as before, and the same may well
   * succeed at once.
   */
  public boolean isConflict() {
    return sqlState.equals(DEADLOCK) || sqlState.equals(NOT_SERIALIZABLE);
  }

  /** Whether something that others have was waited for in vain: a lock, or a connection. */
  public boolean hasWaited() {
    return isLocked() || NoPermitException.isCapReached(sqlState);
  }

  /** The server's or driver's SQLSTATE; empty if there is none. */
  public String sqlState() {
    return sqlState;
  }
}
