package dev.drover.worker.jetstream;

import dev.drover.wire.batch.BatchHeaders;
import io.nats.client.Message;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A message that this worker holds: kept from redelivery by a heartbeat until it is acknowledged or
 * given back. Thread-safe.
 */
public final class Delivery {
  private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);
  private static final Duration ACK_TIMEOUT = Duration.ofSeconds(5);

  private final Message message;
  private final Inbox inbox;

  Delivery(Message message, Inbox inbox) {
    this.message = message;
    this.inbox = inbox;
  }

  /** The batch's headers. */
  public BatchHeaders headers() {
    return BatchHeaders.parse(message.getHeaders());
  }

  /** Its records; 0 when it cannot be read, of which who works on it will tell. */
  public int records() {
    try {
      return headers().records();
    } catch (RuntimeException e) {
      return 0;
    }
  }

  /** The message's bytes; not to be changed. */
  public byte[] body() {
    return message.getData();
  }

  /** The message's subject. */
  public String subject() {
    return message.getSubject();
  }

  /** How often it was delivered, this time included. */
  public long deliveries() {
    return message.metaData().deliveredCount();
  }

  /** How many messages its consumer has never delivered so far. */
  public long behind() {
    return message.metaData().pendingCount();
  }

  /**
   * Acknowledges the message and waits until the server has recorded it. When the server doesn't
   * answer, the message comes again, and its decision is followed then.
   */
  public void ack() throws InterruptedException {
    try {
      message.ackSync(ACK_TIMEOUT);
    } catch (TimeoutException | IllegalStateException e) {
      LOG.info("no answer to the acknowledgement of {}: it will come again", message.getSubject());
    } finally {
      inbox.release(this);
    }
  }

  /** Gives the message back, to be delivered again after a while. */
  public void giveBack(Duration delay) {
    try {
      message.nakWithDelay(delay);
    } catch (IllegalStateException e) {
      LOG.debug("could not give back {}: it comes again by itself", message.getSubject(), e);
    } finally {
      inbox.release(this);
    }
  }

  /** Lets go of the message without a word: somebody else works on it. */
  public void drop() {
    inbox.release(this);
  }

  void beat() {
    try {
      message.inProgress();
    } catch (IllegalStateException e) {
      LOG.debug("no heartbeat while NATS is away", e);
    }
  }
}
