package dev.drover.operator.chain;

import dev.drover.operator.chain.ChainSnapshot.FailureCount;
import dev.drover.operator.chain.ChainSnapshot.Failures;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.StateStore;
import io.nats.client.api.MessageGetRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Counts open failures by cause from the error queue's own subject totals, however many there are.
 * The oldest message of a cause names it and is read once, until it may have left; the newest is
 * read again as the count moves, at a human's pace. Confined to one thread at a time.
 */
final class FailureCauses {
  private static final int MOST_CAUSES = 50;
  private static final Duration PACE = Duration.ofSeconds(10);

  private final NatsLink link;
  private final ChainNames names;
  private Map<String, Known> known = new HashMap<>();

  FailureCauses(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /**
   * What was read of a cause.
   *
   * @param records how many there were then
   * @param at when it was read
   */
  private record Known(
      FailedMessage oldest, RecordSchema schema, String lastSeen, long records, Instant at) {}

  /** Open failures by cause, most first, at most {@value #MOST_CAUSES} causes, and the rest. */
  Failures read(Instant now) {
    List<Map.Entry<String, Long>> causes =
        totals().entrySet().stream()
            .sorted(
                Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                    .thenComparing(Map.Entry.comparingByKey()))
            .toList();
    Map<String, Known> still = new HashMap<>();
    List<FailureCount> counts = new ArrayList<>();
    int listed = Math.min(MOST_CAUSES, causes.size());
    for (Map.Entry<String, Long> cause : causes.subList(0, listed)) {
      Known found = look(cause.getKey(), cause.getValue(), now);
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

  private Map<String, Long> totals() {
    return link.totals("count the failed records", names.errorsStream(), names.all("errors"));
  }

  /** Null if the last message of the cause has gone in between. */
  private @Nullable Known look(String subject, long records, Instant now) {
    Known before = known.get(subject);
    if (before != null && (before.records() == records || before.at().plus(PACE).isAfter(now))) {
      return before;
    }
    FailedMessage oldest =
        before != null && records > before.records()
            ? before.oldest()
            : message(MessageGetRequest.firstForSubject(subject)).orElse(null);
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
    return new Known(oldest, schema, lastSeen, records, now);
  }

  private Optional<FailedMessage> message(MessageGetRequest request) {
    return link.message("read a failed record", names.errorsStream(), request)
        .map(message -> FailedMessage.parse(message.getData()));
  }
}
