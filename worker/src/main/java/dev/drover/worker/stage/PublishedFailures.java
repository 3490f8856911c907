package dev.drover.worker.stage;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.worker.jetstream.Patience;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.api.MessageGetRequest;
import io.nats.client.api.MessageInfo;
import io.nats.client.api.StreamInfo;
import io.nats.client.api.StreamInfoOptions;
import io.nats.client.api.StreamState;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells which failed records the error queue has, also when the server has forgotten their ids.
 * Thread-safe.
 */
final class PublishedFailures {
  /** JetStream's code for no message there. */
  private static final int NO_MESSAGE = 10037;

  private static final String ID = "Nats-Msg-Id";

  private final StageContext context;
  private final Patience patience;

  PublishedFailures(StageContext context) {
    this.context = context;
    this.patience = new Patience(context.stalls());
  }

  /** How long the server knows an id after its message came. */
  Duration window() throws InterruptedException {
    return patience.ask(
        "read how the error queue is set up",
        () ->
            management()
                .getStreamInfo(context.names().errorsStream())
                .getConfiguration()
                .getDuplicateWindow());
  }

  /**
   * The ids that never came to the queue. Where records were removed since, as those are that were
   * sent again or waived, the ids that are not there are taken for theirs.
   *
   * @param subjects the ids to look for, by the subject of their messages
   * @param after a sequence after which they came
   */
  Set<String> missing(Map<String, Set<String>> subjects, long after) throws InterruptedException {
    Set<String> missing = new HashSet<>();
    for (Map.Entry<String, Set<String>> subject : subjects.entrySet()) {
      missing.addAll(missing(subject.getKey(), subject.getValue(), after));
    }
    return missing.isEmpty() || removed(after) >= missing.size() ? Set.of() : missing;
  }

  /**
   * Keys, as messages have them, of the records of a batch that are in the queue. Goes through all
   * that this stage has set aside and nobody has taken out since.
   */
  Set<String> keysOf(BatchId batch) throws InterruptedException {
    long last =
        patience.ask(
            "read the state of the error queue",
            () ->
                management()
                    .getStreamInfo(context.names().errorsStream())
                    .getStreamState()
                    .getLastSequence());
    Set<String> keys = new HashSet<>();
    try (ErrorScan scan =
        new ErrorScan(
            context.nats(),
            context.names(),
            patience,
            List.of(context.names().errorSubject(context.stage(), "*")),
            1,
            last,
            ErrorScan.Witness.NONE)) {
      for (List<QueuedFailure> some = scan.next(); !some.isEmpty(); some = scan.next()) {
        some.stream()
            .map(failure -> failure.message().detail())
            .filter(detail -> detail.batch().equals(batch.text()))
            .forEach(detail -> keys.add(detail.key()));
      }
    }
    return keys;
  }

  private Set<String> missing(String subject, Set<String> ids, long after)
      throws InterruptedException {
    Set<String> missing = new HashSet<>(ids);
    long last = after;
    while (!missing.isEmpty()) {
      Optional<MessageInfo> next = next(subject, last + 1);
      if (next.isEmpty()) {
        return missing;
      }
      last = next.get().getSeq();
      if (next.get().getHeaders() != null) {
        missing.remove(next.get().getHeaders().getFirst(ID));
      }
    }
    return missing;
  }

  private Optional<MessageInfo> next(String subject, long from) throws InterruptedException {
    return patience.<Optional<MessageInfo>>ask(
        "look for a failed record in the error queue",
        () -> {
          try {
            return Optional.of(
                management()
                    .getMessage(
                        context.names().errorsStream(),
                        MessageGetRequest.nextForSubject(from, subject)));
          } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() == NO_MESSAGE) {
              return Optional.empty();
            }
            throw e;
          }
        });
  }

  /** How many messages after a sequence are gone. */
  private long removed(long after) throws InterruptedException {
    StreamInfo info =
        patience.ask(
            "read what was removed from the error queue",
            () ->
                management()
                    .getStreamInfo(
                        context.names().errorsStream(),
                        StreamInfoOptions.builder().deletedDetails().build()));
    StreamState state = info.getStreamState();
    long before =
        Math.max(0, Math.min(state.getFirstSequence() - 1, state.getLastSequence()) - after);
    return before + state.getDeleted().stream().filter(sequence -> sequence > after).count();
  }

  private JetStreamManagement management() throws IOException {
    return context.nats().jetStreamManagement();
  }
}
