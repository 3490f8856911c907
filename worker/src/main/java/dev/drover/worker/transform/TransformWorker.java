package dev.drover.worker.transform;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Checksums;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.jetstream.Delivery;
import dev.drover.worker.jetstream.Inbox;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.rules.Rules;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.ErrorQueue;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.stage.StageWorker;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a transform stage: several batches at a time, each by its own decision. */
public final class TransformWorker implements StageWorker {
  private static final Logger LOG = LoggerFactory.getLogger(TransformWorker.class);

  /** Enough to work while others wait for their acknowledgements; bounds the memory. */
  private static final int BATCHES_HELD = 4;

  private final StageContext context;
  private final DecisionLog decisions;
  private final ErrorQueue errors;
  private final RuleBook rules;
  private final Patience patience;
  private final Inbox inbox;
  private final ExecutorService batches = Executors.newVirtualThreadPerTaskExecutor();
  private volatile boolean stopping;

  /** A worker of the context's stage. */
  public TransformWorker(StageContext context) throws IOException {
    this.context = context;
    this.decisions =
        new DecisionLog(context.nats(), context.names(), context.publisher(), context.stalls());
    this.errors = new ErrorQueue(context);
    this.rules = new RuleBook(context);
    this.patience = new Patience(context.stalls());
    StageSpec.Transform stage = (StageSpec.Transform) context.spec().stage(context.stage());
    this.inbox =
        new Inbox(
            context.nats(),
            List.of(
                new Inbox.Source(context.names().retriesStream(), context.stage(), 2),
                new Inbox.Source(
                    context.names().queueStream(stage.from()), context.stage(), BATCHES_HELD)),
            context.stalls());
  }

  @Override
  public void run() throws InterruptedException {
    while (!stopping) {
      context.awaitTurn(() -> stopping);
      Delivery delivery = stopping ? null : inbox.take(Duration.ofSeconds(1));
      if (delivery != null) {
        context.pace().took(delivery.records());
        batches.execute(() -> work(delivery));
      }
    }
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
    } catch (RuntimeException e) {
      LOG.error("cannot work on {}", delivery.subject(), e);
      context
          .stalls()
          .begin(delivery.subject(), "BatchStuck", delivery.subject() + ": " + e.getMessage());
      delivery.giveBack(Duration.ofSeconds(5));
    }
  }

  private void process(Delivery delivery) throws InterruptedException {
    BatchHeaders headers = delivery.headers();
    RecordSchema input =
        patience.ask(
            "read schema " + headers.schema(), () -> context.state().schema(headers.schema()));
    Optional<Decision> before =
        delivery.deliveries() > 1
            ? decisions.find(context.stage(), headers.id())
            : Optional.empty();
    if (before.isPresent() && before.get().take() != headers.take()) {
      delivery.ack();
      return;
    }
    String revision = before.map(Decision::revision).orElse(context.revision());
    Rules used = rules(revision, input);
    JudgedBatch judged = judge(used, input, delivery.body());
    Decision decision;
    if (before.isPresent()) {
      decision = before.get();
    } else {
      decision =
          decisions.decide(context.stage(), decision(headers, revision, judged, delivery.body()));
      if (decision.take() != headers.take()) {
        delivery.ack();
        return;
      }
      if (!decision.revision().equals(revision)) {
        used = rules(decision.revision(), input);
        judged = judge(used, input, delivery.body());
      }
    }
    follow(decision, headers, input, used, judged);
    delivery.ack();
    context.metrics().decided(decision.counts());
  }

  private Rules rules(String revision, RecordSchema input) throws InterruptedException {
    return patience.ask(
        "read the rules of revision " + revision, () -> rules.rules(revision, input));
  }

  private JudgedBatch judge(Rules used, RecordSchema input, byte[] body) {
    return JudgedBatch.judge(used, input, body, context.maxRecordBytes());
  }

  private Decision decision(BatchHeaders headers, String revision, JudgedBatch judged, byte[] body)
      throws InterruptedException {
    return new Decision(
        headers.id().text(),
        headers.take(),
        headers.origin(),
        revision,
        Checksums.of(body),
        Counts.of(judged.records(), judged.verdicts()),
        judged.passed().parts(context.maxRecordBytes()),
        Decision.groups(judged.verdicts()),
        judged.failures().isEmpty() ? 0 : decisions.errorsSequence(),
        context.clock().instant().toString());
  }

  private void follow(
      Decision decision, BatchHeaders headers, RecordSchema input, Rules used, JudgedBatch judged)
      throws InterruptedException {
    errors.publish(headers, input, decision.decidedAt(), judged.failures());
    String schema = used.output().fingerprint();
    List<byte[]> bodies = judged.passed().cut(decision.parts());
    for (int part = 0; part < bodies.size(); part++) {
      BatchId id = headers.id().part(part);
      BatchHeaders output =
          new BatchHeaders(
              id,
              headers.take(),
              decision.parts().get(part),
              schema,
              decision.revision(),
              Origin.queue,
              List.of());
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
    inbox.stop();
  }

  @Override
  public void close() {
    batches.shutdown();
    try {
      if (!batches.awaitTermination(20, java.util.concurrent.TimeUnit.SECONDS)) {
        batches.shutdownNow();
      }
    } catch (InterruptedException e) {
      batches.shutdownNow();
      Thread.currentThread().interrupt();
    }
    inbox.close();
  }
}
