package dev.drover.operator.desk;

import dev.drover.operator.chain.NatsLink;
import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.WireJson;
import io.nats.client.PublishOptions;
import io.nats.client.api.MessageGetRequest;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Sends failed records of one chain to their stages again, and reads what became of them. */
final class RetryQueue {
  private final NatsLink link;
  private final ChainNames names;

  RetryQueue(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /**
   * Sends a record to the stage that refused it. A second copy is harmless: the stage decides a
   * batch once.
   *
   * @param row the record, corrected, in the encoding of its schema
   */
  void send(QueuedFailure failure, byte[] row) {
    FailedMessage.Detail detail = failure.detail();
    BatchId batch = BatchId.replay(failure.sequence());
    BatchHeaders headers =
        new BatchHeaders(
            batch,
            1,
            1,
            detail.schema(),
            detail.revision(),
            Origin.retry,
            new BatchHeaders.Replay(failure.sequence(), detail.replays() + 1, detail.firstSeen()));
    PublishOptions once = PublishOptions.builder().messageId(batch.text()).build();
    link.run(
        "send failed record " + failure.sequence() + " to stage " + detail.stage(),
        nats ->
            nats.jetStream()
                .publish(names.retrySubject(detail.stage()), headers.toHeaders(), row, once));
  }

  /** What a stage decided about a batch, if it has. */
  Optional<Decision> decision(String stage, BatchId batch) {
    return link.message(
            "read what stage " + stage + " decided",
            names.decisionsStream(),
            MessageGetRequest.lastForSubject(names.decisionSubject(stage, batch.text())))
        .map(message -> WireJson.parse(message.getData(), Decision.class));
  }

  /** Decides that a failed record is given up; decided before, that holds. */
  void waive(QueuedFailure failure, Instant now) {
    FailedMessage.Detail detail = failure.detail();
    BatchId batch = BatchId.replay(failure.sequence());
    Decision decision =
        new Decision(
            batch.text(),
            1,
            Origin.retry,
            detail.revision(),
            "",
            new Counts(1, 0, 0, 0, 0, 1),
            List.of(),
            List.of(new Decision.Group(Decision.Kind.waived, null, List.of(0))),
            0,
            now.toString());
    link.publishFirst(
        "waive failed record " + failure.sequence(),
        names.decisionSubject(detail.stage(), batch.text()),
        decision.toHeaders(),
        WireJson.bytes(decision));
  }
}
