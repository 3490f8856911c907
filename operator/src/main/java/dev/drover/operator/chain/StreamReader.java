package dev.drover.operator.chain;

import io.nats.client.Connection;
import io.nats.client.ConsumerContext;
import io.nats.client.FetchConsumeOptions;
import io.nats.client.FetchConsumer;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamStatusCheckedException;
import io.nats.client.Message;
import io.nats.client.api.AckPolicy;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.DeliverPolicy;
import io.nats.client.api.MessageGetRequest;
import io.nats.client.api.MessageInfo;
import io.nats.client.impl.NatsJetStreamMetaData;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Reads what a stream has after a sequence, in order and without gaps, up to what was there when
 * asked. It makes a consumer for each reading and removes it after: nothing in the server or here
 * has to survive a lost connection, since the caller knows the last sequence it saw.
 */
final class StreamReader {
  private static final int BATCH = 2000;
  private static final long WAIT_MILLIS = 2000;
  private static final Duration FORGET_AFTER = Duration.ofSeconds(30);

  private StreamReader() {}

  /**
   * What to read.
   *
   * @param stream the stream
   * @param filters its subjects to read
   * @param headersOnly whether bodies stay in the server
   */
  record Source(String stream, List<String> filters, boolean headersOnly) {}

  /**
   * Hands every message after a sequence to a sink.
   *
   * @param deadline value of {@link System#nanoTime} after which it stops early
   * @return whether the end was reached; if not, go on after the last sequence that the sink saw.
   *     Any replica of the stream may be read from, and the end is that replica's: see {@link
   *     #hasBetween}
   */
  static boolean read(
      Connection nats, Source source, long after, long deadline, Consumer<Message> sink)
      throws IOException,
          JetStreamApiException,
          JetStreamStatusCheckedException,
          InterruptedException {
    ConsumerContext consumer =
        nats.getStreamContext(source.stream()).createOrUpdateConsumer(configuration(source, after));
    try {
      if (consumer.getCachedConsumerInfo().getNumPending() == 0) {
        return true;
      }
      return drain(consumer, deadline, sink);
    } finally {
      remove(nats, source.stream(), consumer.getConsumerName());
    }
  }

  /** Whether the stream's leader has a message after one sequence and up to another. */
  static boolean hasBetween(Connection nats, Source source, long after, long upTo)
      throws IOException, JetStreamApiException {
    for (String filter : source.filters()) {
      try {
        MessageInfo next =
            nats.jetStreamManagement()
                .getMessage(source.stream(), MessageGetRequest.nextForSubject(after + 1, filter));
        if (next.getSeq() <= upTo) {
          return true;
        }
      } catch (JetStreamApiException e) {
        if (e.getApiErrorCode() != Refusals.NO_MESSAGE) {
          throw e;
        }
      }
    }
    return false;
  }

  private static boolean drain(ConsumerContext consumer, long deadline, Consumer<Message> sink)
      throws IOException,
          JetStreamApiException,
          JetStreamStatusCheckedException,
          InterruptedException {
    FetchConsumeOptions options =
        FetchConsumeOptions.builder().maxMessages(BATCH).noWaitExpiresIn(WAIT_MILLIS).build();
    long next = 1;
    while (System.nanoTime() < deadline) {
      long before = next;
      try (FetchConsumer fetch = consumer.fetch(options)) {
        for (Message m = fetch.nextMessage(); m != null; m = fetch.nextMessage()) {
          NatsJetStreamMetaData meta = m.metaData();
          if (meta.consumerSequence() != next++) {
            return false; // one was lost on the way
          }
          sink.accept(m);
          if (meta.pendingCount() == 0) {
            return true;
          }
        }
      } catch (IOException | JetStreamApiException | JetStreamStatusCheckedException e) {
        throw e;
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) { // the declared type of close(), which throws none of its own
        throw new IOException("could not end a fetch", e);
      }
      if (next == before && consumer.getConsumerInfo().getNumPending() == 0) {
        return true;
      }
    }
    return false;
  }

  private static ConsumerConfiguration configuration(Source source, long after) {
    return ConsumerConfiguration.builder()
        .name("drover-operator-" + io.nats.client.NUID.nextGlobal())
        .deliverPolicy(DeliverPolicy.ByStartSequence)
        .startSequence(after + 1)
        .ackPolicy(AckPolicy.None)
        .headersOnly(source.headersOnly())
        .memStorage(true)
        .numReplicas(1)
        .inactiveThreshold(FORGET_AFTER)
        .filterSubjects(source.filters())
        .build();
  }

  /** Kindness only: the server forgets the consumer by itself. */
  private static void remove(Connection nats, String stream, String consumer) {
    try {
      nats.jetStreamManagement().deleteConsumer(stream, consumer);
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      System.getLogger(StreamReader.class.getName())
          .log(System.Logger.Level.DEBUG, "a consumer is left to expire: {0}", e.getMessage());
    }
  }
}
