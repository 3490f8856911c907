package dev.drover.worker.load;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.queues.WaitingRoom;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.database.LoadOutcome.AlreadyDecided;
import dev.drover.worker.jetstream.Delivery;
import dev.drover.worker.load.HeldBatch.Judged;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.ErrorQueue;
import dev.drover.worker.stage.StageContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What follows once a batch is loaded: its failed records go to the error queue, its decision to
 * the tally, those that wait to the waiting room; then it is acknowledged, or given back if they
 * found the room full. Doing it twice has the effect of doing it once. Thread-safe.
 */
final class Aftermath {
  private final StageContext context;
  private final boolean ledger;
  private final ErrorQueue errors;
  private final DecisionLog decisions;
  private final WaitingRoomDoor door;
  private final Rests rests;

  /**
   * @param ledger whether the target has decided what is loaded, so that a decision in the log is
   *     only its copy; else the log alone decides
   */
  Aftermath(
      StageContext context,
      boolean ledger,
      ErrorQueue errors,
      DecisionLog decisions,
      WaitingRoomDoor door,
      Rests rests) {
    this.context = context;
    this.ledger = ledger;
    this.errors = errors;
    this.decisions = decisions;
    this.door = door;
    this.rests = rests;
  }

  /** Does what follows from the last decision on a message, and from those before. */
  void follow(HeldBatch batch, LoadOutcome outcome, String inputHash) throws InterruptedException {
    for (Judged earlier : batch.before()) {
      carryOut(earlier);
    }
    if (outcome instanceof LoadOutcome.StillWaiting) {
      settle(batch.delivery(), batch);
      return;
    }
    List<Integer> waiting = waiting(carryOut(new Judged(batch, outcome, inputHash)));
    settle(batch.delivery(), waiting.isEmpty() ? null : batch.waiting(waiting, List.of()));
  }

  /**
   * Lets go of a message. One that is given back comes again, here or elsewhere: what was decided
   * is found then, and what waits is tried again, in the room or not.
   *
   * @param rest what waits; null if nothing does
   */
  private void settle(Delivery delivery, @Nullable HeldBatch rest) throws InterruptedException {
    if (rest == null || door.enter(rest)) {
      delivery.ack();
    } else {
      Duration pause =
          delivery.headers().origin() == Origin.waiting
              ? WaitingRoom.pause(delivery.deliveries())
              : rests.next(delivery.deliveries());
      door.comesAgain(pause);
      delivery.giveBack(pause);
    }
  }

  /** Publishes failed records and the decision; returns the verdicts that hold. */
  private List<IndexedVerdict> carryOut(Judged judged) throws InterruptedException {
    HeldBatch batch = judged.batch();
    boolean loaded = judged.outcome() instanceof LoadOutcome.Loaded;
    List<IndexedVerdict> verdicts = judged.outcome().verdicts();
    if (ledger) {
      // Its decision is written after its failed records: where it is, they came.
      if (loaded || decisions.find(context.stage(), batch.headers().id()).isEmpty()) {
        String now = now();
        long errorsAfter =
            loaded
                ? publishFailures(batch, verdicts, now)
                : publishAgain(batch, verdicts, context.revision(), now, 0);
        decisions.decide(context.stage(), decision(judged, errorsAfter, now));
      }
    } else if (loaded) {
      String now = now();
      long errorsAfter = judged.outcome().counts().failed() == 0 ? 0 : decisions.errorsSequence();
      Decision mine = decision(judged, errorsAfter, now);
      Decision holds = decisions.decide(context.stage(), mine);
      if (holds.equals(mine)) {
        publishFailures(batch, verdicts, now);
      } else { // an attempt that comes second does what the first one decided
        loaded = false;
        verdicts = holds.take() == batch.headers().take() ? verdicts(holds) : List.of();
        publishAgain(batch, verdicts, holds.revision(), holds.decidedAt(), holds.errorsAfter());
      }
    } else if (judged.outcome() instanceof AlreadyDecided earlier && earlier.logged() != null) {
      // The decision came first, so it does not tell whether they were published.
      publishAgain(
          batch,
          verdicts,
          earlier.revision(),
          earlier.logged().at(),
          earlier.logged().errorsAfter());
    } else {
      publishAgain(batch, verdicts, context.revision(), now(), 0);
    }
    if (loaded) {
      context.metrics().decided(judged.outcome().counts());
    }
    return verdicts;
  }

  private String now() {
    return context.clock().instant().toString();
  }

  /** Without a ledger: what an earlier attempt decided, and perhaps did not live to do. */
  static AlreadyDecided decided(Decision decision) {
    return new AlreadyDecided(
        decision.take(),
        decision.revision(),
        decision.inputHash(),
        decision.counts(),
        verdicts(decision),
        new AlreadyDecided.Logged(decision.decidedAt(), decision.errorsAfter()));
  }

  /**
   * A decision names causes and records; the message that only the first attempt knew is not there.
   */
  private static List<IndexedVerdict> verdicts(Decision decided) {
    List<IndexedVerdict> verdicts = new ArrayList<>();
    for (Decision.Group group : decided.groups()) {
      Cause cause = group.cause();
      if (cause == null) {
        continue;
      }
      String message = cause.code() + (cause.subject().isEmpty() ? "" : ": " + cause.subject());
      Verdict verdict =
          group.kind() == Decision.Kind.waiting
              ? new Verdict.Waiting(cause, message)
              : new Verdict.Failed(FailureClass.Record, cause, message);
      group.indexes().forEach(index -> verdicts.add(new IndexedVerdict(index, verdict)));
    }
    return verdicts;
  }

  /** Sends failed records to the error queue; returns where the failures begin. */
  private long publishFailures(HeldBatch batch, List<IndexedVerdict> verdicts, String at)
      throws InterruptedException {
    return errors.publish(
        batch.headers(), batch.schema(), context.revision(), at, failures(batch, verdicts));
  }

  /** The same of those that an earlier attempt did not live to send. */
  private long publishAgain(
      HeldBatch batch, List<IndexedVerdict> verdicts, String revision, String at, long after)
      throws InterruptedException {
    return errors.publishAgain(
        batch.headers(), batch.schema(), revision, at, after, failures(batch, verdicts));
  }

  private Decision decision(Judged judged, long errorsAfter, String at) {
    BatchHeaders headers = judged.batch().headers();
    LoadOutcome outcome = judged.outcome();
    return new Decision(
        headers.id().text(),
        headers.take(),
        headers.origin(),
        context.revision(),
        judged.inputHash(),
        outcome.counts(),
        List.of(),
        Decision.groups(outcome.verdicts()),
        errorsAfter,
        at);
  }

  private static List<ErrorQueue.Failure> failures(HeldBatch batch, List<IndexedVerdict> verdicts) {
    return verdicts.stream()
        .filter(v -> v.verdict() instanceof Verdict.Failed)
        .map(
            v ->
                ErrorQueue.Failure.of(
                    v.index(), batch.rows().at(v.index()), (Verdict.Failed) v.verdict()))
        .toList();
  }

  /** The indexes of the records that wait, in order. */
  static List<Integer> waiting(List<IndexedVerdict> verdicts) {
    return verdicts.stream()
        .filter(v -> v.verdict() instanceof Verdict.Waiting)
        .map(IndexedVerdict::index)
        .sorted()
        .toList();
  }
}
