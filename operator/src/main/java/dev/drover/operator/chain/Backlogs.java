package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.queues.WaitingRoom;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.ConsumerInfo;
import io.nats.client.api.StreamInfo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the backlogs of a chain's stages from their consumers. */
final class Backlogs {
  /** A queue that is filled so far has refused a batch, or is about to. */
  private static final int FULL_PERCENT = 90;

  private static final Reading NOTHING = new Reading(0, 0, 0, 0, false, null);

  private final NatsLink link;
  private final ChainNames names;

  Backlogs(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** The backlog of each stage, by name. */
  Map<String, Backlog> read(ChainSpec spec) {
    Map<String, Backlog> backlogs = new LinkedHashMap<>();
    spec.stages().forEach(stage -> backlogs.put(stage.name(), read(stage)));
    return backlogs;
  }

  private Backlog read(StageSpec stage) {
    String from = stage.from();
    Reading queue =
        consumer(from == null ? names.splitsStream() : names.queueStream(from), stage.name());
    Reading retries = consumer(names.retriesStream(), stage.name());
    Reading waiting =
        stage instanceof StageSpec.Load ? consumer(names.waitingStream(), stage.name()) : NOTHING;
    boolean roomFull = waiting.unacknowledged() > 0 && roomIsFull(stage.name());
    return new Backlog(
        queue.unacknowledged(),
        retries.unacknowledged(),
        waiting.unacknowledged(),
        queue.inFlight + retries.inFlight + waiting.inFlight,
        queue.redelivered + retries.redelivered,
        List.of(queue.trials(), retries.trials(), waiting.trials()),
        roomFull,
        roomFull && from != null && (queue.atMost || outputPercent(from) >= FULL_PERCENT),
        stage instanceof StageSpec.Load ? 0 : outputPercent(stage.name()),
        queue.missing != null ? queue.missing : or(retries.missing, waiting.missing));
  }

  private boolean roomIsFull(String stage) {
    return link.call(
        "read how full the waiting room of stage " + stage + " is",
        nats ->
            WaitingRoom.isFull(nats.jetStreamManagement().getStreamInfo(names.waitingStream())));
  }

  private int outputPercent(String stage) {
    String stream = names.queueStream(stage);
    return link.call(
        "read how full the queue of stage " + stage + " is",
        nats -> {
          try {
            StreamInfo info = nats.jetStreamManagement().getStreamInfo(stream);
            long most = info.getConfiguration().getMaxBytes();
            return most <= 0 ? 0 : (int) (100 * info.getStreamState().getByteCount() / most);
          } catch (JetStreamApiException e) {
            if (Refusals.missing(e)) {
              return 0;
            }
            throw e;
          }
        });
  }

  private static @Nullable String or(@Nullable String one, @Nullable String other) {
    return one != null ? one : other;
  }

  private record Reading(
      long pending,
      long inFlight,
      long redelivered,
      long deliveries,
      boolean atMost,
      @Nullable String missing) {
    Backlog.Trials trials() {
      return new Backlog.Trials(inFlight, atMost ? 0 : pending, deliveries);
    }

    long unacknowledged() {
      return pending + inFlight;
    }
  }

  private Reading consumer(String stream, String stage) {
    return link.call(
        "read the backlog of stage " + stage,
        nats -> {
          try {
            ConsumerInfo info =
                nats.jetStreamManagement().getConsumerInfo(stream, ChainNames.consumer(stage));
            return new Reading(
                info.getNumPending(),
                info.getNumAckPending(),
                info.getRedelivered(),
                info.getDelivered().getConsumerSequence(),
                info.getNumAckPending() >= info.getConsumerConfiguration().getMaxAckPending(),
                null);
          } catch (JetStreamApiException e) {
            if (Refusals.missing(e)) {
              return new Reading(0, 0, 0, 0, false, stream);
            }
            throw e;
          }
        });
  }
}
