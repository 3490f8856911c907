package dev.drover.worker.jetstream;

import io.nats.client.Connection;
import io.nats.client.ConsumerContext;
import io.nats.client.FetchConsumeOptions;
import io.nats.client.FetchConsumer;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamStatusCheckedException;
import io.nats.client.Message;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages for a worker from several durable consumers, fetched ahead up to a bound. The sources
 * are asked in order and each has room of its own, so that a correction in the first never queues
 * behind gigabytes in the last. Every message held gets a heartbeat. Thread-safe.
 */
public final class Inbox implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Inbox.class);

  /** A third of the consumers' ackWait of 20 s. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(6);

  /** How long the last source is waited for before the first is asked again. */
  private static final long WAIT_MILLIS = 1000;

  /** The same while messages of the sources before it are worked on: more may come behind them. */
  private static final long SHORT_WAIT_MILLIS = 10;

  private static final Duration LAST_FETCH = Duration.ofMillis(2 * WAIT_MILLIS);

  private static final Duration FLUSH = Duration.ofSeconds(2);

  private final Connection nats;
  private final List<Source> sources;
  private final Stalls stalls;
  private final BlockingQueue<Delivery> fetched = new LinkedBlockingQueue<>();
  private final Map<Delivery, Semaphore> held = new ConcurrentHashMap<>();
  private final Map<Source, Semaphore> rooms = new ConcurrentHashMap<>();
  private final Map<Source, ConsumerContext> contexts = new ConcurrentHashMap<>();
  private final Thread pump;
  private final Thread heart;
  private volatile boolean stopping;

  /**
   * A durable consumer to fetch from.
   *
   * @param stream its stream
   * @param consumer its name
   * @param share the most of its messages held at a time
   */
  public record Source(String stream, String consumer, int share) {}

  /**
   * Starts fetching.
   *
   * @param sources in the order in which they are asked; the last one is waited for
   */
  public Inbox(Connection nats, List<Source> sources, Stalls stalls) {
    this.nats = nats;
    this.sources = List.copyOf(sources);
    this.stalls = stalls;
    sources.forEach(source -> rooms.put(source, new Semaphore(source.share())));
    this.pump = Thread.ofVirtual().name("inbox").start(this::pump);
    this.heart = Thread.ofVirtual().name("heartbeat").start(this::beat);
  }

  /** The next message, or null if none came in time. */
  public @Nullable Delivery take(Duration timeout) throws InterruptedException {
    return fetched.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  void release(Delivery delivery) {
    Semaphore room = held.remove(delivery);
    if (room != null) {
      room.release();
    }
  }

  private void pump() {
    Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
    try {
      while (!stopping) {
        try {
          pumpOnce();
          stalls.over("inbox");
          backoff.reset();
        } catch (IOException
            | JetStreamApiException
            | JetStreamStatusCheckedException
            | IllegalStateException e) {
          stalls.begin("inbox", NatsFailure.of("fetch messages", e));
          backoff.pause();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** While messages of the first sources are in hand, more may come behind them: no long wait. */
  private void pumpOnce()
      throws IOException,
          JetStreamApiException,
          JetStreamStatusCheckedException,
          InterruptedException {
    int taken = 0;
    boolean busy = false;
    for (Source source : sources.subList(0, sources.size() - 1)) {
      taken += fetch(source, false);
      busy |= room(source).availablePermits() < source.share();
    }
    if (!stopping) {
      taken += fetch(sources.getLast(), !busy);
    }
    if (busy && taken == 0) {
      Thread.sleep(SHORT_WAIT_MILLIS);
    }
  }

  /**
   * Takes what is there at once.
   *
   * @param wait whether to wait if there is nothing
   * @return how many it took
   */
  private int fetch(Source source, boolean wait)
      throws IOException,
          JetStreamApiException,
          JetStreamStatusCheckedException,
          InterruptedException {
    Semaphore room = room(source);
    int free = room.drainPermits();
    if (free == 0 && wait && room.tryAcquire(WAIT_MILLIS, TimeUnit.MILLISECONDS)) {
      free = 1 + room.drainPermits();
    }
    if (free == 0) {
      return 0;
    }
    int taken = 0;
    try {
      ConsumerContext consumer = context(source);
      FetchConsumeOptions.Builder options = FetchConsumeOptions.builder().maxMessages(free);
      FetchConsumeOptions fetch =
          wait ? options.noWaitExpiresIn(WAIT_MILLIS).build() : options.noWait().build();
      try (FetchConsumer messages = consumer.fetch(fetch)) {
        for (Message m = messages.nextMessage(); m != null; m = messages.nextMessage()) {
          Delivery delivery = new Delivery(m, this);
          held.put(delivery, room);
          taken++;
          fetched.add(delivery);
        }
      } catch (IOException | JetStreamApiException | JetStreamStatusCheckedException e) {
        throw e;
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        throw new IOException("closing a fetch failed", e);
      }
    } finally {
      room.release(free - taken);
    }
    return taken;
  }

  private Semaphore room(Source source) {
    return Objects.requireNonNull(rooms.get(source));
  }

  /** Asking for a context is a request of its own, so one is kept per source. */
  private ConsumerContext context(Source source) throws IOException, JetStreamApiException {
    ConsumerContext known = contexts.get(source);
    if (known == null) {
      known = nats.getConsumerContext(source.stream(), source.consumer());
      contexts.put(source, known);
    }
    return known;
  }

  private void beat() {
    try {
      while (true) {
        Thread.sleep(HEARTBEAT);
        held.keySet().forEach(Delivery::beat);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Begins no other fetch, and gives back what nobody took yet. A fetch under way is left to come
   * to its end, which is soon: what the server sends to one that is broken off is held by nobody.
   */
  public void stop() {
    stopping = true;
    for (Delivery d = fetched.poll(); d != null; d = fetched.poll()) {
      d.giveBack(Duration.ZERO);
    }
  }

  /** Gives back everything that is still held, and returns when the server was told. */
  @Override
  public void close() {
    stop();
    boolean interrupted = Thread.interrupted();
    try {
      if (!pump.join(LAST_FETCH)) {
        pump.interrupt();
      }
      heart.interrupt();
      LOG.debug("giving back {} messages", held.size());
      List.copyOf(held.keySet()).forEach(d -> d.giveBack(Duration.ZERO));
      nats.flush(FLUSH);
    } catch (TimeoutException | IllegalStateException e) {
      LOG.debug("could not give everything back: it comes again by itself", e);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
