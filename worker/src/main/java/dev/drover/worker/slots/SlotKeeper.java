package dev.drover.worker.slots;

import dev.drover.wire.plan.EndpointId;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.session.NoPermitException;
import dev.drover.worker.session.SessionPermit;
import dev.drover.worker.session.SessionPermits;
import dev.drover.worker.session.SessionRequest;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives this process its database sessions, as many as the caps of connections leave it among all
 * workers of all migrations. Thread-safe.
 */
public final class SlotKeeper implements SessionPermits, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SlotKeeper.class);

  /** A fifth of the lease. */
  private static final Duration BEAT = Duration.ofSeconds(3);

  private final SlotBucket bucket;
  private final Caps caps;
  private final Holder holder;
  private final Duration beat;
  private final LongSupplier clock;
  private final Map<String, EndpointSlots> endpoints = new ConcurrentHashMap<>();
  private final Thread beating;

  /** Takes slots for a holder; caps are looked up in its migration's state bucket. */
  public SlotKeeper(Connection nats, StateStore state, Holder holder) throws IOException {
    this(nats, state, holder, BEAT, System::nanoTime);
  }

  /**
   * The same, by a clock of the caller's.
   *
   * @param beat how often what is held is renewed
   * @param clock nanoseconds, by which others go silent; it never jumps
   */
  SlotKeeper(Connection nats, StateStore state, Holder holder, Duration beat, LongSupplier clock)
      throws IOException {
    this.bucket = new SlotBucket(nats);
    this.caps = new Caps(state);
    this.holder = holder;
    this.beat = beat;
    this.clock = clock;
    this.beating = Thread.ofVirtual().name("slots").start(this::beat);
  }

  @Override
  public SessionPermit take(SessionRequest request) throws SQLException {
    EndpointId id =
        EndpointId.of(holder.namespace(), request.connection().jdbcUrl(), request.login());
    try {
      return endpoints
          .computeIfAbsent(id.hash(), h -> new EndpointSlots(bucket, caps, id, holder, clock))
          .take(request);
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      throw NoPermitException.unknown(
          "connection %s: cannot ask NATS whether there may be one more session: %s"
              .formatted(request.connection().name(), e.getMessage()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw NoPermitException.unknown(
          "connection %s: no session is opened, since this worker leaves"
              .formatted(request.connection().name()),
          e);
    }
  }

  private void beat() {
    try {
      while (true) {
        Thread.sleep(beat);
        for (EndpointSlots slots : endpoints.values()) {
          endpoints.values().forEach(EndpointSlots::fence); // also while NATS lets all wait
          try {
            slots.beat();
          } catch (RuntimeException e) {
            LOG.warn("slots of endpoint {} are not renewed", slots.endpoint(), e);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    beating.interrupt();
    endpoints.values().forEach(EndpointSlots::close);
  }
}
