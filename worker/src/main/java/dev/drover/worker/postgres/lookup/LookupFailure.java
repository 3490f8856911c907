package dev.drover.worker.postgres.lookup;

import dev.drover.worker.lookup.LookupUnavailableException;
import dev.drover.worker.postgres.session.Endpoint;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Set;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What a failure of a database that is asked by a query is called. Pure. */
final class LookupFailure {
  private static final String QUERY_CANCELED = "57014";

  /**
   * Classes whose messages the server words itself. Those of values quote them, and a function that
   * the query calls may raise any other with a message of its own.
   */
  private static final Set<String> WORDED =
      Set.of("08", "25", "28", "40", "42", "53", "55", "57", "58");

  private LookupFailure() {}

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
    return LookupUnavailableException.of(
        reason(state), "looking up in %s: SQLSTATE %s%s".formatted(connection, state, shown), e);
  }

  private static String reason(String sqlState) {
    String noSession = Endpoint.stallReason(sqlState);
    if (noSession != null) {
      return noSession;
    }
    if (sqlState.equals(QUERY_CANCELED)) {
      return LookupUnavailableException.TIMED_OUT;
    }
    return sqlState.startsWith("42") ? "LookupChanged" : "DatabaseUnavailable";
  }
}
