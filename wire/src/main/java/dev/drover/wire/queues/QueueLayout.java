package dev.drover.wire.queues;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import io.nats.client.api.AckPolicy;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.KeyValueConfiguration;
import io.nats.client.api.RetentionPolicy;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Which streams and consumers a chain has: the table in docs/design.md. Pure.
 *
 * @param names the chain's names
 * @param maxBytes the most bytes of each queue, of the waiting room and of the error queue
 * @param replicas copies of each stream
 * @param closed stages whose queues take nothing: a publisher waits as it does for a full queue
 */
public record QueueLayout(ChainNames names, long maxBytes, int replicas, Set<String> closed) {
  /** Less than any message has, so that all are refused; what is in the queue stays. */
  private static final long NOTHING = 1;

  public QueueLayout {
    closed = Set.copyOf(closed);
  }

  /** Whether a queue of so many bytes at most is one that was closed. */
  public static boolean isClosed(long maxBytes) {
    return maxBytes == NOTHING;
  }

  /**
   * Whether a stream that is not closed may refuse the next message for its size.
   *
   * @param bytes what it has
   * @param maxBytes what it may have; none or less for no limit
   * @param maxPayload the most bytes that a message may have
   */
  public static boolean mayRefuse(long bytes, long maxBytes, long maxPayload) {
    return maxBytes > 0 && !isClosed(maxBytes) && maxBytes - bytes < maxPayload;
  }

  /** With all queues open. */
  public QueueLayout(ChainNames names, long maxBytes, int replicas) {
    this(names, maxBytes, replicas, Set.of());
  }

  private static final Duration ACK_WAIT = Duration.ofSeconds(20);

  /** As many workers as a stage may have, 1,000, with the four batches that each may hold. */
  private static final int MAX_ACK_PENDING = 4_000;

  /**
   * Of a load's queue: batches that the waiting room has no place for stay in it, and the parents
   * that they lack may be behind all of them.
   */
  private static final int LOAD_ACK_PENDING = 20_000;

  /** How long a second copy of a failed record's message is known as such. */
  private static final Duration ERROR_WINDOW = Duration.ofHours(24);

  /**
   * Only a stream's leader may be asked for a message. With direct gets any replica answers, also
   * one that has not heard yet of a write that the asker knows of: "this batch is not decided",
   * though it is, and the batch would be read and counted once more.
   */
  private static final boolean BY_ANY_REPLICA = false;

  /** A consumer and its stream. */
  public record Place(String stream, ConsumerConfiguration consumer) {}

  /** The stream of the state bucket. */
  public StreamConfiguration stateBucket() {
    KeyValueConfiguration bucket =
        KeyValueConfiguration.builder()
            .name(names.stateBucket())
            .maxHistoryPerKey(1)
            .storageType(StorageType.File)
            .replicas(replicas)
            .build();
    return StreamConfiguration.builder(bucket.getBackingConfig())
        .allowDirect(BY_ANY_REPLICA)
        .build();
  }

  /**
   * The stream of the bucket of database sessions, one for all migrations: two of them may share a
   * server, and its cap.
   */
  public StreamConfiguration slotsBucket() {
    KeyValueConfiguration bucket =
        KeyValueConfiguration.builder()
            .name(ChainNames.SLOTS_BUCKET)
            .maxHistoryPerKey(1)
            .storageType(StorageType.File)
            .replicas(replicas)
            .build();
    return StreamConfiguration.builder(bucket.getBackingConfig())
        .allowDirect(BY_ANY_REPLICA)
        .build();
  }

  /** All streams, in the order of the spec. */
  public List<StreamConfiguration> streams(ChainSpec spec) {
    List<StreamConfiguration> streams = new ArrayList<>();
    streams.add(
        stream(names.splitsStream(), names.all("splits"), RetentionPolicy.WorkQueue).build());
    for (StageSpec stage : spec.stages()) {
      if (!(stage instanceof StageSpec.Load)) {
        streams.add(
            stream(
                    names.queueStream(stage.name()),
                    names.allOf("q", stage.name()),
                    RetentionPolicy.Interest)
                .discardPolicy(DiscardPolicy.New)
                .maxBytes(closed.contains(stage.name()) ? NOTHING : maxBytes)
                .build());
      }
    }
    streams.add(
        stream(names.retriesStream(), names.all("retries"), RetentionPolicy.WorkQueue).build());
    streams.add(
        stream(names.waitingStream(), names.all("waiting"), RetentionPolicy.WorkQueue)
            .discardPolicy(DiscardPolicy.New)
            .maxBytes(maxBytes)
            .maxMessages(WaitingRoom.MOST_BATCHES)
            .build());
    streams.add(
        stream(names.errorsStream(), names.all("errors"), RetentionPolicy.Limits)
            .discardPolicy(DiscardPolicy.New)
            .maxBytes(maxBytes)
            .duplicateWindow(ERROR_WINDOW)
            .build());
    streams.add(
        stream(names.decisionsStream(), names.all("decisions"), RetentionPolicy.Limits).build());
    streams.add(
        stream(names.journalStream(), names.all("journal"), RetentionPolicy.Limits).build());
    return streams;
  }

  /** All consumers of all stages, in the order of the spec. */
  public List<Place> consumers(ChainSpec spec) {
    List<Place> places = new ArrayList<>();
    for (StageSpec stage : spec.stages()) {
      String name = stage.name();
      String from = stage.from();
      if (from == null) {
        places.add(place(names.splitsStream(), name, names.allOf("splits", name)));
      } else {
        int pending = stage instanceof StageSpec.Load ? LOAD_ACK_PENDING : MAX_ACK_PENDING;
        places.add(place(names.queueStream(from), name, names.allOf("q", from), pending));
      }
      places.add(place(names.retriesStream(), name, names.retrySubject(name)));
      if (stage instanceof StageSpec.Load) {
        places.add(
            place(
                names.waitingStream(), name, names.waitingSubject(name), WaitingRoom.MOST_BATCHES));
      }
    }
    return places;
  }

  private StreamConfiguration.Builder stream(
      String name, String subjects, RetentionPolicy retention) {
    return StreamConfiguration.builder()
        .name(name)
        .subjects(subjects)
        .retentionPolicy(retention)
        .storageType(StorageType.File)
        .replicas(replicas)
        .allowDirect(BY_ANY_REPLICA);
  }

  private static Place place(String stream, String stage, String filter) {
    return place(stream, stage, filter, MAX_ACK_PENDING);
  }

  private static Place place(String stream, String stage, String filter, int maxAckPending) {
    return new Place(
        stream,
        ConsumerConfiguration.builder()
            .durable(ChainNames.consumer(stage))
            .ackPolicy(AckPolicy.Explicit)
            .ackWait(ACK_WAIT)
            .maxDeliver(-1)
            .maxAckPending(maxAckPending)
            .filterSubject(filter)
            .build());
  }
}
