package dev.drover.operator.chain;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.CapAdvisory;
import dev.drover.wire.state.SourceSnapshot;
import dev.drover.wire.state.StateStore;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamStatusCheckedException;
import io.nats.client.Message;
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.KeyValueOperation;
import io.nats.client.impl.NatsJetStreamMetaData;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a chain's tally and checkpoints up to what NATS holds. It follows when asked rather than in
 * the background: each call reads what came since the last, so what it answers from is never older
 * than the question, and a lost connection or a restarted server leaves nothing to repair. Confined
 * to one thread at a time.
 */
final class TallyFollower {
  private static final System.Logger LOG = System.getLogger(TallyFollower.class.getName());

  /** What a replica is given to hear of a write that its leader has acknowledged. */
  private static final Duration LAG = Duration.ofMillis(50);

  private final NatsLink link;
  private final ChainNames names;
  private final Duration patience;
  private Tally tally = new Tally();
  private Edges edges = Edges.NONE;
  private Checkpoints checkpoints = new Checkpoints();
  private @Nullable String decisionsMade;
  private @Nullable String bucketMade;
  private @Nullable Marks seen;

  /**
   * A follower that has seen nothing.
   *
   * @param patience how long a call may take before it gives up for now
   */
  TallyFollower(NatsLink link, ChainNames names, Duration patience) {
    this.link = link;
    this.names = names;
    this.patience = patience;
  }

  Tally tally() {
    return tally;
  }

  Checkpoints checkpoints() {
    return checkpoints;
  }

  /** Takes note of how the stages are joined, by which the tally tells what each is promised. */
  void join(Edges now) {
    edges = now;
    if (!tally.join(now)) {
      begin();
    }
  }

  private void begin() {
    tally = new Tally();
    tally.join(edges);
  }

  /**
   * Reads what is new: first the decisions, then the checkpoints, so that what was promised is
   * never older than what was decided of it.
   *
   * @return false if there is no stream of decisions
   * @throws ChainUnavailableException with reason {@code TallyBehind} if there is more than can be
   *     read now; the next call goes on
   */
  boolean catchUp() {
    long deadline = System.nanoTime() + patience.toNanos();
    seen = null;
    Optional<StreamFigures> decisions = decisions();
    if (decisions.isPresent()) {
      link.run(
          "read the decisions of the migration",
          nats -> readDecisions(nats, decisions.get(), deadline));
    } else {
      begin();
      decisionsMade = null;
    }
    StreamFigures bucket = bucket();
    link.run("read the checkpoints of the migration", nats -> readBucket(nats, bucket, deadline));
    seen = decisions.map(d -> new Marks(Mark.of(d), Mark.of(bucket))).orElse(null);
    return decisions.isPresent();
  }

  /** The last message of a stream, and which stream of its name it is. */
  private record Mark(String made, long sequence) {
    static Mark of(StreamFigures stream) {
      return new Mark(stream.created(), stream.lastSequence());
    }
  }

  /** Up to where decisions and checkpoints were read. */
  record Marks(Mark decisions, Mark bucket) {}

  /** Up to where the last catching up has read; null if it did not come to its end. */
  @Nullable Marks seen() {
    return seen;
  }

  /** Whether nothing was written since the last catching up, which came to its end. */
  boolean nothingNew() {
    Marks last = seen;
    return last != null
        && decisions().map(Mark::of).filter(last.decisions::equals).isPresent()
        && Mark.of(bucket()).equals(last.bucket);
  }

  private Optional<StreamFigures> decisions() {
    return link.stream("read the decisions of the migration", names.decisionsStream(), null);
  }

  private StreamFigures bucket() {
    return link.stream("read the checkpoints of the migration", bucketStream(), null)
        .orElseThrow(
            () ->
                new ChainUnavailableException(
                    Refusals.MISSING,
                    "could not read the checkpoints of the migration: the stream "
                        + bucketStream()
                        + " is not there",
                    null));
  }

  private String bucketStream() {
    return "KV_" + names.stateBucket();
  }

  private void readDecisions(Connection nats, StreamFigures stream, long deadline)
      throws IOException,
          JetStreamApiException,
          JetStreamStatusCheckedException,
          InterruptedException {
    if (!stream.created().equals(decisionsMade)) { // the first time, or made anew
      begin();
      decisionsMade = stream.created();
    }
    read(
        nats,
        new StreamReader.Source(names.decisionsStream(), List.of(names.all("decisions")), true),
        stream.lastSequence(),
        deadline,
        () -> tally.sequence(),
        this::addDecision);
  }

  private void readBucket(Connection nats, StreamFigures stream, long deadline)
      throws IOException,
          JetStreamApiException,
          JetStreamStatusCheckedException,
          InterruptedException {
    if (!stream.created().equals(bucketMade)) {
      checkpoints = new Checkpoints();
      bucketMade = stream.created();
    }
    String prefix = "$KV." + names.stateBucket() + ".";
    read(
        nats,
        new StreamReader.Source(
            bucketStream(),
            List.of(
                prefix + StateStore.SPLITS + ">",
                prefix + StateStore.STALLS + ">",
                prefix + SourceSnapshot.KEYS + ">",
                prefix + CapAdvisory.KEYS + ">"),
            false),
        stream.lastSequence(),
        deadline,
        () -> checkpoints.sequence(),
        this::addEntry);
    checkpoints.sawUpTo(stream.lastSequence());
  }

  private void read(
      Connection nats,
      StreamReader.Source source,
      long last,
      long deadline,
      LongSupplier seen,
      Consumer<Message> sink)
      throws IOException,
          JetStreamApiException,
          JetStreamStatusCheckedException,
          InterruptedException {
    while (last > seen.getAsLong()) {
      boolean ended = StreamReader.read(nats, source, seen.getAsLong(), deadline, sink);
      if (ended && !StreamReader.hasBetween(nats, source, seen.getAsLong(), last)) {
        return;
      }
      if (ended) {
        Thread.sleep(LAG); // a replica that is behind was read from
      }
      if (System.nanoTime() >= deadline) {
        throw new ChainUnavailableException(
            "TallyBehind",
            "the tally is being summed up: at %d of %d in %s; it goes on by itself"
                .formatted(seen.getAsLong(), last, source.stream()),
            null);
      }
    }
  }

  private void addDecision(Message message) {
    NatsJetStreamMetaData meta = message.metaData();
    String place = message.getSubject().substring(names.all("decisions").length() - 1);
    int dot = place.indexOf('.');
    try {
      tally.add(
          meta.streamSequence(),
          place.substring(0, dot),
          new BatchId(place.substring(dot + 1)),
          Decision.Summary.parse(message.getHeaders()),
          meta.timestamp().toInstant());
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      tally.skip(meta.streamSequence());
      LOG.log(
          System.Logger.Level.WARNING,
          "{0} is no decision and does not count: {1}",
          message.getSubject(),
          e.getMessage());
    }
  }

  private void addEntry(Message message) {
    KeyValueEntry entry = new KeyValueEntry(message);
    checkpoints.put(
        entry.getRevision(),
        entry.getKey(),
        entry.getOperation() == KeyValueOperation.PUT ? entry.getValue() : null,
        entry.getCreated().toInstant());
  }
}
