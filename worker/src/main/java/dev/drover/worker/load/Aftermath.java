package dev.drover.worker.load;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.ErrorQueue;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.target.LoadOutcome;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * What follows once a batch is loaded: its failed records go to the error queue, those that wait to
 * the waiting room, its decision to the tally; then it is acknowledged. Doing it twice has the
 * effect of doing it once. Thread-safe.
 */
final class Aftermath {
  private final StageContext context;
  private final ErrorQueue errors;
  private final DecisionLog decisions;

  Aftermath(StageContext context, ErrorQueue errors, DecisionLog decisions) {
    this.context = context;
    this.errors = errors;
    this.decisions = decisions;
  }

  /** For a load that the ledger has decided: the decision in the log is only its copy. */
  void follow(HeldBatch batch, LoadOutcome outcome, String inputHash) throws InterruptedException {
    String now = context.clock().instant().toString();
    long errorsAfter = carryOut(batch, outcome.verdicts(), now);
    decisions.decide(
        context.stage(), decision(batch.headers(), outcome, inputHash, errorsAfter, now));
    batch.delivery().ack();
    if (outcome instanceof LoadOutcome.Loaded) {
      context.metrics().decided(outcome.counts());
    }
  }

  /**
   * For a load without a ledger, where the log alone decides: an attempt that comes second does
   * what the first one decided, whatever it found itself.
   */
  void decideAndFollow(HeldBatch batch, LoadOutcome outcome, String inputHash)
      throws InterruptedException {
    String now = context.clock().instant().toString();
    long errorsAfter = outcome.counts().failed() == 0 ? 0 : decisions.errorsSequence();
    Decision mine = decision(batch.headers(), outcome, inputHash, errorsAfter, now);
    Decision holds = decisions.decide(context.stage(), mine);
    if (holds.equals(mine)) {
      carryOut(batch, outcome.verdicts(), now);
      batch.delivery().ack();
      context.metrics().decided(outcome.counts());
    } else {
      followAgain(batch, holds);
    }
  }

  /** Does what an earlier attempt without a ledger decided, and perhaps did not live to do. */
  void followAgain(HeldBatch batch, Decision decided) throws InterruptedException {
    if (decided.take() == batch.headers().take()) {
      carryOut(batch, verdicts(decided), decided.decidedAt());
    }
    batch.delivery().ack();
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

  /** Sends failed and waiting records where they belong; returns where the failures begin. */
  private long carryOut(HeldBatch batch, List<IndexedVerdict> verdicts, String at)
      throws InterruptedException {
    long errorsAfter =
        errors.publish(
            batch.headers(), batch.schema(), context.revision(), at, failures(batch, verdicts));
    List<Integer> waiting = waiting(verdicts);
    if (!waiting.isEmpty()) {
      publishWaiting(batch, waiting);
    }
    return errorsAfter;
  }

  private Decision decision(
      BatchHeaders headers, LoadOutcome outcome, String inputHash, long errorsAfter, String at) {
    return new Decision(
        headers.id().text(),
        headers.take(),
        headers.origin(),
        context.revision(),
        inputHash,
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
  private static List<Integer> waiting(List<IndexedVerdict> verdicts) {
    return verdicts.stream()
        .filter(v -> v.verdict() instanceof Verdict.Waiting)
        .map(IndexedVerdict::index)
        .sorted()
        .toList();
  }

  private void publishWaiting(HeldBatch batch, List<Integer> indexes) throws InterruptedException {
    BatchHeaders headers = batch.headers();
    BatchId id = headers.id().waiting(attempt(headers) + 1);
    ByteArrayOutputStream body = new ByteArrayOutputStream(4096);
    indexes.forEach(index -> body.writeBytes(batch.rows().at(index).encodedRow()));
    BatchHeaders waiting =
        new BatchHeaders(
            id,
            headers.take(),
            indexes.size(),
            headers.schema(),
            headers.revision(),
            Origin.waiting,
            headers.replayed().isEmpty()
                ? List.of()
                : indexes.stream().map(headers.replayed()::get).toList());
    context
        .publisher()
        .publish(
            context.names().waitingSubject(context.stage()),
            waiting.toHeaders(),
            body.toByteArray(),
            context.stage() + "/" + id);
  }

  /** How often the batch's records have waited so far; the name of the batch says it. */
  private static int attempt(BatchHeaders headers) {
    if (headers.origin() != Origin.waiting) {
      return 0;
    }
    String id = headers.id().text();
    return Integer.parseInt(id.substring(id.lastIndexOf("-w") + 2));
  }
}
