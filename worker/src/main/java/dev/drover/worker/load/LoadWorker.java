package dev.drover.worker.load;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchRows;
import dev.drover.wire.batch.Checksums;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.queues.WaitingRoom;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.WaitingRound;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.database.LoadTarget;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.Delivery;
import dev.drover.worker.jetstream.Inbox;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.ErrorQueue;
import dev.drover.worker.stage.PassedBefore;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.stage.StageWorker;
import dev.drover.worker.stage.Unforeseen;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a load stage: what has arrived is loaded together, a transaction per table. */
public final class LoadWorker implements StageWorker {
  private static final Logger LOG = LoggerFactory.getLogger(LoadWorker.class);
  private static final String DATABASE = "target database";
  private static final int BATCHES_HELD = 6;

  /** Enough rows for a transaction to cost nothing visible; more only costs memory. */
  private static final int TRANSACTION_ROWS = 20_000;

  private static final int TRANSACTION_BYTES = 2 << 20;
  private static final Duration STUCK_DELAY = Duration.ofSeconds(5);

  private final StageContext context;
  private final LoadTarget target;
  private final boolean ledger;
  private final DecisionLog decisions;
  private final PassedBefore passedBefore;
  private final WaitingRoomDoor door;
  private final Rests rests = new Rests();
  private final Aftermath aftermath;
  private final Patience patience;
  private final Inbox inbox;
  private final @Nullable FinishingTouch finishing;
  private final ExecutorService followers = Executors.newVirtualThreadPerTaskExecutor();
  private volatile boolean stopping;

  /** A worker that leaves the finishing to others, see the other constructor. */
  public LoadWorker(StageContext context, LoadTarget target, boolean ledger) throws IOException {
    this(context, target, ledger, false);
  }

  /**
   * A worker of the context's stage.
   *
   * @param ledger whether the target keeps a ledger; without one the decisions are looked up
   * @param finishes whether it does what is left at the target when all is decided
   */
  public LoadWorker(StageContext context, LoadTarget target, boolean ledger, boolean finishes)
      throws IOException {
    this.finishing = finishes ? new FinishingTouch(context, target) : null;
    this.context = context;
    this.target = target;
    this.ledger = ledger;
    this.decisions =
        new DecisionLog(context.nats(), context.names(), context.publisher(), context.stalls());
    this.passedBefore = new PassedBefore(context, decisions);
    this.door = new WaitingRoomDoor(context);
    this.aftermath =
        new Aftermath(context, ledger, new ErrorQueue(context), decisions, door, rests);
    this.patience = new Patience(context.stalls());
    StageSpec.Load stage = (StageSpec.Load) context.spec().stage(context.stage());
    this.inbox =
        new Inbox(
            context.nats(),
            List.of(
                new Inbox.Source(context.names().retriesStream(), context.stage(), 2),
                new Inbox.Source(context.names().waitingStream(), context.stage(), 2),
                new Inbox.Source(
                    context.names().queueStream(stage.from()), context.stage(), BATCHES_HELD)),
            context::appetite,
            context.stalls());
  }

  @Override
  public void run() throws InterruptedException {
    while (!stopping) {
      context.awaitTurn(this::restingUntilStopped);
      target.rest();
      door.look();
      Delivery first = stopping ? null : inbox.take(Duration.ofSeconds(1));
      if (first != null) {
        loadAll(gather(first));
      } else {
        target.idle();
        if (finishing != null && !stopping) {
          finishing.look();
        }
      }
    }
  }

  private boolean restingUntilStopped() {
    target.idle();
    return stopping;
  }

  /** What is there, up to the size of a transaction, by table and schema in order of arrival. */
  private Map<RecordSchema, List<HeldBatch>> gather(Delivery first) throws InterruptedException {
    Map<RecordSchema, List<HeldBatch>> gathered = new LinkedHashMap<>();
    int rows = 0;
    int bytes = 0;
    for (Delivery d = first; d != null; d = context.mustWait() ? null : inbox.take(Duration.ZERO)) {
      if (d.deliveries() == 1) { // what comes again was paid for, and must not hold off the new
        context.pace().took(d.records());
      }
      try {
        HeldBatch batch = decode(d);
        if (batch.headers().origin() == Origin.queue) {
          rests.came(d.deliveries(), d.behind());
        }
        gathered.computeIfAbsent(batch.schema(), s -> new ArrayList<>()).add(batch);
        rows += batch.rows().size();
        bytes += d.body().length;
      } catch (RuntimeException e) {
        stuck(d, e);
      }
      if (rows >= TRANSACTION_ROWS || bytes >= TRANSACTION_BYTES) {
        break;
      }
    }
    return gathered;
  }

  private HeldBatch decode(Delivery delivery) throws InterruptedException {
    BatchHeaders headers = delivery.headers();
    RecordSchema schema =
        patience.ask(
            "read schema " + headers.schema(), () -> context.state().schema(headers.schema()));
    return new HeldBatch(
        delivery, headers, BatchRows.of(schema, delivery.body(), headers.records()), List.of());
  }

  private void loadAll(Map<RecordSchema, List<HeldBatch>> gathered) throws InterruptedException {
    for (Map.Entry<RecordSchema, List<HeldBatch>> group : gathered.entrySet()) {
      if (stopping) {
        group.getValue().forEach(batch -> batch.delivery().giveBack(Duration.ZERO));
        continue;
      }
      List<HeldBatch> undecided = new ArrayList<>();
      for (HeldBatch batch : group.getValue()) {
        if (passedBefore.test(batch.headers())) {
          finish(batch, () -> batch.delivery().ack());
          continue;
        }
        if (decidedBefore(batch)) {
          continue;
        }
        if (batch.headers().origin() == Origin.waiting) {
          load(group.getKey().table(), List.of(batch));
        } else {
          undecided.add(batch);
        }
      }
      load(group.getKey().table(), undecided);
    }
  }

