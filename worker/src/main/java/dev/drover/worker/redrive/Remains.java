package dev.drover.worker.redrive;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RetryBatch;
import dev.drover.worker.stage.DecisionLog;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.api.MessageGetRequest;
import io.nats.client.api.MessageInfo;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done with a batch that the journal claims, that was never sent, and of whose records
 * somebody has deleted messages by hand: those are given up, for nobody has them any more, and the
 * others go without them. Used by one thread.
 */
final class Remains {
  private static final Logger LOG = LoggerFactory.getLogger(Remains.class);
  private static final int NO_MESSAGE = 10037;

  /** Of a decision about records of which nothing is known. */
  private static final String UNKNOWN = "unknown";

  private final RedriveContext context;
  private final DecisionLog decisions;

  Remains(RedriveContext context, DecisionLog decisions) {
    this.context = context;
    this.decisions = decisions;
  }

  /** Whether a batch is among what its stage is to work on, decided or not. */
  boolean isOnItsWay(JournalEntry entry) throws InterruptedException {
    return context
        .patience()
        .ask("look for batch " + entry.batch() + " among retries", () -> isAmongRetries(entry));
  }

  private boolean isAmongRetries(JournalEntry entry) throws IOException, JetStreamApiException {
    JetStreamManagement management = context.nats().jetStreamManagement();
    String stream = context.names().retriesStream();
    String subject = context.names().retrySubject(entry.stage());
    long from = 1;
    try {
      while (true) {
        MessageInfo next =
            management.getMessage(stream, MessageGetRequest.nextForSubject(from, subject));
        if (BatchHeaders.parse(next.getHeaders()).id().equals(entry.batch())) {
          return true;
        }
        from = next.getSeq() + 1;
      }
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() == NO_MESSAGE) {
        return false;
      }
      throw e;
    }
  }

  /**
   * What is to be sent of an entry.
   *
   * @param found its records that are there
   * @return those of them that nobody gave up; none if that is done with
   */
  List<QueuedFailure> of(JournalEntry entry, List<QueuedFailure> found)
      throws InterruptedException {
    List<Long> all = entry.sequences();
    if (found.size() == all.size() || entry.action() == JournalEntry.Action.waive) {
      return waivable(entry, found);
    }
    String revision = found.isEmpty() ? UNKNOWN : found.getFirst().detail().revision();
    Set<Long> there = found.stream().map(QueuedFailure::sequence).collect(Collectors.toSet());
    Set<Long> given = new HashSet<>();
    for (BatchId under = entry.batch().lacking(); true; under = under.lacking()) {
      Optional<Decision> decision = decisions.find(entry.stage(), under);
      List<Integer> lacking =
          IntStream.range(0, all.size())
              .filter(i -> !there.contains(all.get(i)) && !given.contains(all.get(i)))
              .boxed()
              .toList();
      if (decision.isEmpty() && lacking.isEmpty()) {
        return found.stream().filter(f -> !given.contains(f.sequence())).toList();
      }
      if (decision.isEmpty()) {
        tell(entry, lacking.size());
        if (lacking.size() + given.size() == all.size()) {
          decisions.decide(entry.stage(), RetryBatch.waiver(entry, revision, lacking.size()));
          return List.of();
        }
      }
      Decision holds =
          decision.isPresent()
              ? decision.get()
              : decisions.decide(
                  entry.stage(), RetryBatch.lacking(entry, under, revision, lacking));
      RetryBatch.places(holds).forEach(place -> given.add(all.get(place)));
    }
  }

  /** Nothing of a record is needed to give it up. */
  private List<QueuedFailure> waivable(JournalEntry entry, List<QueuedFailure> found)
      throws InterruptedException {
    if (found.isEmpty()) {
      decisions.decide(entry.stage(), RetryBatch.waiver(entry, UNKNOWN));
    }
    return found;
  }

  private static void tell(JournalEntry entry, int lacking) {
    LOG.warn(
        "of the {} records of batch {} the messages of {} were deleted before it was sent: these are given up",
        entry.sequences().size(),
        entry.batch(),
        lacking);
  }
}
