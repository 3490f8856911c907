package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.ConsumerInfo;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the backlogs of a chain's stages from their consumers. Of a stream that is empty, and has
 * as many consumers as it should, none is asked: nothing can wait there. A load's always are: what
 * they ever delivered is compared with what they will have (see {@link WaitingWatch}).
 */
final class Backlogs {
  private static final Reading NOTHING = new Reading(0, 0, 0, 0, 0, false, null);

  private final NatsLink link;
  private final ChainNames names;
  private final Room room;

  Backlogs(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
    room = new Room(link, names);
  }

  /** The backlog of each stage, by name. */
  Map<String, Backlog> read(ChainSpec spec) {
    Round round = new Round(spec);
    Map<String, Backlog> backlogs = new LinkedHashMap<>();
    spec.stages().forEach(stage -> backlogs.put(stage.name(), round.read(stage)));
    return backlogs;
  }

  /** One reading of all stages: each stream is asked once. */
  private final class Round {
    private final ChainSpec spec;
    private final Map<String, Optional<StreamFigures>> streams = new HashMap<>();
    private @Nullable Boolean roomFull;

    Round(ChainSpec spec) {
      this.spec = spec;
    }

    Backlog read(StageSpec stage) {
      String from = stage.from();
      boolean load = stage instanceof StageSpec.Load;
      Reading queue =
          from == null
              ? consumer(names.splitsStream(), stage.name())
              : reading(stage, names.queueStream(from), spec.consumersOf(from).size());
      Reading retries = reading(stage, names.retriesStream(), spec.stages().size());
      Reading waiting = load ? consumer(names.waitingStream(), stage.name()) : NOTHING;
      // One room for all loads: another's records may fill it before any of this one is in.
      boolean mayWait =
          load && queue.unacknowledged() + retries.unacknowledged() + waiting.unacknowledged() > 0;
      boolean roomFull = mayWait && roomFull();
      return new Backlog(
          queue.unacknowledged(),
          retries.unacknowledged(),
          waiting.unacknowledged(),
          queue.inFlight + retries.inFlight + waiting.inFlight,
          queue.redelivered + retries.redelivered,
          List.of(queue.trials(), retries.trials(), waiting.trials()),
          roomFull,
          roomFull && from != null && (queue.atMost || isFull(from)),
          load ? 0 : queue(stage.name()).map(StreamFigures::percent).orElse(0),
          queue.missing != null ? queue.missing : or(retries.missing, waiting.missing));
    }

    private Reading reading(StageSpec stage, String stream, int consumers) {
      if (stage instanceof StageSpec.Load) {
        return consumer(stream, stage.name());
      }
      Optional<StreamFigures> figures = stream(stream);
      if (figures.isEmpty()) {
        return Reading.missing(stream);
      }
      return figures.get().messages() == 0 && figures.get().consumers() >= consumers
          ? NOTHING
          : consumer(stream, stage.name());
    }

    private Optional<StreamFigures> queue(String stage) {
      return stream(names.queueStream(stage));
    }

    private boolean isFull(String queue) {
      return queue(queue).filter(q -> q.full(link.maxPayload())).isPresent();
    }

    /** Asked once, and only where anything may have to wait. */
    private boolean roomFull() {
      if (roomFull == null) {
        roomFull = room.full();
      }
      return roomFull;
    }

    private Optional<StreamFigures> stream(String name) {
      return streams.computeIfAbsent(
          name, n -> link.stream("read the state of the queue " + n, n, null));
    }
  }

  private static @Nullable String or(@Nullable String one, @Nullable String other) {
    return one != null ? one : other;
  }

  private record Reading(
      long pending,
      long inFlight,
      long redelivered,
      long deliveries,
      long reached,
      boolean atMost,
      @Nullable String missing) {
    static Reading missing(String stream) {
      return new Reading(0, 0, 0, 0, 0, false, stream);
    }

    Backlog.Trials trials() {
      return new Backlog.Trials(inFlight, atMost ? 0 : pending, deliveries, reached);
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
                info.getDelivered().getStreamSequence(),
                info.getNumAckPending() >= info.getConsumerConfiguration().getMaxAckPending(),
                null);
          } catch (JetStreamApiException e) {
            if (Refusals.missing(e)) {
              return Reading.missing(stream);
            }
            throw e;
          }
        });
  }
}
