package dev.drover.operator.desk;

import dev.drover.operator.chain.NatsLink;
import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RetryBatch;
import dev.drover.wire.state.WireJson;
import io.nats.client.PublishOptions;
import io.nats.client.api.MessageGetRequest;
import io.nats.client.api.MessageInfo;
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
   * @param entry the journal's, of this record alone
   * @param row the record, corrected, in the encoding of its schema
   */
  void send(JournalEntry entry, QueuedFailure failure, byte[] row) {
    RetryBatch batch = RetryBatch.of(entry, List.of(failure), List.of(row));
    PublishOptions once = PublishOptions.builder().messageId(entry.batch().text()).build();
    link.run(
        "send failed record " + failure.sequence() + " to stage " + entry.stage(),
        nats ->
            nats.jetStream()
                .publish(
                    names.retrySubject(entry.stage()),
                    batch.headers().toHeaders(),
                    batch.body(),
                    once));
  }

  /** Whether a batch is among what its stage is to work on; what has left that is decided. */
  boolean holds(JournalEntry entry) {
    String subject = names.retrySubject(entry.stage());
    long from = 1;
    while (true) {
      Optional<MessageInfo> next =
          link.message(
              "look for batch " + entry.batch() + " among retries",
              names.retriesStream(),
              MessageGetRequest.nextForSubject(from, subject));
      if (next.isEmpty()) {
        return false;
      }
      if (BatchHeaders.parse(next.get().getHeaders()).id().equals(entry.batch())) {
        return true;
      }
      from = next.get().getSeq() + 1;
    }
  }

  /** What a stage decided about a batch, if it has. */
  Optional<Decision> decision(String stage, BatchId batch) {
    return link.message(
            "read what stage " + stage + " decided",
            names.decisionsStream(),
            MessageGetRequest.lastForSubject(names.decisionSubject(stage, batch.text())))
        .map(message -> WireJson.parse(message.getData(), Decision.class));
  }

  /** Decides that the records of an entry are given up; decided before, that holds. */
  void waive(JournalEntry entry, String revision) {
    Decision decision = RetryBatch.waiver(entry, revision);
    link.publishFirst(
        "waive failed record " + entry.sequences().getFirst(),
        names.decisionSubject(entry.stage(), decision.batch()),
        decision.toHeaders(entry.stage()),
        WireJson.bytes(decision));
  }
}
