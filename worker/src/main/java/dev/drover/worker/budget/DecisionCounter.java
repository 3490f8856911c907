package dev.drover.worker.budget;

import dev.drover.wire.budget.Breach;
import dev.drover.wire.budget.BudgetCount;
import dev.drover.wire.budget.BudgetOrder;
import dev.drover.wire.budget.BudgetTerms.Excess;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.jetstream.Backoff;
import io.nats.client.Connection;
import io.nats.client.IterableConsumer;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamStatusCheckedException;
import io.nats.client.Message;
import io.nats.client.StreamContext;
import io.nats.client.api.DeliverPolicy;
import io.nats.client.api.MessageInfo;
import io.nats.client.api.OrderedConsumerConfiguration;
import io.nats.client.impl.NatsJetStreamMetaData;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts a stage's decisions for one budget, as they are written, until that is exceeded. Every
 * worker of the stage counts the same decisions in the same order. Used by one thread.
 */
final class DecisionCounter {
  private static final Logger LOG = LoggerFactory.getLogger(DecisionCounter.class);
  private static final int NO_MESSAGE = 10037;
  private static final Duration LOOK = Duration.ofMillis(200);

  /** By how much this machine's clock may be ahead of the server's that dates the decisions. */
  private static final Duration SKEW = Duration.ofMinutes(2);

  private final Connection nats;
  private final ChainNames names;
  private final String stage;
  private final BudgetOrder order;
  private final InstantSource clock;
  private final BudgetCount count;
  private long seen;

  /** From when on decisions are read, where that is by their time. */
  private Instant from = Instant.MIN;

  /**
   * @param clock tells where a window begins
   */
  DecisionCounter(
      Connection nats, ChainNames names, String stage, BudgetOrder order, InstantSource clock) {
    this.clock = clock;
    this.nats = nats;
    this.names = names;
    this.stage = stage;
    this.order = order;
    this.count = new BudgetCount(order.terms());
    this.seen = order.after();
  }

  /**
   * Counts until the budget is exceeded, whatever becomes of the connection meanwhile.
   *
   * @param caughtUp called when all is counted that was decided so far, perhaps often
   */
  Breach follow(Runnable caughtUp) throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
    while (true) {
      try {
        Breach breach = count(caughtUp);
        if (breach != null) {
          return breach;
        }
      } catch (IOException
          | JetStreamApiException
          | JetStreamStatusCheckedException
          | IllegalStateException e) {
        LOG.debug("decisions are counted when NATS is back", e);
      }
      backoff.pause();
    }
  }

  private @Nullable Breach count(Runnable caughtUp)
      throws IOException,
          JetStreamApiException,
          JetStreamStatusCheckedException,
          InterruptedException {
    StreamContext stream = nats.getStreamContext(names.decisionsStream());
    boolean whole = false;
    try (IterableConsumer decisions = stream.createOrderedConsumer(place()).iterate()) {
      while (true) {
        long asked = System.nanoTime();
        Message message = decisions.nextMessage(LOOK);
        if (message == null) {
          if (System.nanoTime() - asked < LOOK.toNanos()) {
            // The client hides that its subscription is gone behind null at once, interrupted or
            // not: asking on would spin.
            throw new IllegalStateException("the reading of decisions has ended");
          }
          if (!whole && nothingAfter(stream)) {
            whole = true;
            caughtUp.run();
          }
          continue;
        }
        NatsJetStreamMetaData meta = message.metaData();
        if (meta.streamSequence() <= seen) {
          continue;
        }
        Optional<Excess> excess = add(message, meta);
        seen = meta.streamSequence();
        if (excess.isPresent()) {
          return breach(stream, excess.get(), meta.timestamp().toInstant());
        }
        if (meta.pendingCount() == 0) {
          whole = true;
          caughtUp.run();
        }
      }
    } catch (IOException
        | JetStreamApiException
        | JetStreamStatusCheckedException
        | InterruptedException
        | RuntimeException e) {
      throw e;
    } catch (Exception e) { // the declared type of close(), which throws none of its own
      throw new IOException("could not end the reading of decisions", e);
    }
  }

  /** With a window, from its beginning; what is counted before it has left it by then. */
  private OrderedConsumerConfiguration place() {
    OrderedConsumerConfiguration place =
        new OrderedConsumerConfiguration()
            .filterSubjects(names.allOf("decisions", stage))
            .headersOnly(true);
    Integer window = order.terms().windowSeconds();
    if (window == null || seen > order.after()) {
      return place.deliverPolicy(DeliverPolicy.ByStartSequence).startSequence(seen + 1);
    }
    from = clock.instant().minusSeconds(window).minus(SKEW);
    return place.deliverPolicy(DeliverPolicy.ByStartTime).startTime(from.atZone(ZoneOffset.UTC));
  }

  /** Whether the stream's leader has no decision that is to be counted and is not. */
  private boolean nothingAfter(StreamContext stream) throws IOException, JetStreamApiException {
    try {
      MessageInfo last = stream.getLastMessage(names.allOf("decisions", stage));
      return last.getSeq() <= seen
          || Objects.requireNonNull(last.getTime()).toInstant().isBefore(from);
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() == NO_MESSAGE) {
        return true;
      }
      throw e;
    }
  }

  private Optional<Excess> add(Message message, NatsJetStreamMetaData meta) {
    try {
      Decision.Summary decision = Decision.Summary.parse(message.getHeaders());
      return count.add(
          meta.streamSequence(),
          meta.timestamp().toInstant(),
          decision.origin(),
          decision.counts(),
          Decision.failures(message.getHeaders()));
    } catch (IllegalArgumentException e) {
      LOG.warn(
          "{} is no decision and does not count for the error budget: {}",
          message.getSubject(),
          e.getMessage());
      return Optional.empty();
    }
  }

  private Breach breach(StreamContext stream, Excess excess, Instant at) {
    return new Breach(
        order.edition(), order.after(), at.toString(), excess, cause(stream, excess.fingerprint()));
  }

  /**
   * What a fingerprint stands for, by a decision that names it; null if that cannot be read now.
   */
  private @Nullable Cause cause(StreamContext stream, String fingerprint) {
    try {
      byte[] body = stream.getMessage(count.lastDecision(fingerprint)).getData();
      return WireJson.parse(Objects.requireNonNull(body), Decision.class).groups().stream()
          .map(Decision.Group::cause)
          .filter(c -> c != null && c.fingerprint(stage).equals(fingerprint))
          .findFirst()
          .orElse(null);
    } catch (IOException
        | JetStreamApiException
        | IllegalArgumentException
        | IllegalStateException
        | NullPointerException e) {
      LOG.debug("the cause {} is not named", fingerprint, e);
      return null;
    }
  }
}
