package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.FailedRecordStatus.Attempt;
import dev.drover.api.v1alpha1.FailedRecordStatus.SourceRow;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.privacy.Redaction;
import dev.drover.wire.failure.Correction;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.JournalEntry;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Does what users ask of the failed records of one chain. Each visit starts from what NATS holds:
 * the journal says what was asked, the decision what came of it. So a visit that was cut short
 * anywhere is made whole by the next, and a visit made twice does nothing twice.
 */
final class RecordClerk {
  /** Of a decision about a record of which nothing is known. */
  private static final String UNKNOWN = "unknown";

  private final ChainRef ref;
  private final SourceReplays sources;
  private final Requester requester;
  private final InstantSource clock;
  private final SeenMigrations.Seen seen;
  private final Redaction redaction;
  private final RecordReader reader;
  private final ErrorQueue errors;
  private final Journal journal;
  private final RetryQueue retries;
  private final FollowUps followUps;

  RecordClerk(
      NatsLink link,
      ChainRef ref,
      Schemas schemas,
      SourceReplays sources,
      Requester requester,
      Searches searches,
      SeenMigrations.Seen seen,
      InstantSource clock) {
    this.ref = ref;
    this.seen = seen;
    this.requester = requester;
    this.sources = sources;
    this.clock = clock;
    this.redaction = seen.redaction();
    errors = new ErrorQueue(link, ref.names());
    reader = new RecordReader(link, ref, errors, schemas, redaction);
    journal = new Journal(link, ref.names());
    retries = new RetryQueue(link, ref.names());
    followUps = new FollowUps(errors, journal, ref, searches);
  }

  /**
   * What a visit found.
   *
   * @param status what the resource shall say
   * @param again when to come again; empty when nothing more will happen by itself
   */
  record Visit(FailedRecordStatus status, Optional<Duration> again) {}

  /**
   * Looks at a resource and does what it asks.
   *
   * @param sequence the error message that it shows
   * @throws dev.drover.operator.chain.ChainUnavailableException if NATS is away or refuses
   */
  Visit visit(FailedRecord resource, long sequence) {
    Visit visit = answer(resource, sequence);
    boolean closed = RecordState.of(visit.status()).closed();
    if (closed || !SourceRows.isAsked(resource)) {
      return new Visit(visit.status().showing(SourceRows.kept(resource, redaction)), visit.again());
    }
    Instant now = clock.instant();
    SourceRow row = sources.show(resource, ref.name(), visit.status().errorSequence(), now);
    return new Visit(
        visit.status().showing(row),
        SourceRows.isReading(row) ? Optional.of(SourceRows.again(row, now)) : visit.again());
  }

  private Visit answer(FailedRecord resource, long sequence) {
    FailedRecordStatus before = resource.getStatus();
    if (before != null && RecordState.of(before).closed()) {
      boolean fits = RecordStatuses.fits(before, redaction);
      return new Visit(
          RecordStatuses.seen(
              fits
                  ? before
                  : RecordStatuses.withoutRecord(
                      before, History.of(resource, redaction), redaction),
              resource),
          Optional.empty());
    }
    Optional<JournalEntry> asked = journal.entry(sequence);
    if (asked.isPresent()) {
      return follow(resource, sequence, asked.get());
    }
    Optional<QueuedFailure> failure = errors.at(sequence);
    if (failure.isPresent()) {
      return isDue(resource) ? act(resource, failure.get()) : rest(resource, failure.get());
    }
    // Whoever takes a message out of the queue has written so before, perhaps just now.
    Optional<JournalEntry> since = journal.entry(sequence);
    if (since.isPresent()) {
      return follow(resource, sequence, since.get());
    }
    if (isDue(resource) && action(resource) == Action.Waive) {
      return giveUp(resource, sequence);
    }
    return visit(reader.described(resource, sequence), resource, handled(resource), Answer.lost());
  }

  /**
   * Looks at a resource that was made just now of a message.
   *
   * @throws dev.drover.operator.chain.ChainUnavailableException if NATS is away or refuses
   */
  Visit first(FailedRecord resource, QueuedFailure failure) {
    Optional<JournalEntry> asked = journal.entry(failure.sequence());
    return asked.isPresent()
        ? follow(resource, failure.sequence(), asked.get())
        : rest(resource, failure);
  }

  /** Each generation is carried out once; what follows from it is not asked again. */
  private static boolean isDue(FailedRecord resource) {
    return action(resource) != Action.None
        && !Objects.equals(handled(resource), resource.getMetadata().getGeneration());
  }

  private Visit rest(FailedRecord resource, QueuedFailure failure) {
    FailedRecordStatus before = resource.getStatus();
    Answer answer = before == null ? Answer.open() : Answer.last(before, action(resource));
    Visit visit = visit(reader.describe(failure), resource, handled(resource), answer);
    if (action(resource) == Action.Waive || !RecordStatuses.corrects(resource)) {
      return visit;
    }
    try {
      reader.change(failure, resource.getSpec());
      return visit;
    } catch (Correction.RefusedException e) {
      return refused(visit, resource, String.valueOf(e.getMessage()));
    }
  }

