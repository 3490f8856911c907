package dev.drover.worker.postgres.session;

import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * What of a database's own words may be shown, in a status or in a log: they must hold no record's
 * value. Of a server's message that is the primary one alone, never its detail, its context or the
 * statement; and not even that where it quotes values by its class, or was worded by a function of
 * the database. What the driver or a worker says is shown as it is. Pure.
 */
public final class ServerWords {
  /** Where PL/pgSQL says what RAISE was told to say. */
  private static final String RAISED = "exec_stmt_raise";

  private ServerWords() {}

  /**
   * A failure for people: {@code SQLSTATE 57014: canceling statement due to statement timeout}, or
   * {@code SQLSTATE 22P02} where no more may be shown; the message of an exception that is no
   * server's.
   */
  public static String of(SQLException e) {
    if (message(e) == null) {
      return String.valueOf(e.getMessage());
    }
    String shown = shown(e);
    return "SQLSTATE " + state(e) + (shown == null ? "" : ": " + shown);
  }

  /** The words alone; null if there are none to show. */
  public static @Nullable String shown(SQLException e) {
    String state = state(e);
    ServerErrorMessage server = message(e);
    boolean quotesValues =
        state.startsWith("22")
            || state.startsWith("23")
            || state.startsWith("P")
            || server != null && RAISED.equals(server.getRoutine());
    if (quotesValues) {
      return null;
    }
    return server == null ? e.getMessage() : server.getMessage();
  }

  private static @Nullable ServerErrorMessage message(SQLException e) {
    return e instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
  }

  private static String state(SQLException e) {
    return Objects.requireNonNullElse(e.getSQLState(), "");
  }
}
