package dev.drover.worker.postgres.session;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.WeakHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Whether the session in which a transaction runs is the one that Drover has set up. A pooler that
 * gives a transaction whichever session of the server is free (transaction pooling) hands out some
 * that print dates and zones by their own settings, and lack what was made in ours. Such a session
 * must not be read from or written to. Thread-safe.
 */
public final class KeptSession {
  /** As if the connection had failed; no server uses it. */
  private static final String NOT_KEPT = "08DR1";

  private static final String SETTING = "drover.session";

  /** Connections that a pooler answers. */
  private static final Map<Connection, Mark> POOLED =
      Collections.synchronizedMap(new WeakHashMap<>());

  /**
   * How a session is known again.
   *
   * @param connection the name that the Migration gives to where it leads
   * @param token what no other session was told
   * @param settings SQL of what was set, each ended by a semicolon
   */
  private record Mark(String connection, String token, List<String> settings) {}

  private KeptSession() {}

  /**
   * Sets up a new session, and marks it by the same request, which is one transaction: a pooler has
   * all of it done in one session.
   *
   * @param name the name that the Migration gives to where the connection leads
   * @param settings SQL, each statement ended by a semicolon; none that takes a snapshot
   */
  static void setUp(Connection connection, String name, String settings) throws SQLException {
    Mark mark =
        new Mark(name, UUID.randomUUID().toString(), new CopyOnWriteArrayList<>(List.of(settings)));
    try (Statement statement = connection.createStatement()) {
      statement.execute("%s SET %s = '%s'".formatted(settings, SETTING, mark.token()));
    }
    if (isPooled(connection)) {
      POOLED.put(connection, mark);
    }
  }

  /**
   * Sets something for a session that was set up, in no transaction.
   *
   * @param settings SQL, each statement ended by a semicolon
   */
  public static void set(Connection connection, String settings) throws SQLException {
    Mark mark = POOLED.get(connection);
    if (mark != null) {
      mark.settings().add(settings);
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(settings);
    }
  }

  /** A pooler need not know the server's process when it accepts a connection. */
  private static boolean isPooled(Connection connection) throws SQLException {
    try (PreparedStatement statement =
            connection.prepareStatement("SELECT pg_catalog.pg_backend_pid()");
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getInt(1) != connection.unwrap(PGConnection.class).getBackendPID();
    }
  }

  /**
   * To be called in each transaction before it does anything; costs nothing where no pooler is in
   * between. What was set is set once more: others who are given the session may have changed it.
   * It takes no snapshot unless something that was {@link #set} does: that is for what the
   * transaction does first.
   *
   * @throws SQLException if the transaction runs in another session, see {@link
   *     Endpoint#stallReason}
   */
  public static void require(Connection connection) throws SQLException {
    Mark mark = POOLED.get(connection);
    if (mark == null) {
      return;
    }
    try (Statement statement = connection.createStatement()) {
      try (ResultSet row = statement.executeQuery("SHOW " + SETTING)) {
        row.next();
        if (!mark.token().equals(row.getString(1))) {
          throw notKept(mark, null);
        }
      }
      statement.execute(String.join(" ", mark.settings()));
    } catch (SQLException e) {
      String state = String.valueOf(e.getSQLState());
      // There is no such setting; or what the driver has prepared is not there, or another's is.
      throw state.equals("42704") || state.equals("26000") || state.equals("42P05")
          ? notKept(mark, e)
          : e;
    }
  }

  private static SQLException notKept(Mark mark, @Nullable SQLException cause) {
    return new SQLException(
        "connection %s: a pooler gave this transaction another session than the one that was set up: let jdbc.url name the server itself, or a pool in session mode"
            .formatted(mark.connection()),
        NOT_KEPT,
        cause);
  }

  /** What a stall by a SQLSTATE is called; null if it is not this one. */
  static @Nullable String stallReason(String sqlState) {
    return NOT_KEPT.equals(sqlState) ? "SessionNotKept" : null;
  }
}