  private Visit act(FailedRecord resource, QueuedFailure failure) {
    FailedRecordSpec spec = resource.getSpec();
    if (spec.action() == Action.Replay && SourceReplays.wants(resource)) {
      return readAgain(resource, failure);
    }
    Long generation = resource.getMetadata().getGeneration();
    Change change = Change.NONE;
    if (spec.action() == Action.Replay) {
      try {
        change = reader.change(failure, spec);
      } catch (Correction.RefusedException e) {
        String why = String.valueOf(e.getMessage());
        Answer answer = Answer.refused(why);
        History.Request request = refusedRequest(resource);
        List<Attempt> history = History.with(resource, request, answer, redaction);
        return refused(
            visit(reader.describe(failure), resource, generation, history, answer), resource, why);
      }
    }
    Change asked = change;
    JournalEntry.By by = asking(resource);
    JournalEntry holds =
        journal.write(
            failure.sequence(),
            page ->
                JournalEntry.of(
                    spec.action() == Action.Waive
                        ? JournalEntry.Action.waive
                        : JournalEntry.Action.replay,
                    List.of(failure),
                    page,
                    asked,
                    by,
                    clock.instant().toString()));
    return follow(resource, failure.sequence(), holds);
  }

  private JournalEntry.By asking(FailedRecord resource) {
    return new JournalEntry.By(
        resource.getKind(),
        resource.getMetadata().getName(),
        resource.getMetadata().getUid(),
        resource.getMetadata().getGeneration(),
        requester.of(resource),
        resource.getSpec().reason());
  }

  /** All that can be done for a record that is lost: it counts as given up from now on. */
  private Visit giveUp(FailedRecord resource, long sequence) {
    JournalEntry.By by = asking(resource);
    String stage = RecordNames.stage(resource);
    return follow(
        resource,
        sequence,
        journal.write(
            sequence,
            page -> JournalEntry.ofLost(stage, sequence, page, by, clock.instant().toString())));
  }

  /** Until the journal has it, a Redrive of one is at it; or has found that nothing can be sent. */
  private Visit readAgain(FailedRecord resource, QueuedFailure failure) {
    FailedRecordStatus described = reader.describe(failure);
    return switch (sources.ask(resource, ref.name(), failure.sequence())) {
      case SourceReplays.Standing.UnderWay(String message) ->
          visit(described, resource, handled(resource), Answer.reading(message));
      case SourceReplays.Standing.Refused(String reason, String message) -> {
        Long generation = resource.getMetadata().getGeneration();
        Answer answer = Answer.refusedFor(reason, message);
        History.Request request = refusedRequest(resource);
        yield visit(
            described,
            resource,
            generation,
            History.with(resource, request, answer, redaction),
            answer);
      }
    };
  }

  /** What was asked is in the journal: carries it out, as far as that is not done. */
  private Visit follow(FailedRecord resource, long sequence, JournalEntry entry) {
    FailedRecordStatus described = reader.described(resource, sequence);
    if (entry.action() == JournalEntry.Action.waive) {
      if (isOfOne(entry)) {
        retries.waive(entry, errors.at(sequence).map(f -> f.detail().revision()).orElse(UNKNOWN));
        errors.delete(sequence);
      }
      return visit(described, resource, entry, Answer.waived());
    }
    // The message does not count the replay that is under way; a status that shows it does.
    FailedRecordStatus sent =
        saysReplaying(resource, sequence) ? described : RecordStatuses.sentOnceMore(described);
    String stage = entry.stage();
    Fate fate = Fate.of(entry, sequence, batch -> retries.decision(stage, batch));
    return switch (fate) {
      case Fate.UnderWay u -> {
        sendUnlessSent(resource, sequence, entry);
        yield visit(
            sent,
            resource,
            entry,
            Answer.replaying("sent to the stage again" + seen.standing(stage)));
      }
      case Fate.Gone g -> visit(sent, resource, entry, Answer.gone());
      case Fate.Waits w -> visit(sent, resource, entry, Answer.waiting());
      case Fate.Passed passed -> resolved(sent, resource, entry, passed(stage, passed));
      case Fate.Filtered f -> resolved(sent, resource, entry, "left out by a filter");
      case Fate.FailedAgain again ->
          switch (followUps.find(sequence, entry, again, clock.instant())) {
            case FollowUps.Found.There(QueuedFailure failure) ->
                failedAgain(resource, sequence, entry, failure);
            case FollowUps.Found.Gone g -> {
              errors.delete(sequence);
              yield visit(sent, resource, entry, Answer.takenUp());
            }
            case FollowUps.Found.NotYet n ->
                visit(
                    sent,
                    resource,
                    entry,
                    Answer.replaying("failed again; its new message has not come yet"));
          };
    };
  }

