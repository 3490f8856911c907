package dev.drover.e2e.chaos;

import dev.drover.e2e.Database;
import java.sql.SQLException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

/**
 * Holds the target back whenever rows are ahead of the faults, so that the migration lasts until
 * the last of them: see chaos.pace in bench/chaos-target.sql.
 */
final class TargetPace implements AutoCloseable {
  /** Seconds a hundred rows, while it holds back: a transaction still ends between two kills. */
  private static final double SLOW = 0.15;

  /**
   * How far ahead of the rows the faults are meant to be: the rows must not be done first. Let go,
   * the target takes 6 % in the two seconds of a turn, and the two queues hold another 16 %, which
   * the first stages are done with.
   */
  private static final double LEAD = 0.25;

  private final Database target;
  private final long rows;
  private final DoubleSupplier faults;
  private final ScheduledExecutorService clockwork =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());

  /**
   * Starts to hold it back.
   *
   * @param rows how many rows there will be, about
   * @param faults the part of the faults that has happened, from 0 to 1
   */
  TargetPace(Database target, long rows, DoubleSupplier faults) {
    // A target that is cut off must not keep the turns from the one that comes back.
    this.target =
        new Database(
            target.url().replaceAll("Timeout=[0-9]+", "Timeout=4"),
            target.user(),
            target.password());
    this.rows = rows;
    this.faults = faults;
    clockwork.scheduleWithFixedDelay(this::turn, 0, 2, TimeUnit.SECONDS);
  }

  private void turn() {
    try {
      boolean ahead = (double) loaded() / rows > faults.getAsDouble() - LEAD;
      target.execute("UPDATE chaos.pace SET seconds = " + (ahead ? SLOW : 0));
    } catch (SQLException away) {
      // A fault of ours; the next turn finds it back.
    }
  }

  private long loaded() throws SQLException {
    return Long.parseLong(
        target
            .query("SELECT (SELECT count(*) FROM chaos.keyed) + (SELECT count(*) FROM chaos.plain)")
            .getFirst());
  }

  /** Lets everything through from now on. */
  @Override
  public void close() throws InterruptedException {
    clockwork.shutdown();
    clockwork.awaitTermination(1, TimeUnit.MINUTES);
    Patiently.get(
        () -> {
          target.execute("UPDATE chaos.pace SET seconds = 0");
          return true;
        });
  }
}
