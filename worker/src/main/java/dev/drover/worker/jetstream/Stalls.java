package dev.drover.worker.jetstream;

import dev.drover.wire.state.Stall;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this worker waits for: System failures by their source. The oldest one is shown in the state
 * bucket, where the operator reads it, and taken away when it is over. Thread-safe.
 */
public final class Stalls implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Stalls.class);

  /** A batch that cannot be worked on comes again sooner, perhaps to another worker. */
  public static final Duration STUCK_TOLD = Duration.ofSeconds(30);

  /** Shorter waits are backpressure at work, not worth a person's attention. */
  private static final Duration WORTH_TELLING = Duration.ofSeconds(3);

  private static final Duration REFRESH = Duration.ofSeconds(10);

  private final StateStore state;
  private final String key;
  private final Clock clock;
  private final Map<String, Open> open = new ConcurrentHashMap<>();
  private final Leaving leaving = new Leaving();
  private final Thread teller;
  private @Nullable Stall told;
  private Instant toldAt = Instant.EPOCH;

  /**
   * What is waited for.
   *
   * @param aside whether the worker goes on with other work meanwhile
   */
  private record Open(String reason, String message, Instant since, Instant until, boolean aside) {}

  /** Shows the stalls of a stage's worker under its pod's name. */
  public Stalls(StateStore state, String stage, String pod, Clock clock) {
    this.state = state;
    this.key = StateStore.STALLS + stage + "." + pod;
    this.clock = clock;
    this.teller = Thread.ofVirtual().name("stalls").start(this::tell);
  }

  /** Something keeps this worker from moving on; saying so again changes nothing. */
  public void begin(String source, String reason, String message) {
    begin(source, new Open(reason, message, clock.instant(), Instant.MAX, false));
  }

  /**
   * The same of what is set aside, while this worker goes on with other work. It may go on
   * elsewhere, without a word to this worker.
   *
   * @param told for how long it is told, unless it is begun anew
   */
  public void begin(String source, String reason, String message, Duration told) {
    Instant now = clock.instant();
    begin(source, new Open(reason, message, now, now.plus(told), true));
  }

  private void begin(String source, Open next) {
    Open before = open.putIfAbsent(source, next);
    if (before == null) {
      LOG.warn("waiting, {}: {}", next.reason(), next.message());
    } else if (!before.message().equals(next.message()) || !before.until().equals(next.until())) {
      open.put(
          source,
          new Open(next.reason(), next.message(), before.since(), next.until(), next.aside()));
    }
  }

  /** A request to NATS keeps this worker from moving on. */
  public void begin(String source, NatsFailure failure) {
    begin(source, failure.reason(), failure.message());
  }

  /** It does no longer. */
  public void over(String source) {
    if (!open.isEmpty() && open.remove(source) != null) {
      LOG.info("going on: {}", source);
    }
  }

  /**
   * Waits before the next try of what {@link #begin} told.
   *
   * @throws InterruptedException if this worker is to leave it; then it waits for nothing any more
   */
  public void pause(String source, Backoff backoff) throws InterruptedException {
    try {
      backoff.pause();
    } catch (InterruptedException e) {
      over(source);
      throw e;
    }
  }

  /** Whether this worker is to leave, and so waits no longer than a moment for anything. */
  public Leaving leaving() {
    return leaving;
  }

  /** Whether anything keeps this worker from moving on. */
  public boolean any() {
    return !open.isEmpty();
  }

  private void tell() {
    try {
      while (true) {
        Thread.sleep(1000);
        try {
          tellOnce();
        } catch (IOException | JetStreamApiException | IllegalStateException e) {
          LOG.debug("cannot tell of a stall while NATS is away", e);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tellOnce() throws IOException, JetStreamApiException {
    Instant now = clock.instant();
    open.values().removeIf(o -> o.until().isBefore(now));
    List<Open> worthTelling =
        open.values().stream()
            .filter(o -> Duration.between(o.since(), now).compareTo(WORTH_TELLING) > 0)
            .toList();
    Optional<Open> oldest =
        worthTelling.stream().min(Comparator.comparing(Open::aside).thenComparing(Open::since));
    if (oldest.isEmpty()) {
      if (told != null) {
        state.bucket().delete(key);
        told = null;
      }
      return;
    }
    Open stall = oldest.get();
    int aside = stall.aside() ? worthTelling.size() : 0;
    if (told == null
        || !told.message().equals(stall.message())
        || told.aside() != aside
        || Duration.between(toldAt, now).compareTo(REFRESH) > 0) {
      Stall next =
          new Stall(
              stall.reason(), stall.message(), stall.since().toString(), now.toString(), aside);
      // Also what could not be stored was told: who listens has heard it, and must hear its end.
      told = next;
      state.bucket().put(key, WireJson.bytes(next));
      toldAt = now;
    }
  }

  @Override
  public void close() {
    teller.interrupt();
    try {
      if (told != null) {
        state.bucket().delete(key);
      }
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      LOG.debug("a stall stays behind; it fades by its age", e);
    }
  }
}
