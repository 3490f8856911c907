package dev.drover.operator.chain;

import dev.drover.operator.chain.ChainSnapshot.FailureCount;
import dev.drover.operator.chain.ChainSnapshot.Failures;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.StateStore;
import io.nats.client.api.MessageGetRequest;
import io.nats.client.api.MessageInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts open failures by cause from the error queue's own subject totals, however many there are.
 * The oldest message of a cause names it and is read once, until it may have left; the newest is
 * read again as the queue moves, at a human's pace. Confined to one thread at a time.
 */
final class FailureCauses {
  private static final int MOST_CAUSES = 50;
  private static final Duration PACE = Duration.ofSeconds(10);

  private static final byte[] NOTHING = {};
  private static final Logger LOG = LoggerFactory.getLogger(FailureCauses.class);

  private final NatsLink link;
  private final ChainNames names;
  private final ErrorNumbers numbers;
  private final Set<Long> strange = new HashSet<>();
  private Map<String, Known> known = new HashMap<>();

  FailureCauses(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
    this.numbers = new ErrorNumbers(link, names);
  }

  /**
   * What was read of a cause.
   *
   * @param stand how the queue stood then
   * @param at when it was read
   */
  private record Known(
      FailedMessage oldest, RecordSchema schema, String lastSeen, Stand stand, Instant at) {}

  /**
   * How the queue stands: the same again as long as nothing came and nothing left. The number of a
   * cause may be the same though all of its records are others.
   *
   * @param left how many messages have left it
   */
  private record Stand(long lastSequence, long left) {}

  /** Runs half a million ahead: what is refused now, since NATS is full perhaps, can wait. */
  private void number(StreamFigures queue) {
    try {
      numbers.saw(queue.lastSequence());
    } catch (ChainUnavailableException e) {
      LOG.debug("how far failed records are numbered is not noted: {}", e.getMessage());
    }
  }

  /** How many failed records of each cause there are; empty if the error queue is not there. */
  Optional<StreamFigures> count() {
    return link.stream("count the failed records", names.errorsStream(), names.all("errors"));
  }

  /**
   * Open failures by cause, most first, at most {@value #MOST_CAUSES} causes, and the rest.
   *
   * @param queue what {@link #count} told
   */
  Failures read(Optional<StreamFigures> queue, Instant now) {
    queue.ifPresent(this::number);
    Stand stand =
        queue
            .map(q -> new Stand(q.lastSequence(), q.lastSequence() - q.messages()))
            .orElse(new Stand(0, 0));
    List<Map.Entry<String, Long>> causes =
        queue.map(StreamFigures::subjects).orElse(Map.of()).entrySet().stream()
            .sorted(
                Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                    .thenComparing(Map.Entry.comparingByKey()))
            .toList();
    Map<String, Known> still = new HashMap<>();
    List<FailureCount> counts = new ArrayList<>();
    int listed = Math.min(MOST_CAUSES, causes.size());
    for (Map.Entry<String, Long> cause : causes.subList(0, listed)) {
      Known found = look(cause.getKey(), stand, now);
      if (found != null) {
        still.put(cause.getKey(), found);
        counts.add(count(found, cause.getValue()));
      }
    }
    known = still;
    List<Map.Entry<String, Long>> others = causes.subList(listed, causes.size());
    return new Failures(
        counts, others.size(), others.stream().mapToLong(Map.Entry::getValue).sum());
  }

  private static FailureCount count(Known cause, long records) {
    FailedMessage.Detail detail = cause.oldest().detail();
    return new FailureCount(
        detail.stage(),
        detail.cause().step(),
        detail.cause().code(),
        detail.cause().table(),
        detail.cause().subject(),
        detail.fingerprint(),
        records,
        detail.firstSeen(),
        cause.lastSeen(),
        new ChainSnapshot.Sample(cause.oldest(), cause.schema()));
  }

  /** Null if the last message of the cause has gone in between. */
  private @Nullable Known look(String subject, Stand stand, Instant now) {
    Known before = known.get(subject);
    if (before != null && (before.stand().equals(stand) || before.at().plus(PACE).isAfter(now))) {
      return before;
    }
    FailedMessage oldest =
        before != null && before.stand().left() == stand.left()
            ? before.oldest()
            : message(MessageGetRequest.firstForSubject(subject))
                .or(() -> message(MessageGetRequest.lastForSubject(subject)))
                .orElse(null);
    if (oldest == null) {
      return null;
    }
    String lastSeen =
        message(MessageGetRequest.lastForSubject(subject))
            .map(m -> m.detail().lastSeen())
            .orElse(oldest.detail().lastSeen());
    RecordSchema schema =
        before != null && before.oldest().detail().schema().equals(oldest.detail().schema())
            ? before.schema()
            : link.call(
                "read a schema",
                nats -> StateStore.open(nats, names).schema(oldest.detail().schema()));
    return new Known(oldest, schema, lastSeen, stand, now);
  }

  private Optional<FailedMessage> message(MessageGetRequest request) {
    return link.message("read a failed record", names.errorsStream(), request)
        .flatMap(this::record);
  }

  /** Empty if somebody else has put it there; that is told once. */
  private Optional<FailedMessage> record(MessageInfo message) {
    try {
      return Optional.of(
          FailedMessage.parse(Objects.requireNonNullElse(message.getData(), NOTHING)));
    } catch (IllegalArgumentException e) {
      if (strange.size() < MOST_CAUSES && strange.add(message.getSeq())) {
        LOG.warn(
            "message {} of {}, subject {}, is no failed record, and passed over: whoever put it there should delete it, since it counts as one",
            message.getSeq(),
            names.errorsStream(),
            message.getSubject());
      }
      return Optional.empty();
    }
  }
}
