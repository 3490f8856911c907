package dev.drover.worker.jetstream;

import io.nats.client.JetStream;
import io.nats.client.JetStreamApiException;
import io.nats.client.PublishOptions;
import io.nats.client.api.PublishAck;
import io.nats.client.impl.Headers;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes until the stream has the message: a full stream, a missing answer and a lost connection
 * are waited out, with the reason shown as the worker's stall. Nothing is ever discarded, and given
 * up only by a worker that is to leave, which is an InterruptedException. Thread-safe.
 */
public final class Publisher {
  private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);

  /**
   * As many messages as are worth publishing together, and as many as {@link #publishAll} takes.
   */
  public static final int TOGETHER = 256;

  private static final int ANSWER_SECONDS = 5;

  /** JetStream's codes for a full stream: too many bytes, too many messages. */
  private static final int STREAM_STORE_FAILED = 10077;

  private static final int WRONG_LAST_SUBJECT_SEQUENCE = 10071;

  /** Not that the subject has a message: one is on its way to the replicas, and may yet fail. */
  private static final int SUBJECT_IN_PROCESS = 10164;

  /**
   * A message of that id is on its way to the replicas. Servers up to 2.11 answer so, too, when the
   * stream was full for it less than its duplicate window ago.
   */
  private static final int ID_IN_PROCESS = 10158;

  private final JetStream jetStream;
  private final Stalls stalls;

  /** A publisher that shows what it waits for. */
  public Publisher(JetStream jetStream, Stalls stalls) {
    this.jetStream = jetStream;
    this.stalls = stalls;
  }

  /**
   * Publishes a message whose id lets the stream drop a second copy.
   *
   * @return the server's acknowledgement
   */
  public PublishAck publish(String subject, Headers headers, byte[] body, String messageId)
      throws InterruptedException {
    PublishAck ack = send(subject, headers, body, identified(messageId), IfFull.Wait);
    if (ack == null) {
      throw new IllegalStateException("an unconditional publish to " + subject + " was refused");
    }
    return ack;
  }

  /**
   * The same, unless the stream is full.
   *
   * @return whether the stream surely has the message
   */
  public boolean publishIfRoom(String subject, Headers headers, byte[] body, String messageId)
      throws InterruptedException {
    return send(subject, headers, body, identified(messageId), IfFull.Leave) != null;
  }

  private enum IfFull {
    Wait,
    Leave
  }

  /**
   * A message whose id lets the stream drop a second copy.
   *
   * @param id the id
   */
  public record Outgoing(String subject, byte[] body, String id) {}

  /**
   * Publishes small messages together, so that they share packets; what is not acknowledged so is
   * published again by itself, as patiently as any.
   *
   * @param messages at least one, at most {@link #TOGETHER}: all are in memory until the last is
   *     acknowledged
   * @return the lowest of the sequences that they have in the stream; of a message that was there
   *     already, that of the first copy
   */
  public long publishAll(List<Outgoing> messages) throws InterruptedException {
    List<CompletableFuture<PublishAck>> sent = messages.stream().map(this::sendOff).toList();
    awaitTogether(sent);
    long lowest = Long.MAX_VALUE;
    for (int i = 0; i < sent.size(); i++) {
      lowest = Math.min(lowest, acknowledged(messages.get(i), sent.get(i)).getSeqno());
    }
    return lowest;
  }

  /** Waits once for all: a timer for each would cost more than the messages. */
  private static void awaitTogether(List<CompletableFuture<PublishAck>> sent)
      throws InterruptedException {
    try {
      CompletableFuture.allOf(sent.toArray(CompletableFuture<?>[]::new))
          .get(ANSWER_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException | CancellationException e) {
      LOG.debug("not every message of {} was acknowledged", sent.size(), e);
    }
  }

  private CompletableFuture<PublishAck> sendOff(Outgoing message) {
    try {
      return jetStream.publishAsync(
          message.subject(), new Headers(), message.body(), identified(message.id()));
    } catch (IllegalStateException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private PublishAck acknowledged(Outgoing message, CompletableFuture<PublishAck> sent)
      throws InterruptedException {
    if (sent.state() == Future.State.SUCCESS) {
      return sent.resultNow();
    }
    LOG.debug("{} is published again", message.subject());
    return publish(message.subject(), new Headers(), message.body(), message.id());
  }

  private static PublishOptions identified(String messageId) {
    return PublishOptions.builder().messageId(messageId).build();
  }

  /**
   * Publishes a message unless its subject has one already.
   *
   * @return whether this call's message is the subject's, as far as is known: after a lost answer
   *     the own message may be refused, so a caller that gets false reads what is there
   */
  public boolean publishFirst(String subject, Headers headers, byte[] body)
      throws InterruptedException {
    PublishOptions first = PublishOptions.builder().expectedLastSubjectSequence(0).build();
    return send(subject, headers, body, first, IfFull.Wait) != null;
  }

  /**
   * Null means refused because the subject has a message, or left because the stream is full or may
   * be.
   */
  private @Nullable PublishAck send(
      String subject, Headers headers, byte[] body, PublishOptions options, IfFull ifFull)
      throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(20), Duration.ofSeconds(2), stalls.leaving());
    while (true) {
      try {
        PublishAck ack = jetStream.publish(subject, headers, body, options);
        stalls.over(subject);
        return ack;
      } catch (JetStreamApiException e) {
        switch (e.getApiErrorCode()) {
          case WRONG_LAST_SUBJECT_SEQUENCE -> {
            stalls.over(subject);
            return null;
          }
          case SUBJECT_IN_PROCESS ->
              stalls.begin(
                  subject, "NatsUnavailable", "an earlier write of " + subject + " is undecided");
          case STREAM_STORE_FAILED -> {
            if (ifFull == IfFull.Leave) {
              stalls.over(subject);
              return null;
            }
            stalls.begin(subject, "QueueFull", full(subject));
          }
          case ID_IN_PROCESS -> {
            if (ifFull == IfFull.Leave) {
              stalls.over(subject);
              return null;
            }
            stalls.begin(subject, NatsFailure.of("keep " + subject, e));
          }
          default -> stalls.begin(subject, NatsFailure.of("keep " + subject, e));
        }
      } catch (IOException | IllegalStateException e) {
        stalls.begin(
            subject,
            "NatsUnavailable",
            "no answer from NATS for "
                + subject
                + ": "
                + e.getMessage()
                + "; if the server is up, see its log: JetStream stops when a disk is full");
      }
      stalls.pause(subject, backoff);
    }
  }

  private static String full(String subject) {
    return subject.contains(".errors.")
        ? "the error queue is full: replay or waive failed records, or raise spec.queues.maxBytes"
        : "the stream of "
            + subject
            + " is full: what reads it must catch up, or raise spec.queues.maxBytes";
  }
}
