package dev.drover.worker.budget;

import dev.drover.wire.budget.Breach;
import dev.drover.wire.budget.BudgetOrder;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.jetstream.Backoff;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this worker from taking anything while its stage's error budget is exceeded. It counts the
 * stage's decisions itself, so it needs neither the operator nor the other workers to notice; who
 * notices first writes it down, for those who start later. The budget is looked up every second;
 * while NATS is away the last one holds. Nothing is taken before it is known whether there is one,
 * and before all is counted that was decided under it. Thread-safe.
 */
public final class BudgetKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BudgetKeeper.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofMillis(50);

  /** JetStream's code for a compare-and-set that lost. */
  private static final int WRONG_LAST_SEQUENCE = 10071;

  private final Connection nats;
  private final ChainNames names;
  private final KeyValue bucket;
  private final String stage;
  private final Thread looking;
  private @Nullable Thread counting;
  private volatile @Nullable BudgetOrder order;
  private volatile boolean open;
  private boolean paused;
  private volatile boolean closed;

  /** Keeps the budget of a stage. */
  public BudgetKeeper(Connection nats, ChainNames names, StateStore state, String stage) {
    this.nats = nats;
    this.names = names;
    this.bucket = state.bucket();
    this.stage = stage;
    this.looking = Thread.ofVirtual().name("budget").start(this::look);
  }

  /** Whether the stage has a budget, so that what it decides must be told for it. */
  public boolean inForce() {
    return order != null;
  }

  /** Whether nothing may be taken now. */
  public boolean exhausted() {
    return !open;
  }

  /** Waits until something may be taken, or until asked to stop. */
  public void await(BooleanSupplier stop) throws InterruptedException {
    while (exhausted() && !stop.getAsBoolean()) {
      Thread.sleep(PATIENCE);
    }
  }

  private void look() {
    String toldOf = "";
    try {
      while (true) {
        try {
          lookOnce();
        } catch (IOException | JetStreamApiException | IllegalStateException e) {
          LOG.debug("the error budget is not known anew while NATS is away", e);
        } catch (IllegalArgumentException e) {
          String said = String.valueOf(e.getMessage());
          if (!said.equals(toldOf)) { // looked at each second, told once
            toldOf = said;
            LOG.warn(
                "{} in the state bucket cannot be read, the budget before it holds: {}; the operator"
                    + " writes it anew when it starts or errorBudget is edited",
                BudgetOrder.key(stage),
                said);
          }
        }
        Thread.sleep(LOOK);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void lookOnce() throws IOException, JetStreamApiException {
    BudgetOrder told = value(bucket.get(BudgetOrder.key(stage)), BudgetOrder.class);
    if (told == null) {
      begin(null, true);
      return;
    }
    Breach breach = breach(bucket.get(Breach.key(stage)));
    boolean known = told.equals(order);
    if (!known) {
      begin(told, false);
    }
    if (breach != null && breach.isOf(told)) {
      if (pause(told)) {
        LOG.warn("paused: the error budget of the stage is exceeded since {}", breach.at());
      }
    } else if (!known) {
      counting = Thread.ofVirtual().name("decisions").start(() -> count(told));
    }
  }

  private synchronized void begin(@Nullable BudgetOrder told, boolean open) {
    forget();
    order = told;
    this.open = open;
    paused = false;
  }

  private void forget() {
    Thread before = counting;
    if (before != null) {
      before.interrupt();
      counting = null;
    }
  }

  private void count(BudgetOrder told) {
    try {
      Breach breach =
          new DecisionCounter(nats, names, stage, told, InstantSource.system())
              .follow(() -> letThrough(told));
      if (pause(told)) {
        LOG.warn("paused, the error budget of the stage is exceeded: {}", breach.excess().text());
      }
      write(told, breach);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void letThrough(BudgetOrder told) {
    open |= told.equals(order) && !paused;
  }

  /** Whether it is paused only now. */
  private synchronized boolean pause(BudgetOrder told) {
    if (paused || !told.equals(order)) {
      return false;
    }
    paused = true;
    open = false;
    return true;
  }

  /** Whoever starts later need not count; and the operator sees it. */
  private void write(BudgetOrder told, Breach breach) throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(50), Duration.ofSeconds(2));
    while (told.equals(order) && !closed) {
      try {
        KeyValueEntry there = bucket.get(Breach.key(stage));
        Breach written = breach(there);
        if (written != null && written.isOf(told)) {
          return;
        }
        if (there == null) {
          bucket.create(Breach.key(stage), WireJson.bytes(breach));
        } else {
          bucket.update(Breach.key(stage), WireJson.bytes(breach), there.getRevision());
        }
        return;
      } catch (JetStreamApiException e) {
        if (e.getApiErrorCode() != WRONG_LAST_SEQUENCE) {
          LOG.debug("the breach is not written yet", e);
        }
      } catch (IOException | IllegalStateException e) {
        LOG.debug("the breach is written when NATS is back", e);
      }
      backoff.pause();
    }
  }

  /** One that nobody can read is none: who finds the budget exceeded writes it anew. */
  private static @Nullable Breach breach(@Nullable KeyValueEntry entry) {
    try {
      return value(entry, Breach.class);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static <T> @Nullable T value(@Nullable KeyValueEntry entry, Class<T> type) {
    byte[] value = entry == null ? null : entry.getValue();
    return value == null ? null : WireJson.parse(value, type);
  }

  @Override
  public void close() {
    closed = true;
    looking.interrupt();
    forget();
  }
}