  /** What a Redrive asked for, its worker carries out. */
  private static boolean isOfOne(JournalEntry entry) {
    return entry.by().kind().equals(HasMetadata.getKind(FailedRecord.class));
  }

  /** A status that says so proves that it was sent, for it was written after. */
  private void sendUnlessSent(FailedRecord resource, long sequence, JournalEntry entry) {
    if (!isOfOne(entry) || saysReplaying(resource, sequence)) {
      return;
    }
    Optional<QueuedFailure> failure = errors.at(sequence);
    if (failure.isPresent()) {
      try {
        retries.send(
            entry, failure.get(), reader.corrected(failure.get(), entry.change().correction()));
      } catch (Correction.RefusedException e) {
        throw new IllegalStateException(
            "the journal of failed record " + sequence + " holds a correction that is refused", e);
      }
    } else if (!retries.holds(entry)) {
      // Never sent, and somebody has deleted the message by hand: nobody has the record any more.
      retries.waive(entry, UNKNOWN);
    }
  }

  private static boolean saysReplaying(FailedRecord resource, long sequence) {
    FailedRecordStatus before = resource.getStatus();
    return before != null
        && before.errorSequence() == sequence
        && RecordState.of(before) == RecordState.Replaying;
  }

  private Visit failedAgain(
      FailedRecord resource, long sequence, JournalEntry entry, QueuedFailure failure) {
    errors.delete(sequence);
    FailedRecordStatus described = reader.describe(failure);
    return visit(described, resource, entry, Answer.failedAgain(described.message()));
  }

  private Visit resolved(
      FailedRecordStatus described, FailedRecord resource, JournalEntry entry, String outcome) {
    errors.delete(described.errorSequence());
    return visit(described, resource, entry, Answer.resolved(outcome));
  }

  private String passed(String stage, Fate.Passed passed) {
    return reader.isLoad(stage, passed.decision())
        ? "loaded"
        : "passed stage " + stage + "; from there it goes on as any other";
  }

  private Visit visit(
      FailedRecordStatus described, FailedRecord resource, JournalEntry entry, Answer answer) {
    Long generation = asking(resource, entry.by());
    History.Request request =
        new History.Request(
            entry.action() == JournalEntry.Action.waive ? Action.Waive : Action.Replay,
            entry.at(),
            generation,
            by(resource, generation, entry.by()),
            reason(resource, generation, entry.by()),
            entry.change());
    return visit(
        described,
        resource,
        generation != null ? generation : handled(resource),
        History.with(resource, request, answer, redaction),
        answer);
  }

  /** Nothing was written down of it. */
  private History.Request refusedRequest(FailedRecord resource) {
    return new History.Request(
        Action.Replay,
        clock.instant().toString(),
        resource.getMetadata().getGeneration(),
        requester.of(resource),
        resource.getSpec().reason(),
        Change.NONE);
  }

  /** What the journal does not say, the resource does, as long as it is as it was when it asked. */
  private @Nullable String by(
      FailedRecord resource, @Nullable Long generation, JournalEntry.By by) {
    if (generation == null) {
      return by.kind() + "/" + by.name();
    }
    boolean itself = by.uid().equals(resource.getMetadata().getUid());
    if (itself && by.user() != null) {
      return by.user();
    }
    return generation.equals(resource.getMetadata().getGeneration())
        ? requester.of(resource)
        : null;
  }

  private static @Nullable String reason(
      FailedRecord resource, @Nullable Long generation, JournalEntry.By by) {
    return by.reason() == null && Objects.equals(generation, resource.getMetadata().getGeneration())
        ? resource.getSpec().reason()
        : by.reason();
  }

  /** The generation of the resource that asked, itself or by a Redrive of its own. */
  private static @Nullable Long asking(FailedRecord resource, JournalEntry.By by) {
    return by.uid().equals(resource.getMetadata().getUid())
        ? Long.valueOf(by.generation())
        : SourceReplays.generation(resource, by);
  }

  private Visit visit(
      FailedRecordStatus described, FailedRecord resource, @Nullable Long handled, Answer answer) {
    return visit(described, resource, handled, History.of(resource, redaction), answer);
  }

  private Visit visit(
      FailedRecordStatus described,
      FailedRecord resource,
      @Nullable Long handled,
      List<Attempt> history,
      Answer answer) {
    return new Visit(
        RecordStatuses.say(described, resource, handled, history, answer, clock.instant()),
        answer.again());
  }

  /** The same, with what is wrong with the correction. */
  private Visit refused(Visit visit, FailedRecord resource, String why) {
    return new Visit(
        RecordStatuses.correctionRefused(visit.status(), resource, why, clock.instant()),
        visit.again());
  }

  private static Action action(FailedRecord resource) {
    return resource.getSpec() == null ? Action.None : resource.getSpec().action();
  }

  private static @Nullable Long handled(FailedRecord resource) {
    return resource.getStatus() == null ? null : resource.getStatus().handledGeneration();
  }
}
