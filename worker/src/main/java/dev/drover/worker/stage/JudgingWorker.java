package dev.drover.worker.stage;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Checksums;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.plan.Derivation;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.jetstream.Delivery;
import dev.drover.worker.jetstream.Inbox;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.jetstream.Stalls;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a stage that judges records and hands on what passes, such as a transform: several batches
 * at a time, each by its own decision.
 */
public final class JudgingWorker implements StageWorker {
  private static final Logger LOG = LoggerFactory.getLogger(JudgingWorker.class);

  /** Enough to work while others wait for their acknowledgements; bounds the memory. */
  private static final int BATCHES_HELD = 4;

  private static final Duration REST = Duration.ofSeconds(1);

  private final StageContext context;
  private final DecisionLog decisions;
  private final PassedBefore passedBefore;
  private final ErrorQueue errors;
  private final Judge judge;
  private final Patience patience;
  private final Inbox inbox;
  private final ExecutorService batches = Executors.newVirtualThreadPerTaskExecutor();
  private volatile boolean stopping;

  /**
   * A worker of the context's stage.
   *
   * @param judge is closed with it
   */
  public JudgingWorker(StageContext context, Judge judge) throws IOException {
    this.context = context;
    this.decisions =
        new DecisionLog(context.nats(), context.names(), context.publisher(), context.stalls());
    this.passedBefore = new PassedBefore(context, decisions);
    this.errors = new ErrorQueue(context);
    this.judge = judge;
    this.patience = new Patience(context.stalls());
    String from = context.spec().stage(context.stage()).from();
    if (from == null) {
      throw new IllegalArgumentException(context.stage() + " reads no queue");
    }
    this.inbox =
        new Inbox(
            context.nats(),
            List.of(
                new Inbox.Source(context.names().retriesStream(), context.stage(), 2),
                new Inbox.Source(context.names().queueStream(from), context.stage(), BATCHES_HELD)),
            context::appetite,
            context.stalls());
  }

  @Override
  public void run() throws InterruptedException {
    long rested = System.nanoTime();
    while (!stopping) {
      if (System.nanoTime() - rested >= REST.toNanos()) {
        rested = System.nanoTime();
        batches.execute(judge::rest);
      }
      context.awaitTurn(this::idleUntilStopped);
      Delivery delivery = stopping ? null : inbox.take(Duration.ofSeconds(1));
      if (delivery != null) {
        if (delivery.deliveries() == 1) { // what comes again was paid for
          context.pace().took(delivery.records());
        }
        batches.execute(() -> work(delivery));
      } else if (!stopping) {
        batches.execute(judge::idle);
      }
    }
  }

  /** Asked again and again while nothing may be taken. */
  private boolean idleUntilStopped() {
    if (!stopping) {
      batches.execute(judge::idle);
    }
    return stopping;
  }

  private void work(Delivery delivery) {
    try {
      long started = System.nanoTime();
      process(delivery);
      context.metrics().worked(System.nanoTime() - started);
      context.stalls().over(delivery.subject());
    } catch (InterruptedException e) {
      delivery.giveBack(Duration.ZERO);
      Thread.currentThread().interrupt();
    } catch (SetAsideException e) {
      setAside(delivery, e);
    } catch (RuntimeException e) {
      LOG.error("cannot work on {}", delivery.subject(), Unforeseen.untold(e));
      context
          .stalls()
          .begin(
              delivery.subject(),
              "BatchStuck",
              delivery.subject() + ": " + Unforeseen.text(e),
              Stalls.STUCK_TOLD);
      delivery.giveBack(Duration.ofSeconds(5));
    }
  }

  /** It may come again elsewhere, and be told of there: so this is told for a while only. */
  private void setAside(Delivery delivery, SetAsideException e) {
    Duration pause = e.pause(delivery.deliveries());
    context
        .stalls()
        .begin(
            e.source(),
            e.reason(),
            "%s. Its batch is tried again in %d s, and the others go on"
                .formatted(e.getMessage(), pause.toSeconds()),
            pause.multipliedBy(2));
    delivery.giveBack(pause);
  }

