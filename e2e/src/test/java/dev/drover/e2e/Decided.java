package dev.drover.e2e;

import dev.drover.wire.decision.Decision;
import dev.drover.wire.names.ChainNames;
import io.nats.client.Connection;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.PushSubscribeOptions;
import io.nats.client.api.ConsumerConfiguration;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A decision of a stage.
 *
 * @param at when NATS took it down
 * @param records of how many records
 */
record Decided(Instant at, long records) {
  /**
   * All that a stage has decided, in the order in which it did.
   *
   * @param records of how many records that is to be
   * @throws IOException if it is of fewer
   */
  static List<Decided> by(String stage, Connection nats, ChainNames names, long records)
      throws Exception {
    JetStreamSubscription all =
        nats.jetStream()
            .subscribe(
                names.allOf("decisions", stage),
                PushSubscribeOptions.builder().stream(names.decisionsStream())
                    .ordered(true)
                    .configuration(ConsumerConfiguration.builder().headersOnly(true).build())
                    .build());
    List<Decided> decisions = new ArrayList<>();
    long seen = 0;
    while (seen < records) {
      Message message = all.nextMessage(Duration.ofSeconds(10));
      if (message == null) {
        throw new IOException("the decisions are of " + seen + " records, not of " + records);
      }
      long of = Decision.Summary.parse(message.getHeaders()).counts().in();
      seen += of;
      decisions.add(new Decided(message.metaData().timestamp().toInstant(), of));
    }
    all.unsubscribe();
    return decisions;
  }
}
