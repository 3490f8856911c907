package dev.drover.worker.load;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.wire.decision.Verdict;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.ErrorQueue;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.target.LoadOutcome;
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

  void follow(HeldBatch batch, LoadOutcome outcome, String inputHash) throws InterruptedException {
    BatchHeaders headers = batch.headers();
    String now = context.clock().instant().toString();
    errors.publish(headers, batch.schema(), now, failures(batch, outcome));
    List<Row> waiting = waiting(batch, outcome);
    if (!waiting.isEmpty()) {
      publishWaiting(batch, waiting);
    }
    Decision decision =
        new Decision(
            headers.id().text(),
            headers.take(),
            headers.origin(),
            context.revision(),
            inputHash,
            outcome.counts(),
            List.of(),
            Decision.groups(outcome.verdicts()),
            0,
            now);
    decisions.decide(context.stage(), decision);
    batch.delivery().ack();
    if (outcome instanceof LoadOutcome.Loaded) {
      context.metrics().decided(outcome.counts());
    }
  }

  private static List<ErrorQueue.Failure> failures(HeldBatch batch, LoadOutcome outcome) {
    return outcome.verdicts().stream()
        .filter(v -> v.verdict() instanceof Verdict.Failed)
        .map(
            v ->
                new ErrorQueue.Failure(
                    v.index(), batch.rows().get(v.index()), (Verdict.Failed) v.verdict(), true))
        .toList();
  }

  private static List<Row> waiting(HeldBatch batch, LoadOutcome outcome) {
    return outcome.verdicts().stream()
        .filter(v -> v.verdict() instanceof Verdict.Waiting)
        .map(IndexedVerdict::index)
        .map(batch.rows()::get)
        .toList();
  }

  private void publishWaiting(HeldBatch batch, List<Row> rows) throws InterruptedException {
    BatchHeaders headers = batch.headers();
    BatchId id = headers.id().waiting(attempt(headers) + 1);
    RowWriter writer = new RowWriter(batch.schema(), 4096);
    rows.forEach(writer::append);
    BatchHeaders waiting =
        new BatchHeaders(
            id,
            headers.take(),
            rows.size(),
            headers.schema(),
            headers.revision(),
            Origin.waiting,
            headers.replay());
    context
        .publisher()
        .publish(
            context.names().waitingSubject(context.stage()),
            waiting.toHeaders(),
            writer.toByteArray(),
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
