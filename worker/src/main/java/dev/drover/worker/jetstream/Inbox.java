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
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages for a worker from several durable consumers, fetched ahead up to a bound. The sources
 * are asked in order, each for at most its share, so that a correction in the first never queues
 * behind gigabytes in the last. Every message held gets a heartbeat. Thread-safe.
 */
public final class Inbox implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Inbox.class);

  /** A third of the consumers' ackWait of 20 s. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(6);

  /** How long the last source is waited for before the first is asked again. */
  private static final long WAIT_MILLIS = 1000;

  private final Connection nats;
  private final List<Source> sources;
  private final Stalls stalls;
  private final Semaphore room;
  private final BlockingQueue<Delivery> fetched = new LinkedBlockingQueue<>();
  private final Set<Delivery> held = ConcurrentHashMap.newKeySet();
  private final Map<Source, ConsumerContext> contexts = new ConcurrentHashMap<>();
  private final Thread pump;
  private final Thread heart;
  private volatile boolean stopping;

  /**
   * A durable consumer to fetch from.
   *
   * @param stream its stream
   * @param consumer its name
   * @param share the most messages taken from it at a time
   */
  public record Source(String stream, String consumer, int share) {}

  /**
   * Starts fetching.
   *
   * @param sources in the order in which they are asked; the last one is waited for
   * @param capacity the most messages held at a time
   */
  public Inbox(Connection nats, List<Source> sources, int capacity, Stalls stalls) {
    this.nats = nats;
    this.sources = List.copyOf(sources);
    this.stalls = stalls;
    this.room = new Semaphore(capacity);
    this.pump = Thread.ofVirtual().name("inbox").start(this::pump);
    this.heart = Thread.ofVirtual().name("heartbeat").start(this::beat);
  }

  /** The next message, or null if none came in time. */
  public @Nullable Delivery take(Duration timeout) throws InterruptedException {
    return fetched.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  void release(Delivery delivery) {
    if (held.remove(delivery)) {
      room.release();
    }
  }

  private void pump() {
    Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
    try {
      while (!stopping) {
        try {
          for (int i = 0; i < sources.size() && !stopping; i++) {
            fetch(sources.get(i), i == sources.size() - 1);
          }
          stalls.over("inbox");
          backoff.reset();
        } catch (IOException
            | JetStreamApiException
            | JetStreamStatusCheckedException
            | IllegalStateException e) {
          stalls.begin("inbox", "NatsUnavailable", "cannot fetch messages: " + e.getMessage());
          backoff.pause();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Takes what is there at once; the last source is waited for when it has nothing. */
  private void fetch(Source source, boolean wait)
      throws IOException,
          JetStreamApiException,
          JetStreamStatusCheckedException,
          InterruptedException {
    room.acquire();
    int free = 1;
    while (free < source.share() && room.tryAcquire()) {
      free++;
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
          held.add(delivery);
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
        held.forEach(Delivery::beat);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Fetches no more. Messages that nobody took yet are given back at once. */
  public void stop() {
    stopping = true;
    pump.interrupt();
    for (Delivery d = fetched.poll(); d != null; d = fetched.poll()) {
      d.giveBack(Duration.ZERO);
    }
  }

  /** Gives back everything that is still held. */
  @Override
  public void close() {
    stop();
    heart.interrupt();
    LOG.debug("giving back {} messages", held.size());
    List.copyOf(held).forEach(d -> d.giveBack(Duration.ZERO));
  }
}
