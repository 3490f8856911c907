package dev.drover.worker.chain;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Asks a server every 20 ms which sessions a login has, over a session of the superuser. */
final class SessionSampler implements AutoCloseable {
  private final Thread thread;
  private volatile boolean stopped;
  private volatile int cap;
  private volatile int now;
  private volatile int peak;
  private volatile int samples;
  private volatile @Nullable SQLException failure;
  private final List<String> tooMany = new ArrayList<>();

  SessionSampler(String url, String login, int cap) {
    this.cap = cap;
    this.thread = Thread.ofPlatform().name("sampler").start(() -> sample(url, login));
  }

  private void sample(String url, String login) {
    try (Connection session = DriverManager.getConnection(url, "postgres", "postgres");
        PreparedStatement question =
            session.prepareStatement(
                "SELECT pid, application_name, state FROM pg_stat_activity"
                    + " WHERE usename = ? AND backend_type = 'client backend'")) {
      question.setString(1, login);
      while (!stopped) {
        int most = cap;
        TreeMap<Integer, String> seen = new TreeMap<>();
        try (ResultSet rows = question.executeQuery()) {
          while (rows.next()) {
            seen.put(rows.getInt(1), rows.getString(2) + " " + rows.getString(3));
          }
        }
        now = seen.size();
        peak = Math.max(peak, now);
        samples++;
        if (now > most) {
          synchronized (tooMany) {
            tooMany.add(most + " < " + seen);
          }
        }
        Thread.sleep(20);
      }
    } catch (SQLException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void cap(int next) {
    cap = next;
  }

  /** Sessions when it was asked last. */
  int now() {
    return now;
  }

  /** The most sessions since the start or since {@link #forgetPeak}. */
  int peak() {
    return peak;
  }

  void forgetPeak() {
    peak = 0;
  }

  int samples() {
    return samples;
  }

  /** What was listed whenever it was more than the cap. */
  List<String> tooMany() throws SQLException {
    if (failure != null) {
      throw failure;
    }
    synchronized (tooMany) {
      return List.copyOf(tooMany);
    }
  }

  @Override
  public void close() throws Exception {
    stopped = true;
    thread.join();
  }
}
