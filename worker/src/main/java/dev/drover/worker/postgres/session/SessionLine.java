package dev.drover.worker.postgres.session;

import dev.drover.worker.session.SessionPermit;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The sockets that the driver makes for one session, from its first attempt to connect until the
 * last is closed, however that comes about. By them it is known when a permit is free again: the
 * driver tells nobody that the server has ended a session. Thread-safe.
 */
final class SessionLine {
  /** The driver makes its sockets' factory by a class name and a text: by that it is found. */
  private static final Map<String, SessionLine> LINES = new ConcurrentHashMap<>();

  private final String token = UUID.randomUUID().toString();
  private final SessionPermit permit;
  private final Set<SessionSocket> open = new HashSet<>();
  private volatile @Nullable Connection session;
  private boolean established;
  private boolean givenUp;
  private boolean certain = true;
  private boolean told;

  private SessionLine(SessionPermit permit) {
    this.permit = permit;
  }

  /** A line for the session of a permit; {@link #giveUp} or {@link #established} must follow. */
  static SessionLine begin(SessionPermit permit) {
    SessionLine line = new SessionLine(permit);
    LINES.put(line.token, line);
    return line;
  }

  /** The line of a token. */
  static SessionLine of(String token) {
    SessionLine line = LINES.get(token);
    if (line == null) {
      throw new IllegalArgumentException("the session of this socket is over");
    }
    return line;
  }

  String token() {
    return token;
  }

  /** A socket for the driver; once there is a session, only one to cancel a query by. */
  synchronized Socket socket() throws IOException {
    if (givenUp) {
      throw new SocketException("the attempt to connect was given up");
    }
    if (established) {
      return new Socket();
    }
    SessionSocket socket = new SessionSocket(this);
    open.add(socket);
    return socket;
  }

  /**
   * Asked before anything is sent for as long as there is no session.
   *
   * @throws IOException if nothing may be sent
   */
  void check() throws IOException {
    synchronized (this) {
      if (established) {
        return;
      }
      if (givenUp) {
        throw new SocketException("the attempt to connect was given up");
      }
    }
    permit.check();
  }

  /** There is a session; the permit ends when its socket is closed. */
  void established(Connection connection) {
    synchronized (this) {
      session = connection;
      established = true;
    }
    tellIfOver();
  }

  /** Whether the driver closes the session, so that nothing will be read any more. */
  boolean isClosing() {
    Connection closing = session;
    try {
      return closing != null && closing.isClosed();
    } catch (SQLException e) {
      return false;
    }
  }

  /** There is to be no session: what is connected is closed. */
  void giveUp() {
    List<SessionSocket> left;
    synchronized (this) {
      givenUp = true;
      left = new ArrayList<>(open);
    }
    for (SessionSocket socket : left) {
      try {
        socket.close();
      } catch (IOException e) {
        closed(socket, false);
      }
    }
    tellIfOver();
  }

  /**
   * A socket is closed.
   *
   * @param atBothEnds whether the server has closed its end too
   */
  void closed(SessionSocket socket, boolean atBothEnds) {
    synchronized (this) {
      if (!open.remove(socket)) {
        return;
      }
      certain &= atBothEnds;
    }
    tellIfOver();
  }

  private void tellIfOver() {
    boolean sure;
    synchronized (this) {
      if (told || !open.isEmpty() || !(established || givenUp)) {
        return;
      }
      told = true;
      sure = certain;
    }
    LINES.remove(token);
    permit.ended(sure);
  }
}
