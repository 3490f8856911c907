package dev.drover.worker.jetstream;

import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.PullRequestOptions;
import io.nats.client.PullSubscribeOptions;
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
 *
 * <p>A source has one subscription for as long as the inbox lives. One for each request, as the
 * client's own fetch makes it, is gone when its time is over: what the server sent a moment before
 * is then held by nobody, and comes again only after the consumer's ackWait.
 */
public final class Inbox implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Inbox.class);

  /** A third of the consumers' ackWait of 20 s. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(6);

  /** How long the last source is waited for before the first is asked again. */
  private static final long WAIT_MILLIS = 1000;

  /** The same while messages of the sources before it are worked on: more may come behind them. */
  private static final long SHORT_WAIT_MILLIS = 10;

  /** How much longer the server's word is waited for, that a request has come to its end. */
  private static final long GRACE_MILLIS = 1000;

  /** After a request that ended at once with nothing, as when no consumer answers. */
  private static final long EMPTY_MILLIS = 100;

  private static final Duration LAST_FETCH = Duration.ofMillis(2 * (WAIT_MILLIS + GRACE_MILLIS));

  private static final Duration FLUSH = Duration.ofSeconds(2);

  private final Connection nats;
  private final List<Source> sources;
  private final Appetite appetite;
  private final Stalls stalls;
  private final Semaphore takes = new Semaphore(0);
  private final BlockingQueue<Delivery> fetched = new LinkedBlockingQueue<>();
  private final Map<Delivery, Semaphore> held = new ConcurrentHashMap<>();
  private final Map<Source, Semaphore> rooms = new ConcurrentHashMap<>();
  private final Map<Source, JetStreamSubscription> subscriptions = new ConcurrentHashMap<>();
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

  /** How much a worker wants of what there is. Asked again and again, by one thread. */
  @FunctionalInterface
  public interface Appetite {
    /** As much as the shares of the sources let it have. */
    Appetite ANY = untaken -> Integer.MAX_VALUE;

    /**
     * The most messages to fetch now.
     *
     * @param untaken those that were fetched and not taken
     */
    int most(int untaken);
  }

  /**
   * Starts fetching.
   *
   * @param sources in the order in which they are asked; the last one is waited for
   */
  public Inbox(Connection nats, List<Source> sources, Appetite appetite, Stalls stalls) {
    this.nats = nats;
    this.sources = List.copyOf(sources);
    this.appetite = appetite;
    this.stalls = stalls;
    sources.forEach(source -> rooms.put(source, new Semaphore(source.share())));
    this.pump = Thread.ofVirtual().name("inbox").start(this::pump);
    this.heart = Thread.ofVirtual().name("heartbeat").start(this::beat);
  }

  /** The next message, or null if none came in time, or none is to be begun any more. */
  public @Nullable Delivery take(Duration timeout) throws InterruptedException {
    Delivery delivery = fetched.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
    if (delivery != null) {
      takes.release();
    }
    if (delivery != null && stopping) {
      delivery.giveBack(Duration.ZERO);
      return null;
    }
    return delivery;
  }

  void release(Delivery delivery) {
    Semaphore room = held.remove(delivery);
    if (room != null) {
      room.release();
    }
  }

  private void pump() {
    Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5), stalls.leaving());
    try {
      while (!stopping) {
        try {
          pumpOnce();
          stalls.over("inbox");
          backoff.reset();
        } catch (IOException | JetStreamApiException | IllegalStateException e) {
          stalls.begin("inbox", NatsFailure.of("fetch messages", e));
          backoff.pause();
        }
      }
      for (JetStreamSubscription subscription : subscriptions.values()) {
        takeLate(subscription);
        subscription.unsubscribe();
      }
    } catch (IllegalStateException e) {
      LOG.debug("what was on its way comes again by itself: NATS is away", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** While messages of the first sources are in hand, more may come behind them: no long wait. */
  private void pumpOnce() throws IOException, JetStreamApiException, InterruptedException {
    takes.drainPermits();
    int came = 0;
    boolean busy = false;
    for (Source source : sources.subList(0, sources.size() - 1)) {
      came += fetch(source, false);
      busy |= room(source).availablePermits() < source.share();
    }
    if (!stopping) {
      came += fetch(sources.getLast(), !busy);
    }
    if (came == 0 && (busy || most() == 0)) {
      takes.tryAcquire(SHORT_WAIT_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private int most() {
    return appetite.most(fetched.size());
  }

  /**
   * Takes what is there at once.
   *
   * @param wait whether to wait if there is nothing
   * @return how many it took
   */
  private int fetch(Source source, boolean wait)
      throws IOException, JetStreamApiException, InterruptedException {
    if (nats.getStatus() != Connection.Status.CONNECTED) {
      // A request would wait in the client's buffer, and nobody would be told.
      throw new IOException("the connection is " + nats.getStatus());
    }
    JetStreamSubscription subscription = subscription(source);
    int late = takeLate(subscription);
    int most = most();
    if (most <= 0) {
      return late;
    }
    Semaphore room = room(source);
    int free = room.drainPermits();
    if (free == 0 && wait && room.tryAcquire(WAIT_MILLIS, TimeUnit.MILLISECONDS)) {
      free = 1 + room.drainPermits();
    }
    if (free > most) {
      room.release(free - most);
      free = most;
    }
    if (free == 0) {
      return late;
    }
    int taken = 0;
    try {
      long waitMillis = wait ? WAIT_MILLIS : 0;
      PullRequestOptions.Builder request = PullRequestOptions.noWait(free);
      subscription.pull(wait ? request.expiresIn(waitMillis).build() : request.build());
      long began = System.nanoTime();
      long patience = TimeUnit.MILLISECONDS.toNanos(waitMillis + GRACE_MILLIS);
      while (taken < free) {
        Message message = next(subscription, began + patience - System.nanoTime());
        if (message == null) {
          break;
        }
        hold(message, room);
        taken++;
      }
      if (wait && taken == 0) {
        long left = began + TimeUnit.MILLISECONDS.toNanos(EMPTY_MILLIS) - System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(left);
      }
    } finally {
      room.release(free - taken);
    }
    return late + taken;
  }

  /** What a request brought after its time; it is over the source's share. */
  private int takeLate(JetStreamSubscription subscription) throws InterruptedException {
    int taken = 0;
    for (Message m = subscription.nextMessage(null);
        m != null;
        m = subscription.nextMessage(null)) {
      hold(m, new Semaphore(0));
      taken++;
    }
    return taken;
  }

  /** The next message, or null if the request has come to its end or the time is over. */
  private static @Nullable Message next(JetStreamSubscription subscription, long nanos)
      throws InterruptedException {
    long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
    // The client takes a time of zero for no bound at all.
    return millis <= 0 ? subscription.nextMessage(null) : subscription.nextMessage(millis);
  }

  private void hold(Message message, Semaphore room) {
    Delivery delivery = new Delivery(message, this);
    held.put(delivery, room);
    fetched.add(delivery);
    if (stopping) {
      giveBackFetched();
    }
  }

  private Semaphore room(Source source) {
    return Objects.requireNonNull(rooms.get(source));
  }

  private JetStreamSubscription subscription(Source source)
      throws IOException, JetStreamApiException {
    JetStreamSubscription known = subscriptions.get(source);
    if (known == null) {
      known =
          nats.jetStream()
              .subscribe(null, PullSubscribeOptions.bind(source.stream(), source.consumer()));
      subscriptions.put(source, known);
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
   * What that brings is given back as it comes; what was taken stays held.
   */
  public void stop() {
    stopping = true;
    giveBackFetched();
  }

  private void giveBackFetched() {
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
