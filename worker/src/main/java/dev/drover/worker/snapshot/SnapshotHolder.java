package dev.drover.worker.snapshot;

import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SourceSnapshot;
import dev.drover.wire.state.SourceSnapshot.State;
import dev.drover.wire.state.StateStore.Versioned;
import dev.drover.worker.database.Database;
import dev.drover.worker.database.HeldSnapshot;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.stage.StageWorker;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the snapshot of an extract stage at its source, from when it is taken until all is read. It
 * lives as long as this one session. There is one for each stage, ever: whoever comes after a
 * holder that went away only says that its snapshot is lost, since another one would be of another
 * moment.
 */
public final class SnapshotHolder implements StageWorker {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotHolder.class);
  private static final String DATABASE = "snapshot of the source";
  private static final Duration LOOK = Duration.ofSeconds(2);

  private final StageContext context;
  private final Database source;
  private final List<String> tables;
  private final Patience patience;
  private final String holder;
  private final CountDownLatch stopped = new CountDownLatch(1);

  /**
   * A holder for the context's stage.
   *
   * @param tables what the stage reads, as planned
   */
  public SnapshotHolder(StageContext context, List<TablePlan> tables, Database source) {
    this.context = context;
    this.source = source;
    this.tables =
        tables.stream()
            .filter(t -> t.stage().equals(context.stage()))
            .map(TablePlan::table)
            .toList();
    this.patience = new Patience(context.stalls());
    this.holder = context.pod() + "/" + UUID.randomUUID();
  }

  /** Takes the snapshot and holds it until it is released, is lost, or {@link #stop} is called. */
  @Override
  public void run() throws InterruptedException {
    Backoff backoff =
        new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10), context.stalls().leaving());
    while (!stopping()) {
      Optional<Versioned<SourceSnapshot>> there = find();
      if (there.isPresent()) {
        lose("the process that held it, " + there.get().value().holder() + ", has ended");
        return;
      }
      try (HeldSnapshot taken = source.takeSnapshot(tables)) {
        context.stalls().over(DATABASE);
        if (publish(taken)) {
          LOG.info("holding snapshot {} of {} tables", taken.name(), tables.size());
          hold(taken);
          return;
        }
      } catch (SystemFailure e) {
        context
            .stalls()
            .begin(DATABASE, e.reason(), "cannot take a snapshot of the source: " + e.getMessage());
        backoff.pause();
      }
    }
  }

  /** Ends it soon: the snapshot is lost then, unless it is needed no more. */
  @Override
  public void stop() {
    stopped.countDown();
    context.stalls().leaving().ask();
  }

  @Override
  public void close() {
    // The session is closed where it was opened.
  }

  private boolean stopping() {
    return stopped.getCount() == 0;
  }

  private Optional<Versioned<SourceSnapshot>> find() throws InterruptedException {
    return patience.ask(
        "read who holds the snapshot", () -> context.state().snapshot(context.stage()));
  }

  /** Whether this process is the one that holds the stage's snapshot now. */
  private boolean publish(HeldSnapshot taken) throws InterruptedException {
    SourceSnapshot held =
        SourceSnapshot.held(
            holder, taken.name(), taken.extent(), context.clock().instant().toString());
    patience.ask(
        "write down the snapshot",
        () -> context.state().putSnapshot(context.stage(), Optional.empty(), held));
    // A write whose answer was lost was refused when it was made again.
    return find().map(v -> v.value().equals(held)).orElse(false);
  }

  private void hold(HeldSnapshot taken) throws InterruptedException {
    while (!stopped.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
      try {
        taken.look();
      } catch (SystemFailure e) {
        lose("the source ended the session that held it: " + e.getMessage());
        return;
      }
      if (!mine()) {
        return;
      }
    }
    lose("the pod that held it, " + context.pod() + ", was asked to end");
  }

  /** Whether it is to be held still, as far as is known. */
  private boolean mine() {
    try {
      return context
          .state()
          .snapshot(context.stage())
          .map(Versioned::value)
          .filter(s -> s.state() == State.Held && s.holder().equals(holder))
          .isPresent();
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      LOG.debug("holding on while NATS is away", e);
      return true;
    }
  }

  /** Says for good that the snapshot is gone, unless it is known to be needed no more. */
  private void lose(String why) throws InterruptedException {
    while (true) {
      Optional<Versioned<SourceSnapshot>> there = find();
      if (there.isEmpty() || there.get().value().state() != State.Held) {
        return;
      }
      SourceSnapshot held = there.get().value();
      SourceSnapshot lost = held.lost(told(held, why));
      boolean written =
          patience.ask(
              "write down that the snapshot is lost",
              () -> context.state().putSnapshot(context.stage(), there, lost));
      if (written) {
        LOG.warn("{}", lost.message());
        return;
      }
    }
  }

  private static String told(SourceSnapshot held, String why) {
    return "the snapshot of "
        + held.takenAt()
        + " is gone: "
        + why
        + ". What was read of it is loaded; the rest cannot be read as of that moment any more, and"
        + " nothing else is read in its place. Empty the target's tables, or have them loaded with"
        + " mode Upsert, and make this Migration anew";
  }
}
