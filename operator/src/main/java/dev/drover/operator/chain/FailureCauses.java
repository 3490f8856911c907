package dev.drover.operator.chain;

import dev.drover.operator.chain.ChainSnapshot.FailureCount;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.names.ChainNames;
import io.nats.client.api.MessageGetRequest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Counts open failures by cause from the error queue's own subject totals. One message of each
 * cause is read once, to name it; confined to one thread at a time.
 */
final class FailureCauses {
  private static final int MOST_CAUSES = 50;

  private final NatsLink link;
  private final ChainNames names;
  private Map<String, FailedMessage.Detail> samples = new HashMap<>();

  FailureCauses(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** Open failures by cause, most first, at most {@value #MOST_CAUSES} causes. */
  List<FailureCount> read() {
    List<Map.Entry<String, Long>> most =
        totals().entrySet().stream()
            .sorted(
                Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                    .thenComparing(Map.Entry.comparingByKey()))
            .limit(MOST_CAUSES)
            .toList();
    Map<String, FailedMessage.Detail> known = new HashMap<>();
    List<FailureCount> counts = new ArrayList<>();
    for (Map.Entry<String, Long> cause : most) {
      sample(cause.getKey())
          .ifPresent(
              detail -> {
                known.put(cause.getKey(), detail);
                counts.add(count(detail, cause.getValue()));
              });
    }
    samples = known;
    return counts;
  }

  private static FailureCount count(FailedMessage.Detail detail, long records) {
    return new FailureCount(
        detail.stage(),
        detail.cause().code(),
        detail.fingerprint(),
        detail.cause().table(),
        records,
        detail.message());
  }

  private Map<String, Long> totals() {
    return link.totals("count the failed records", names.errorsStream(), names.all("errors"));
  }

  /** Empty if the last message of the cause has gone in between. */
  private Optional<FailedMessage.Detail> sample(String subject) {
    FailedMessage.Detail known = samples.get(subject);
    if (known != null) {
      return Optional.of(known);
    }
    return link.message(
            "read a failed record", names.errorsStream(), MessageGetRequest.lastForSubject(subject))
        .map(message -> FailedMessage.parse(message.getData()).detail());
  }
}
