package dev.drover.worker.postgres.session;

import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.worker.session.NoPermitException;
import dev.drover.worker.session.SessionPermit;
import dev.drover.worker.session.SessionPermits;
import dev.drover.worker.session.SessionRequest;
import dev.drover.worker.session.SessionRoster;
import dev.drover.worker.session.SessionUse;
import dev.drover.worker.text.ValueText;
import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL server that a connection of the Migration names. Every {@link #open} is a session of
 * its own; there is no pool here. Whoever counts sessions is asked before each, and told when it is
 * over. Thread-safe.
 */
public final class Endpoint {
  private static final Logger LOG = LoggerFactory.getLogger(Endpoint.class);

  /** Longest application name that the server keeps; it cuts the rest silently. */
  private static final int APPLICATION_NAME_LIMIT = 63;

  /**
   * What makes the server print values in the one exact form that {@link ValueText} reads and
   * writes, whatever the server, database or role says. The keep-alives let the server drop the
   * session of a worker whose machine vanished without a goodbye within half a minute: until then
   * it may hold locks, on rows of the ledger among others, that the next worker waits for. No
   * keep-alive is sent while something of the server's is under way, and that is given up only
   * after a quarter of an hour; tcp_user_timeout makes that half a minute too, also for who takes
   * nothing for so long (a reader that waits for room in its queue lets go of what it reads).
   * Timeouts of statements and locks stay the role's; a load lifts that of statements.
   */
  private static final String SESSION =
      """
      SET DateStyle = 'ISO, YMD';
      SET IntervalStyle = 'postgres';
      SET TimeZone = 'UTC';
      SET extra_float_digits = 1;
      SET bytea_output = 'hex';
      SET lc_monetary = 'C';
      SET array_nulls = on;
      SET client_encoding = 'UTF8';
      SET standard_conforming_strings = on;
      SET tcp_keepalives_idle = 10;
      SET tcp_keepalives_interval = 5;
      SET tcp_keepalives_count = 4;
      SET tcp_user_timeout = '30s';
      """;

  /**
   * What was committed is acknowledged, and never comes again: so it has to be on disk at the
   * server, though a role that loads much may have asked for less.
   */
  private static final String DURABLE = "SET synchronous_commit = on;";

  private static final String IS_DURABLE = "SHOW synchronous_commit";

  /**
   * Lets a server that works for a while look whether anybody still waits for it: else it goes on
   * for a worker that was killed. Servers before 14 cannot.
   */
  private static final String LOOK_FOR_CLIENT =
      """
      SELECT pg_catalog.set_config(name, '10s', false)
      FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'
      """;

  private static final SessionRoster ROSTER = new ListedSessions();

  private final ConnectionSpec spec;
  private final ConnectionFiles files;
  private final SessionPermits permits;
  private final Map<Connection, SessionPermit> permitted =
      Collections.synchronizedMap(new WeakHashMap<>());

  /** The endpoint of a connection whose secrets are in the given files; nobody counts sessions. */
  public Endpoint(ConnectionSpec spec, ConnectionFiles files) {
    this(spec, files, SessionPermits.UNLIMITED);
  }

  /** The endpoint of a connection whose secrets are in the given files. */
  public Endpoint(ConnectionSpec spec, ConnectionFiles files, SessionPermits permits) {
    this.spec = spec;
    this.files = files;
    this.permits = permits;
  }

  /**
   * The name under which the server lists a stage's sessions: {@code drover/<migration>/<stage>},
   * with the migration's name cut where the server would otherwise cut the stage's.
   */
  public static String applicationName(String migration, String stage) {
    int room = Math.max(1, APPLICATION_NAME_LIMIT - "drover//".length() - stage.length());
    String shown = migration.length() <= room ? migration : migration.substring(0, room);
    return "drover/" + shown + "/" + stage;
  }

  /** The connection's name in the Migration. */
  public String name() {
    return spec.name();
  }

  /**
   * Opens a session, with the user and password that the files hold now. Its text forms are fixed
   * (ISO dates, UTC, UTF-8, shortest exact floats, hex bytes, money as in C) and it commits each
   * statement.
   *
   * <p>Options in the URL win over Drover's own: with a CA file the server's certificate and name
   * are verified unless the URL sets {@code sslmode}; a server that is there and silent is given up
   * after 10 minutes unless the URL sets {@code socketTimeout}, one whose machine is gone after
   * half a minute, see {@link KeepAliveSockets}.
   *
   * @param applicationName what the server's session list shows, see {@link #applicationName}
   * @throws SQLException if there is no session; no message holds the password
   */
  public Connection open(String applicationName) throws SQLException {
    return open(applicationName, SessionUse.Work);
  }

  /**
   * Opens a session that is not asked back, as what it does or holds cannot be had again, see
   * {@link #open(String)}.
   */
  public Connection openToHold(String applicationName) throws SQLException {
    return open(applicationName, SessionUse.Hold);
  }

  private Connection open(String applicationName, SessionUse use) throws SQLException {
    refuseReservedInUrl();
    String password = secret(files.password(), "password");
    String login = secret(files.username(), "username");
    SessionPermit permit =
        permits.take(new SessionRequest(spec, login, applicationName, use, ROSTER));
    SessionLine line = SessionLine.begin(permit);
    boolean open = false;
    @Nullable Connection connection = null;
    try {
      connection =
          new Driver()
              .connect(
                  spec.jdbcUrl(),
                  properties(permit.applicationName(), login, password, line.token()));
      if (connection == null) {
        throw new SQLException(
            "connection %s: the URL must start with jdbc:postgresql:".formatted(spec.name()),
            "08001");
      }
      line.established(connection);
      open = true;
      permit.opened(connection); // first of all: there may be one too many
      KeptSession.setUp(connection, spec.name(), SESSION);
      makeDurable(connection);
      lookForClient(connection);
      permitted.put(connection, permit);
      return connection;
    } catch (SQLException e) {
      SQLException failure = withoutPassword(withReason(e), password);
      close(connection, failure);
      throw failure;
    } finally {
      if (!open) {
        line.giveUp();
      }
    }
  }

  private static void makeDurable(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(IS_DURABLE)) {
      row.next();
      if (row.getString(1).equals("off")) {
        KeptSession.set(connection, DURABLE);
      }
    }
  }

  private static void lookForClient(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(LOOK_FOR_CLIENT);
    } catch (SQLException e) {
      if (connection.isClosed()) {
        throw e;
      }
      LOG.debug("the server's system cannot tell it that a client is gone", e);
    }
  }

  /**
   * Whether {@link #mayKeep} should be called soon: others may be to have the session, or want to
   * know something that can be asked over it. Costs a look into a table.
   */
  public boolean mustRest(Connection session) {
    SessionPermit permit = permitted.get(session);
    return permit != null && permit.mustRest();
  }

  /** Whether others wait for a session that is of no use now; costs nothing. */
  public boolean isMissed(Connection session) {
    SessionPermit permit = permitted.get(session);
    return permit != null && permit.isMissed();
  }

  /**
   * To be called with a session between two pieces of work, in no transaction.
   *
   * @return whether it may be kept; if not, whoever uses it closes it
   */
  public boolean mayKeep(Connection session) {
    SessionPermit permit = permitted.get(session);
    return permit == null || permit.mayKeep(session);
  }

  /** Ends a session of another thread, whatever it waits for at the server. */
  public static void interrupt(Connection session) {
    try {
      session.unwrap(PGConnection.class).cancelQuery();
      session.abort(Runnable::run);
    } catch (SQLException e) {
      LOG.debug("interrupting a session failed", e);
    }
  }

  /**
   * What a stall by a SQLSTATE is called where it is for want of a session: none may be had, or a
   * pooler gave another; null if it is for something else.
   */
  public static @Nullable String stallReason(String sqlState) {
    String noPermit = NoPermitException.stallReason(sqlState);
    return noPermit == null ? KeptSession.stallReason(sqlState) : noPermit;
  }

  /** Whether sessions are counted, so that one that is of no use now is missed elsewhere. */
  public boolean isCounted() {
    return permits != SessionPermits.UNLIMITED;
  }

  private Properties properties(
      String applicationName, String login, String password, String line) {
    Properties properties = new Properties();
    properties.setProperty("user", login);
    properties.setProperty("password", password);
    properties.setProperty("ApplicationName", applicationName);
    // Lets the driver send the application name with the startup message.
    properties.setProperty("assumeMinServerVersion", "12");
    properties.setProperty("tcpKeepAlive", "true");
    properties.setProperty("socketFactory", KeepAliveSockets.class.getName());
    properties.setProperty("socketFactoryArg", line);
    properties.setProperty("connectTimeout", "10");
    properties.setProperty("loginTimeout", "30");
    properties.setProperty("socketTimeout", "600");
    properties.setProperty("cancelSignalTimeout", "10");
    if (Files.exists(files.ca())) {
      properties.setProperty("sslmode", "verify-full");
      properties.setProperty("sslrootcert", files.ca().toString());
    }
    return properties;
  }

  /** What must not be set in a URL since Drover sets it: secrets, and what sessions are told by. */
  private void refuseReservedInUrl() throws SQLException {
    int query = spec.jdbcUrl().indexOf('?');
    if (query < 0) {
      return;
    }
    for (String option : spec.jdbcUrl().substring(query + 1).split("&", -1)) {
      String key = option.split("=", 2)[0].toLowerCase(Locale.ROOT);
      if (key.equals("user") || key.equals("password")) {
        throw new SQLException(
            "connection %s: take %s out of the URL; it belongs into the secret"
                .formatted(spec.name(), key),
            "28000");
      }
      if (key.equals("applicationname") || key.startsWith("socketfactory")) {
        throw new SQLException(
            "connection %s: take %s out of the URL; Drover tells its sessions by it"
                .formatted(spec.name(), option.split("=", 2)[0]),
            "08001");
      }
    }
  }

  private String secret(Path file, String key) throws SQLException {
    try {
      String text = Files.readString(file, StandardCharsets.UTF_8);
      int end = text.length();
      if (end > 0 && text.charAt(end - 1) == '\n') {
        end--;
      }
      if (end > 0 && text.charAt(end - 1) == '\r') {
        end--;
      }
      return text.substring(0, end);
    } catch (IOException e) {
      throw new SQLException(
          "connection %s: cannot read %s; the secret needs a key '%s'"
              .formatted(spec.name(), file, key),
          "28000",
          e);
    }
  }

  /** The driver tells in the cause alone why it did not reach the server. */
  private static SQLException withReason(SQLException failure) {
    String message = String.valueOf(failure.getMessage());
    for (Throwable t = failure.getCause(); t != null; t = t.getCause()) {
      String reason =
          t instanceof UnknownHostException
              ? "host " + t.getMessage() + " is unknown; look at the host in jdbc.url, and at DNS"
              : t.getMessage();
      if (t instanceof IOException && reason != null && !message.contains(reason)) {
        return new SQLException(
            message.replaceFirst("\\.$", "") + ": " + reason, failure.getSQLState(), failure);
      }
    }
    return failure;
  }

  private static SQLException withoutPassword(SQLException failure, String password) {
    if (password.isEmpty()) {
      return failure;
    }
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (String.valueOf(t.getMessage()).contains(password)) {
        String message = String.valueOf(failure.getMessage()).replace(password, "***");
        return new SQLException(message, failure.getSQLState());
      }
    }
    return failure;
  }

  private static void close(@Nullable Connection connection, SQLException failure) {
    if (connection != null) {
      try {
        connection.close();
      } catch (SQLException e) {
        failure.addSuppressed(e);
      }
    }
  }
}
