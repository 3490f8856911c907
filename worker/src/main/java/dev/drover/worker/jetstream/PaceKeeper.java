package dev.drover.worker.jetstream;

import dev.drover.wire.state.Pace;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this worker to its share of the stage's records (or requests to a server) a second. What is
 * taken is owed, and a worker that owes waits before it takes more: so a batch larger than a
 * second's share passes whole and the average holds. The share is looked up every second; while
 * NATS is away the last one holds. Thread-safe.
 */
public final class PaceKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PaceKeeper.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofMillis(100);

  private final LongSupplier nanos;
  private final Thread looking;

  /** None before it is known whether there is a limit: nothing is taken until then. */
  private double share;

  private boolean known;
  private double owed;
  private long at;

  /** Keeps the pace of a stage. */
  public PaceKeeper(StateStore state, String stage) {
    this.nanos = System::nanoTime;
    this.at = nanos.getAsLong();
    this.looking = Thread.ofVirtual().name("pace").start(() -> look(state.bucket(), stage));
  }

  /** For who tells the pace himself. */
  PaceKeeper(LongSupplier nanos) {
    this.nanos = nanos;
    this.at = nanos.getAsLong();
    this.looking = Thread.ofVirtual().unstarted(() -> {});
  }

  private void look(KeyValue bucket, String stage) {
    long toldOf = 0;
    try {
      while (true) {
        KeyValueEntry entry = null;
        try {
          entry = bucket.get(Pace.key(stage));
          byte[] value = entry == null ? null : entry.getValue();
          share(
              value == null ? Double.POSITIVE_INFINITY : WireJson.parse(value, Pace.class).share());
        } catch (IOException | JetStreamApiException | IllegalStateException e) {
          LOG.debug("the pace is not known anew while NATS is away", e);
        } catch (IllegalArgumentException e) {
          long revision = entry == null ? 0 : entry.getRevision();
          if (revision != toldOf) { // looked at each second, told once
            toldOf = revision;
            LOG.warn(
                "{} in the state bucket cannot be read, the pace before it holds: {}; the operator"
                    + " writes it anew when it starts or the rate is edited",
                Pace.key(stage),
                e.getMessage());
          }
        }
        Thread.sleep(LOOK);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Records a second from now on; infinite for no limit. */
  synchronized void share(double recordsPerSecond) {
    settle();
    share = recordsPerSecond;
    known = true;
    if (share == Double.POSITIVE_INFINITY) {
      owed = 0;
    }
  }

  /** So many records are taken. */
  public synchronized void took(long records) {
    settle();
    owed = share == Double.POSITIVE_INFINITY ? 0 : owed + records;
  }

  /** Whether there is a rate to keep to, or may be one. */
  public synchronized boolean isLimited() {
    return share != Double.POSITIVE_INFINITY;
  }

  /** Whether no more may be taken now. */
  public synchronized boolean owes() {
    settle();
    return owed > 0 || !known;
  }

  /** Waits until one may be taken, and takes it. A fiftieth of a second's share may be ahead. */
  public void takeOne() throws InterruptedException {
    while (!tookOne()) {
      Thread.sleep(Duration.ofNanos(untilOne()));
    }
  }

  /** Takes one if that may be taken now, and says whether it did. */
  synchronized boolean tookOne() {
    settle();
    boolean may = known && owed <= share / 50;
    if (may) {
      took(1);
    }
    return may;
  }

  /** Nanoseconds after which it is worth trying again. */
  private synchronized long untilOne() {
    long most = PATIENCE.toNanos();
    return known ? Math.clamp((long) ((owed - share / 50) / share * 1e9), 1, most) : most;
  }

  /** Waits until more may be taken, or until asked to stop. */
  public void await(BooleanSupplier stop) throws InterruptedException {
    while (owes() && !stop.getAsBoolean()) {
      Thread.sleep(PATIENCE);
    }
  }

  private void settle() {
    long now = nanos.getAsLong();
    if (share != Double.POSITIVE_INFINITY) {
      owed = Math.max(0, owed - share * (now - at) / 1e9);
    }
    at = now;
  }

  @Override
  public void close() {
    looking.interrupt();
  }
}