  /** Without a ledger only the log knows what was decided. */
  private boolean decidedBefore(HeldBatch batch) throws InterruptedException {
    if (ledger) {
      return false;
    }
    Optional<Decision> decided = decisions.find(context.stage(), batch.headers().id());
    if (decided.isPresent()) {
      follow(batch, Aftermath.decided(decided.get()), decided.get().inputHash());
    }
    return decided.isPresent();
  }

  private void load(String table, List<HeldBatch> batches) throws InterruptedException {
    if (batches.isEmpty()) {
      return;
    }
    List<LoadBatch> work = new ArrayList<>();
    for (HeldBatch batch : batches) {
      work.add(loadBatch(batch));
    }
    Backoff backoff =
        new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10), context.stalls().leaving());
    while (true) {
      try {
        long started = System.nanoTime();
        List<LoadOutcome> outcomes = target.load(table, work);
        context.metrics().worked(System.nanoTime() - started);
        context.stalls().over(DATABASE);
        for (int i = 0; i < batches.size(); i++) {
          follow(batches.get(i), outcomes.get(i), work.get(i).inputHash());
        }
        return;
      } catch (RuntimeException e) {
        target.close();
        if (batches.size() == 1) {
          stuck(batches.getFirst().delivery(), e);
        } else {
          for (HeldBatch batch : batches) {
            load(table, List.of(batch));
          }
        }
        return;
      } catch (SystemFailure e) {
        context.stalls().begin(DATABASE, e.reason(), String.valueOf(e.getMessage()));
        if (e.hasWaited()) {
          backoff.shorten(); // it is to go on as soon as what it waits for is free
        }
        target.rest();
        backoff.pause();
      }
    }
  }

  private LoadBatch loadBatch(HeldBatch batch) throws InterruptedException {
    BatchHeaders headers = batch.headers();
    return new LoadBatch(
        headers.id().text(),
        headers.take(),
        headers.revisionAfter(context.stage(), context.revision()),
        Checksums.of(batch.rows().bytes()),
        batch.rows(),
        patience(headers));
  }

  private LoadBatch.Patience patience(BatchHeaders headers) throws InterruptedException {
    if (headers.origin() != Origin.waiting) {
      return LoadBatch.Patience.MayWait;
    }
    return lastRound() ? LoadBatch.Patience.LastAttempt : LoadBatch.Patience.OnlyProgress;
  }

  private boolean lastRound() throws InterruptedException {
    return patience.ask(
        "read the state of the waiting room",
        () -> context.state().bucket().get(WaitingRound.key(context.stage())) != null);
  }

  /** Publications and acknowledgements go on while the next transaction runs. */
  private void follow(HeldBatch batch, LoadOutcome outcome, String inputHash)
      throws InterruptedException {
    switch (outcome) {
      case LoadOutcome.StillWaiting w when batch.before().isEmpty() ->
          batch.delivery().giveBack(WaitingRoom.pause(batch.delivery().deliveries()));
      case LoadOutcome.AlreadyDecided d when d.take() != batch.headers().take() ->
          finish(batch, () -> batch.delivery().ack());
      case LoadOutcome.AlreadyDecided d when !Aftermath.waiting(d.verdicts()).isEmpty() ->
          tryWhatWaits(batch.waiting(Aftermath.waiting(d.verdicts()), d, inputHash));
      default -> finish(batch, () -> aftermath.follow(batch, outcome, inputHash));
    }
  }

  /**
   * A batch that comes again though it is decided may have found the waiting room full: what waits
   * of it is tried where it is, or those in the room might wait for it for ever.
   */
  private void tryWhatWaits(HeldBatch waiting) throws InterruptedException {
    if (!decidedBefore(waiting)) {
      load(waiting.schema().table(), List.of(waiting));
    }
  }

  /** What is left to do once a batch is loaded. */
  @FunctionalInterface
  private interface Rest {
    void run() throws InterruptedException;
  }

  private void finish(HeldBatch batch, Rest rest) {
    followers.execute(
        () -> {
          try {
            rest.run();
            context.stalls().over(batch.delivery().subject());
          } catch (InterruptedException e) {
            batch.delivery().giveBack(Duration.ZERO);
            Thread.currentThread().interrupt();
          } catch (RuntimeException e) {
            stuck(batch.delivery(), e);
          }
        });
  }

  /** A batch that cannot be worked on is told of and comes again; the others go on. */
  private void stuck(Delivery delivery, RuntimeException e) {
    LOG.error("cannot work on {}", delivery.subject(), Unforeseen.untold(e));
    context
        .stalls()
        .begin(
            delivery.subject(),
            "BatchStuck",
            delivery.subject() + ": " + Unforeseen.text(e),
            Stalls.STUCK_TOLD);
    delivery.giveBack(STUCK_DELAY);
  }

  @Override
  public void stop() {
    stopping = true;
    context.stalls().leaving().ask();
    inbox.stop();
    if (finishing != null) {
      finishing.stop();
    }
  }

  @Override
  public void close() {
    followers.shutdown();
    try {
      followers.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      followers.shutdownNow();
      Thread.currentThread().interrupt();
    }
    inbox.close();
    target.close();
  }
}
