package dev.drover.operator.chain;

import dev.drover.wire.nats.NatsEndpoint;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamStatusCheckedException;
import io.nats.client.PublishOptions;
import io.nats.client.api.MessageGetRequest;
import io.nats.client.api.MessageInfo;
import io.nats.client.impl.Headers;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The operator's one connection to NATS, made when it is first needed, so that the operator starts
 * while NATS is away. Once made it reconnects for ever; where the server closed it for good
 * (refused credentials), the next call makes a new one. Thread-safe.
 */
public final class NatsLink implements AutoCloseable {
  /** The least that a message must be allowed to have: a batch and its headers. */
  private static final long LEAST_PAYLOAD = 2 * 64 * 1024;

  private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();

  /** So many calls in a row without an answer, of whomever, say that nobody is answered. */
  private static final int SILENCE = 20;

  private final Supplier<NatsEndpoint> endpoint;
  private final ReentrantLock connecting = new ReentrantLock();
  private volatile @Nullable Connection connection;
  private @Nullable ChainUnavailableException lastFailure;
  private long lastAttempt;
  private final AtomicInteger unanswered = new AtomicInteger();
  private volatile long lastUnanswered;

  /** To the NATS that the supplier names when it is first needed. */
  public NatsLink(Supplier<NatsEndpoint> endpoint) {
    this.endpoint = endpoint;
  }

  /** Something done with NATS. */
  @FunctionalInterface
  public interface Call<T> {
    /** Does it. */
    T with(Connection nats)
        throws IOException,
            JetStreamApiException,
            JetStreamStatusCheckedException,
            InterruptedException;
  }

  /** Something done with NATS that has no result. */
  @FunctionalInterface
  public interface Action {
    /** Does it. */
    void with(Connection nats)
        throws IOException,
            JetStreamApiException,
            JetStreamStatusCheckedException,
            InterruptedException;
  }

  /** As {@link #call}, for what has no result. */
  public void run(String what, Action action) {
    call(
        what,
        nats -> {
          action.with(nats);
          return true;
        });
  }

