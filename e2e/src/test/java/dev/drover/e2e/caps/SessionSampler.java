package dev.drover.e2e.caps;

import dev.drover.e2e.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Asks a server every 20 ms which sessions a login has, over one session of another login. All of
 * that login's count, whatever they call themselves.
 */
final class SessionSampler implements AutoCloseable {
  static final Duration PERIOD = Duration.ofMillis(20);

  private static final String QUESTION =
      "SELECT pid, concat_ws(' ', application_name, client_addr, backend_start, state, query_start)"
          + " FROM pg_stat_activity WHERE usename = ? AND backend_type = 'client backend'";

  private final SessionRecord record;
  private final Thread thread;
  private volatile boolean stopped;
  private volatile @Nullable SQLException failure;

  /** Begins to ask. */
  SessionSampler(Database server, String login, SessionRecord record) {
    this.record = record;
    this.thread = Thread.ofPlatform().name("sampler").start(() -> sample(server, login));
  }

  private void sample(Database server, String login) {
    try (Connection session = server.connect();
        PreparedStatement question = session.prepareStatement(QUESTION)) {
      question.setString(1, login);
      long next = System.nanoTime();
      while (!stopped) {
        long asked = System.nanoTime();
        record.sample(asked, answer(question));
        // What was missed is not made up for by asking faster.
        next = Math.max(next + PERIOD.toNanos(), System.nanoTime());
        while (!stopped && next - System.nanoTime() > 0) {
          LockSupport.parkNanos(next - System.nanoTime());
        }
      }
    } catch (SQLException e) {
      failure = e;
    }
  }

  private static Map<Integer, String> answer(PreparedStatement question) throws SQLException {
    Map<Integer, String> sessions = new HashMap<>();
    try (ResultSet rows = question.executeQuery()) {
      while (rows.next()) {
        sessions.put(rows.getInt(1), rows.getString(2));
      }
    }
    return sessions;
  }

  /**
   * What was answered so far.
   *
   * @throws AssertionError if the server could not be asked any more: nothing is shown then
   */
  SessionRecord record() {
    SQLException e = failure;
    if (e != null) {
      throw new AssertionError("the server could not be asked for its sessions", e);
    }
    return record;
  }

  @Override
  public void close() throws InterruptedException {
    stopped = true;
    thread.join();
  }
}
