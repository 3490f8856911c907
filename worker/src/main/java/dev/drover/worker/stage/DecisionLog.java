package dev.drover.worker.stage;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.api.MessageInfo;
import java.io.IOException;
import java.util.Optional;

/** The decisions of a chain: one per stage and batch, written once. Thread-safe. */
public final class DecisionLog {
  /** JetStream's code for a subject without a message. */
  private static final int NO_MESSAGE = 10037;

  private final JetStreamManagement management;
  private final ChainNames names;
  private final Publisher publisher;
  private final Patience patience;

  /** The log of a chain. */
  public DecisionLog(Connection nats, ChainNames names, Publisher publisher, Stalls stalls)
      throws IOException {
    this.management = nats.jetStreamManagement();
    this.names = names;
    this.publisher = publisher;
    this.patience = new Patience(stalls);
  }

  /**
   * Decides, unless somebody did before.
   *
   * @return the decision that holds: the one given, or the one that was there
   */
  public Decision decide(String stage, Decision decision) throws InterruptedException {
    String subject = names.decisionSubject(stage, decision.batch());
    if (publisher.publishFirst(subject, decision.toHeaders(stage), WireJson.bytes(decision))) {
      return decision;
    }
    return find(stage, new BatchId(decision.batch()))
        .orElseThrow(
            () -> new IllegalStateException(subject + " was refused, yet there is no decision"));
  }

  /** Tells what an extract made of a batch, for its error budget; told before, that stays. */
  public void tell(String stage, Decision decision) throws InterruptedException {
    publisher.publishFirst(
        names.decisionSubject(stage, decision.batch()),
        decision.toHeaders(stage),
        WireJson.bytes(decision));
  }

  /** What a stage decided about a batch, if it did. */
  public Optional<Decision> find(String stage, BatchId batch) throws InterruptedException {
    return last(names.decisionsStream(), names.decisionSubject(stage, batch.text()))
        .map(message -> WireJson.parse(message.getData(), Decision.class));
  }

  /** The last message of a subject, or empty; waits while NATS is away. */
  public Optional<MessageInfo> last(String stream, String subject) throws InterruptedException {
    return patience.<Optional<MessageInfo>>ask(
        "read the last message of " + subject,
        () -> {
          try {
            return Optional.of(management.getLastMessage(stream, subject));
          } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() == NO_MESSAGE) {
              return Optional.empty();
            }
            throw e;
          }
        });
  }

  /** The last sequence of the errors stream: messages of failures decided now come after it. */
  public long errorsSequence() throws InterruptedException {
    return patience.ask(
        "read the state of the error queue",
        () -> management.getStreamInfo(names.errorsStream()).getStreamState().getLastSequence());
  }
}
