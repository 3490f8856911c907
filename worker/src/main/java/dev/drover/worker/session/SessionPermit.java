package dev.drover.worker.session;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;

/** Permission to have one session. Thread-safe. */
public interface SessionPermit {
  /** What the server must list the session as. */
  String applicationName();

  /**
   * Asked before each byte that a session is begun with, and before its socket is connected: a
   * process that stood still since it took the permit may have lost it.
   *
   * @throws IOException if it may be lost: then nothing may be sent
   */
  default void check() throws IOException {}

  /**
   * The session is open.
   *
   * @throws SQLException if the permit was lost meanwhile: the session must be closed
   */
  default void opened(Connection session) throws SQLException {}

  /** Whether {@link #mayKeep} should be called between two pieces of work. Costs nothing. */
  default boolean mustRest() {
    return false;
  }

  /** Whether others wait, so that a session that is of no use now should be given up. */
  default boolean isMissed() {
    return false;
  }

  /**
   * Called by the session's user between two pieces of work, in no transaction; it may use the
   * session.
   *
   * @return whether the session may be kept; if not, its user closes it
   */
  default boolean mayKeep(Connection session) {
    return true;
  }

  /**
   * The session is over, or was never there.
   *
   * @param certain whether the server has said so; if not, it may still be there for a while
   */
  default void ended(boolean certain) {}
}
