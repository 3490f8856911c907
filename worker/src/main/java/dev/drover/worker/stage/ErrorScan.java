package dev.drover.worker.stage;

import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import dev.drover.worker.jetstream.Patience;
import io.nats.client.Connection;
import io.nats.client.ConsumerContext;
import io.nats.client.FetchConsumeOptions;
import io.nats.client.FetchConsumer;
import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import io.nats.client.api.AckPolicy;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.ConsumerInfo;
import io.nats.client.api.DeliverPolicy;
import io.nats.client.impl.NatsJetStreamMetaData;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes through the error queue in the order of its sequences, some at a time, and waits out
 * whatever happens to NATS meanwhile. Not thread-safe.
 */
public final class ErrorScan implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ErrorScan.class);
  private static final int MESSAGES = 2000;
  private static final int BYTES = 8 << 20;
  private static final long WAIT_MILLIS = 2000;
  private static final Duration FORGET_AFTER = Duration.ofMinutes(5);

  private final Connection nats;
  private final ChainNames names;
  private final Patience patience;
  private final List<String> subjects;
  private final long last;
  private final Witness witness;
  private long after;
  private long expected = 1;
  private boolean ended;
  private @Nullable ConsumerContext consumer;

  /** Is told of each message that a scan comes to, also of one that it cannot read. */
  @FunctionalInterface
  public interface Witness {
    /** Wants to know nothing. */
    Witness NONE = (subject, sequence) -> {};

    /** The scan is at this message. */
    void saw(String subject, long sequence);
  }

  /**
   * A scan of a part of the queue.
   *
   * @param subjects the causes to look at, with wildcards
   * @param first sequence to begin with
   * @param last sequence to end with
   */
  public ErrorScan(
      Connection nats,
      ChainNames names,
      Patience patience,
      List<String> subjects,
      long first,
      long last,
      Witness witness) {
    this.nats = nats;
    this.names = names;
    this.patience = patience;
    this.witness = witness;
    this.subjects = subjects;
    this.after = first - 1;
    this.last = last;
  }

  /** The next failures; none when the end is reached. */
  public List<QueuedFailure> next() throws InterruptedException {
    List<QueuedFailure> found = new ArrayList<>();
    while (found.isEmpty() && !ended && after < last) {
      patience.ask("read the error queue", () -> fetch(found));
    }
    return found;
  }

  private boolean fetch(List<QueuedFailure> found) throws IOException, JetStreamApiException {
    boolean whole = false;
    try {
      ConsumerContext from = consumer();
      FetchConsumeOptions options =
          FetchConsumeOptions.builder().max(BYTES, MESSAGES).noWaitExpiresIn(WAIT_MILLIS).build();
      int got = 0;
      try (FetchConsumer fetch = from.fetch(options)) {
        for (Message m = fetch.nextMessage(); m != null; m = fetch.nextMessage()) {
          NatsJetStreamMetaData meta = m.metaData();
          if (meta.consumerSequence() != expected++) {
            return false; // one was lost on the way
          }
          got++;
          add(found, m, meta.streamSequence());
          ended = meta.pendingCount() == 0 || meta.streamSequence() >= last;
        }
      }
      if (got == 0) {
        ConsumerInfo info = from.getConsumerInfo();
        if (info.getDelivered().getConsumerSequence() != expected - 1) {
          return false; // the last ones were lost on the way
        }
        ended = info.getNumPending() == 0;
      }
      whole = true;
      return true;
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while reading", e);
    } catch (Exception e) {
      throw new IOException("a fetch failed: " + e.getMessage(), e);
    } finally {
      if (!whole) {
        close();
      }
    }
  }

  private void add(List<QueuedFailure> found, Message m, long sequence) {
    after = sequence;
    if (sequence > last) {
      return;
    }
    witness.saw(m.getSubject(), sequence);
    try {
      found.add(QueuedFailure.parse(sequence, m.getHeaders(), m.getData()));
    } catch (IllegalArgumentException e) {
      LOG.warn("message {} of the error queue is passed over: {}", sequence, e.getMessage());
    }
  }

  private ConsumerContext consumer() throws IOException, JetStreamApiException {
    ConsumerContext known = consumer;
    if (known == null) {
      known =
          nats.getStreamContext(names.errorsStream())
              .createOrUpdateConsumer(
                  ConsumerConfiguration.builder()
                      .name("drover-scan-" + io.nats.client.NUID.nextGlobal())
                      .deliverPolicy(DeliverPolicy.ByStartSequence)
                      .startSequence(after + 1)
                      .ackPolicy(AckPolicy.None)
                      .memStorage(true)
                      .numReplicas(1)
                      .inactiveThreshold(FORGET_AFTER)
                      .filterSubjects(subjects)
                      .build());
      consumer = known;
      expected = 1;
    }
    return known;
  }

  /** Kindness only: the server forgets the consumer by itself. */
  @Override
  public void close() {
    ConsumerContext known = consumer;
    consumer = null;
    if (known != null) {
      try {
        nats.jetStreamManagement().deleteConsumer(names.errorsStream(), known.getConsumerName());
      } catch (IOException | JetStreamApiException | IllegalStateException e) {
        LOG.debug("a consumer is left to expire", e);
      }
    }
  }
}
