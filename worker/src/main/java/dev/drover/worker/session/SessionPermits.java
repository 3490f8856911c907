package dev.drover.worker.session;

import java.sql.SQLException;

/** Says how many sessions there may be: each is asked for before it is opened. Thread-safe. */
public interface SessionPermits {
  /** Lets everybody open what he likes. */
  SessionPermits UNLIMITED = request -> new FreePermit(request.applicationName());

  /**
   * A permit for one session.
   *
   * @throws SQLException a {@link NoPermitException} if there is none now
   */
  SessionPermit take(SessionRequest request) throws SQLException;

  /** Of a session that nobody counts. */
  record FreePermit(String applicationName) implements SessionPermit {}
}