  private void process(Delivery delivery) throws InterruptedException, SetAsideException {
    BatchHeaders headers = delivery.headers();
    if (passedBefore.test(headers)) {
      delivery.ack();
      return;
    }
    RecordSchema input =
        patience.ask(
            "read schema " + headers.schema(), () -> context.state().schema(headers.schema()));
    boolean again = delivery.deliveries() > 1;
    Optional<Decision> before =
        again ? decisions.find(context.stage(), headers.id()) : Optional.empty();
    if (before.isPresent() && before.get().take() != headers.take()) {
      delivery.ack();
      return;
    }
    Judge.Arrived batch = new Judge.Arrived(headers, input, delivery.body(), again);
    String revision = before.map(Decision::revision).orElse(context.revision());
    Optional<JudgedBatch> judged = judge.judge(batch, revision);
    Decision decision = null;
    boolean mine = false;
    if (judged.isPresent()) {
      if (before.isPresent()) {
        decision = before.get();
      } else {
        Decision made = make(batch, revision, judged.get());
        decision = decisions.decide(context.stage(), made);
        mine = decision.equals(made);
      }
      if (decision.take() != headers.take()) {
        judge.settled(batch, revision);
        delivery.ack();
        return;
      }
      if (!decision.revision().equals(revision)) {
        judge.settled(batch, revision);
        // Decided, hence delivered, before: what is known of that is not asked for again.
        judged =
            judge.judge(
                new Judge.Arrived(headers, input, delivery.body(), true), decision.revision());
      }
    }
    if (decision != null && judged.isPresent()) {
      setAside(decision, mine, headers, input, judged.get());
      follow(decision, headers, judged.get());
      judge.settled(batch, decision.revision());
    }
    delivery.ack();
    if (decision != null) {
      context.metrics().decided(decision.counts());
    }
  }

  private Decision make(Judge.Arrived batch, String revision, JudgedBatch judged)
      throws InterruptedException {
    BatchHeaders headers = batch.headers();
    return new Decision(
        headers.id().text(),
        headers.take(),
        headers.origin(),
        revision,
        Checksums.of(batch.body()),
        Counts.of(judged.records(), judged.verdicts()),
        judged.passed().parts(context.maxRecordBytes()),
        Decision.groups(judged.verdicts()),
        judged.failures().isEmpty() ? 0 : decisions.errorsSequence(),
        context.clock().instant().toString());
  }

  /**
   * @param mine whether the decision was made just now and here, so that nobody has published what
   *     follows from it
   */
  private void setAside(
      Decision decision, boolean mine, BatchHeaders headers, RecordSchema input, JudgedBatch judged)
      throws InterruptedException {
    if (mine) {
      errors.publish(headers, input, decision.revision(), decision.decidedAt(), judged.failures());
    } else {
      errors.publishAgain(
          headers,
          input,
          decision.revision(),
          decision.decidedAt(),
          decision.errorsAfter(),
          judged.failures());
    }
  }

  private void follow(Decision decision, BatchHeaders headers, JudgedBatch judged)
      throws InterruptedException {
    String schema = judged.output().fingerprint();
    List<byte[]> bodies = judged.passed().cut(decision.parts());
    for (int part = 0; part < bodies.size(); part++) {
      BatchId id = headers.id().part(part);
      BatchHeaders output =
          new BatchHeaders(
              id,
              headers.take(),
              decision.parts().get(part),
              schema,
              headers.revisionAfter(context.stage(), decision.revision()),
              Origin.queue,
              List.of(),
              Derivation.through(headers.made(), context.spec().stage(context.stage())));
      long started = System.nanoTime();
      context
          .publisher()
          .publish(
              context.names().queueSubject(context.stage(), id.text()),
              output.toHeaders(),
              bodies.get(part),
              context.stage() + "/" + id);
      context.metrics().published(bodies.get(part).length, System.nanoTime() - started);
    }
  }

  @Override
  public void stop() {
    stopping = true;
    context.stalls().leaving().ask();
    inbox.stop();
  }

  @Override
  public void close() {
    batches.shutdown();
    try {
      batches.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      batches.shutdownNow();
      Thread.currentThread().interrupt();
    }
    inbox.close();
    judge.close();
  }
}
