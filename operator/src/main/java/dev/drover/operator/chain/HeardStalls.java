package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.StateStore;
import io.nats.client.Connection;
import io.nats.client.Message;
import io.nats.client.Subscription;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Stalls as workers send them, heard beside the state bucket: once NATS has no storage left it
 * keeps no stall either, and the one that says so would never be seen. What the bucket says is read
 * after it and counts. Confined to one thread at a time.
 */
final class HeardStalls {
  /** A worker repeats a stall that is not stored every second. */
  private static final int MOST_HELD = 1000;

  private static final Duration AT_ONCE = Duration.ofMillis(1);

  private final NatsLink link;
  private final String prefix;
  private @Nullable Connection nats;
  private @Nullable Subscription heard;

  HeardStalls(NatsLink link, ChainNames names) {
    this.link = link;
    this.prefix = "$KV." + names.stateBucket() + ".";
  }

  /**
   * Takes in what was heard since the last call, the first time nothing.
   *
   * @return whether anything was
   * @throws ChainUnavailableException if NATS is away
   */
  boolean into(Checkpoints checkpoints, Instant now) {
    return link.call("hear of stalls", connection -> take(listen(connection), checkpoints, now));
  }

  private Subscription listen(Connection connection) {
    Subscription known = heard;
    if (known == null || connection != nats) {
      nats = connection;
      known = connection.subscribe(prefix + StateStore.STALLS + ">");
      known.setPendingLimits(MOST_HELD, -1);
      heard = known;
    }
    return known;
  }

  private boolean take(Subscription from, Checkpoints checkpoints, Instant now)
      throws InterruptedException {
    boolean any = false;
    while (from.getPendingMessageCount() > 0) {
      Message message = from.nextMessage(AT_ONCE);
      if (message != null) {
        any = true;
        checkpoints.put(
            0,
            message.getSubject().substring(prefix.length()),
            deleted(message) ? null : message.getData(),
            now);
      }
    }
    return any;
  }

  private static boolean deleted(Message message) {
    return message.hasHeaders() && message.getHeaders().getLast("KV-Operation") != null;
  }

  void close() {
    Subscription known = heard;
    if (known != null && nats != null && nats.getStatus() == Connection.Status.CONNECTED) {
      known.unsubscribe();
    }
    heard = null;
  }
}