  /**
   * Does something with NATS, with every failure told as one exception. Where a server that is
   * connected answers nobody any more, most callers are told at once: else all visits would wait
   * for it in turn, and no Migration could be stopped meanwhile.
   *
   * @param what what is done, for the message: {@code read the plan}
   * @throws ChainUnavailableException if NATS is away or refuses
   */
  public <T> T call(String what, Call<T> call) {
    Connection nats = connection();
    if (unanswered.get() >= SILENCE && System.nanoTime() - lastUnanswered < RETRY_NANOS) {
      throw away(what, new IOException("it answered none of the last calls"));
    }
    try {
      T answer = call.with(nats);
      unanswered.set(0);
      return answer;
    } catch (JetStreamApiException e) {
      unanswered.set(0);
      throw Refusals.of(what, e);
    } catch (IOException | JetStreamStatusCheckedException e) {
      if (e.getCause() instanceof JetStreamApiException refusal) { // so told for a bucket
        throw Refusals.of(what, refusal);
      }
      lastUnanswered = System.nanoTime();
      unanswered.incrementAndGet();
      throw away(what, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw away(what, e);
    } catch (IllegalStateException e) { // jnats' answer to a publish while it reconnects
      if (nats.getStatus() == Connection.Status.CONNECTED) {
        throw e;
      }
      throw away(what, e);
    }
  }

  /**
   * Publishes to a subject that must have no message.
   *
   * @return false if it has one already; nothing was published then
   * @throws ChainUnavailableException if NATS is away or refuses
   */
  public boolean publishFirst(String what, String subject, @Nullable Headers headers, byte[] body) {
    PublishOptions first = PublishOptions.builder().expectedLastSubjectSequence(0).build();
    return call(
        what,
        nats -> {
          try {
            nats.jetStream().publish(subject, headers, body, first);
            return true;
          } catch (JetStreamApiException e) {
            if (Refusals.alreadyThere(e)) {
              return false;
            }
            throw e;
          }
        });
  }

  /**
   * Reads one message.
   *
   * @return empty if the stream has no such message
   * @throws ChainUnavailableException if NATS is away or refuses
   */
  public Optional<MessageInfo> message(String what, String stream, MessageGetRequest request) {
    return call(
        what,
        nats -> {
          try {
            return Optional.of(nats.jetStreamManagement().getMessage(stream, request));
          } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() == Refusals.NO_MESSAGE) {
              return Optional.empty();
            }
            throw e;
          }
        });
  }

  /**
   * What a stream holds.
   *
   * @param filter the subjects to count, with wildcards; null for none
   * @return empty if there is no such stream
   * @throws ChainUnavailableException if NATS is away or refuses
   */
  public Optional<StreamFigures> stream(String what, String stream, @Nullable String filter) {
    return call(
        what,
        nats -> {
          try {
            return Optional.of(StreamFigures.read(nats, stream, filter));
          } catch (JetStreamApiException e) {
            if (Refusals.missing(e)) {
              return Optional.empty();
            }
            throw e;
          }
        });
  }

  /**
   * How many messages of each subject a stream has; none if there is no such stream.
   *
   * @param filter the subjects to count, with wildcards
   * @throws ChainUnavailableException if NATS is away or refuses
   */
  public Map<String, Long> totals(String what, String stream, String filter) {
    return stream(what, stream, filter).map(StreamFigures::subjects).orElse(Map.of());
  }

  /**
   * The largest message that the server takes.
   *
   * @throws ChainUnavailableException also if that is too little for batches
   */
  public long maxPayload() {
    long max = connection().getServerInfo().getMaxPayload();
    if (max < LEAST_PAYLOAD) {
      throw new ChainUnavailableException(
          "NatsMaxPayloadTooSmall",
          "the NATS server takes messages of at most %d bytes; set max_payload in its configuration to 1MB, the least is %d"
              .formatted(max, LEAST_PAYLOAD),
          null);
    }
    return max;
  }

  /** The version of the server that was connected to last; empty before. Asks nobody. */
  public String serverVersion() {
    Connection nats = connection;
    String version = nats == null ? null : nats.getServerInfo().getVersion();
    return version == null ? "" : version;
  }

  /** Whether NATS is connected now; asks nobody. */
  public boolean connected() {
    Connection nats = connection;
    return nats != null && nats.getStatus() == Connection.Status.CONNECTED;
  }

  private Connection connection() {
    Connection nats = connection;
    if (nats != null && nats.getStatus() == Connection.Status.CONNECTED) {
      return nats;
    }
    if (nats != null && nats.getStatus() != Connection.Status.CLOSED) {
      throw away("reach the server", new IOException("the connection is being made again"));
    }
    if (!connecting.tryLock()) {
      throw away("reach the server", new IOException("the connection is being made"));
    }
    try {
      return connect();
    } finally {
      connecting.unlock();
    }
  }

  /** Attempts are spaced, so that many migrations do not wait for one dead server in turn. */
  private Connection connect() {
    if (connected() && connection != null) {
      return connection;
    }
    if (lastFailure != null && System.nanoTime() - lastAttempt < RETRY_NANOS) {
      throw lastFailure;
    }
    try {
      Connection made = endpoint.get().connect("drover-operator");
      connection = made;
      lastFailure = null;
      return made;
    } catch (IOException e) {
      lastFailure = away("connect", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      lastFailure = away("connect", e);
    }
    lastAttempt = System.nanoTime();
    throw lastFailure;
  }

  private ChainUnavailableException away(String what, Exception cause) {
    return new ChainUnavailableException(
        "NatsUnavailable",
        NatsEndpoint.withoutCredentials(
            "could not %s: NATS at %s does not answer (%s)"
                .formatted(what, endpoint.get().url(), cause.getMessage())),
        cause);
  }

  @Override
  public void close() throws InterruptedException {
    Connection nats = connection;
    if (nats != null) {
      nats.close();
    }
  }
}
