package dev.drover.worker.lookup;

import dev.drover.worker.postgres.NoPermitException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * The database or the server cannot be asked, whatever the key. To be tried again. The message
 * holds no record's value; the cause may, and is not for people to see.
 */
public final class LookupUnavailableException extends Exception {
  private static final long serialVersionUID = 1L;
  static final String TIMED_OUT = "LookupTimedOut";
  private static final String QUERY_CANCELED = "57014";

  /**
   * Classes whose messages the server words itself. Those of values quote them, and a function that
   * the query calls may raise any other with a message of its own.
   */
  private static final Set<String> WORDED =
      Set.of("08", "25", "28", "40", "42", "53", "55", "57", "58");

  private final String reason;
  private final Duration retryAfter;
  private final boolean forAll;

  private LookupUnavailableException(
      String reason,
      String message,
      Duration retryAfter,
      boolean forAll,
      @Nullable SQLException cause) {
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
   * A failure of the server, the connection or the query.
   *
   * @param connection the connection's name
   */
  static LookupUnavailableException of(String connection, SQLException e) {
    String state = Objects.requireNonNullElse(e.getSQLState(), "");
    ServerErrorMessage server =
        e instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
    String message = server == null ? e.getMessage() : server.getMessage();
    boolean worded = server == null || WORDED.stream().anyMatch(state::startsWith);
    String shown = !worded || message == null ? "" : ": " + message;
    return new LookupUnavailableException(
        reason(state),
        "looking up in %s: SQLSTATE %s%s".formatted(connection, state, shown),
        Duration.ZERO,
        !reason(state).equals(TIMED_OUT),
        e);
  }

  private static String reason(String sqlState) {
    String noPermit = NoPermitException.stallReason(sqlState);
    if (noPermit != null) {
      return noPermit;
    }
    if (sqlState.equals(QUERY_CANCELED)) {
      return TIMED_OUT;
    }
    return sqlState.startsWith("42") ? "LookupChanged" : "DatabaseUnavailable";
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
