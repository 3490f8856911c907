package dev.drover.worker.extract;

import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.SplitMessage;
import dev.drover.wire.state.StateStore.LostClaimException;
import dev.drover.wire.state.StateStore.Versioned;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.database.SplitSource;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.Delivery;
import dev.drover.worker.jetstream.Inbox;
import dev.drover.worker.jetstream.NatsFailure;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.stage.DecisionLog;
import dev.drover.worker.stage.ErrorQueue;
import dev.drover.worker.stage.StageContext;
import dev.drover.worker.stage.StageWorker;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs an extract stage: one split after the other, until it is stopped. */
public final class ExtractWorker implements StageWorker {
  private static final Logger LOG = LoggerFactory.getLogger(ExtractWorker.class);
  static final String DATABASE = "source database";

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  private final StageContext context;
  private final SplitSource source;
  private final Inbox inbox;
  private final SplitClaims claims;
  private final TakenBatches taken;
  private final ErrorQueue errors;
  private final DecisionLog decisions;
  private final RestingTables resting = new RestingTables(System::nanoTime);
  private final Map<String, Map<String, TablePlan>> plans = new HashMap<>();
  private volatile boolean stopping;

  /** A worker that reads splits from a source. */
  public ExtractWorker(StageContext context, SplitSource source) throws IOException {
    this.context = context;
    this.source = source;
    this.claims = new SplitClaims(context);
    this.decisions =
        new DecisionLog(context.nats(), context.names(), context.publisher(), context.stalls());
    this.taken = new TakenBatches(context, decisions);
    this.errors = new ErrorQueue(context);
    this.inbox =
        new Inbox(
            context.nats(),
            List.of(new Inbox.Source(context.names().splitsStream(), context.stage(), 1)),
            Inbox.Appetite.ANY,
            context.stalls());
  }

  @Override
  public void run() throws InterruptedException {
    while (!stopping) {
      Delivery delivery = inbox.take(Duration.ofSeconds(1));
      if (delivery != null) {
        work(delivery);
      } else {
        source.idle();
      }
    }
  }

  private void work(Delivery delivery) throws InterruptedException {
    SplitMessage message = WireJson.parse(delivery.body(), SplitMessage.class);
    Duration rest = resting.left(message.table());
    if (rest.isPositive()) {
      delivery.giveBack(rest);
      return;
    }
    Backoff backoff =
        new Backoff(Duration.ofMillis(500), LONGEST_PAUSE, context.stalls().leaving());
    while (!stopping) {
      long begun = System.nanoTime();
      try {
        if (readSplit(message)) {
          delivery.ack();
        } else {
          delivery.giveBack(Duration.ZERO);
        }
        resting.over(message.table());
        return;
      } catch (LostClaimException e) {
        LOG.info("{}: leaving it to that one", e.getMessage());
        delivery.drop();
        return;
      } catch (SystemFailure e) {
        if (e.extent() == SystemFailure.Extent.Table) {
          setAside(delivery, message.table(), e);
          return;
        }
        context.stalls().begin(DATABASE, e.reason(), cannotRead(message.table(), e));
        if (System.nanoTime() - begun > LONGEST_PAUSE.toNanos()) {
          backoff.reset(); // it has read meanwhile
        }
        if (e.hasWaited()) {
          backoff.shorten(); // it has waited, and is to go on as soon as there is a connection
        }
      } catch (IOException | JetStreamApiException | IllegalStateException e) {
        context.stalls().begin(DATABASE, NatsFailure.of("go on with " + message.table(), e));
      }
      backoff.pause();
    }
    delivery.giveBack(Duration.ZERO);
  }

  /** It may come again elsewhere, and be read there: so this is told for a while only. */
  private void setAside(Delivery delivery, String table, SystemFailure e) {
    Duration pause = resting.begin(table);
    context.stalls().over(DATABASE);
    context
        .stalls()
        .begin(stallOf(table), e.reason(), cannotRead(table, e), pause.plus(Stalls.STUCK_TOLD));
    delivery.giveBack(pause);
  }

  private static String cannotRead(String table, SystemFailure e) {
    return "cannot read " + table + ": " + e.getMessage();
  }

  /** What a stall is known by that only a table's splits are in. */
  static String stallOf(String table) {
    return "source table " + table;
  }

  private boolean readSplit(SplitMessage message)
      throws SystemFailure,
          IOException,
          JetStreamApiException,
          LostClaimException,
          InterruptedException {
    TablePlan table = table(message);
    SplitId id = SplitId.of(message.table(), message.number());
    Versioned<SplitCheckpoint> claimed = claims.claim(table, id, message.range(), source);
    if (claimed.value().done()) {
      context.stalls().over(DATABASE);
      context.stalls().over(stallOf(message.table()));
      return true;
    }
    SplitProgress progress =
        new SplitProgress(context.state(), context.stalls(), context.stage(), id, claimed);
    return new SplitReader(context, table, id, source, progress, taken, errors, decisions)
        .read(() -> stopping);
  }

  private TablePlan table(SplitMessage message) throws IOException, JetStreamApiException {
    Map<String, TablePlan> tables = plans.get(message.revision());
    if (tables == null) {
      tables = new HashMap<>();
      ChainPlan plan =
          context
              .state()
              .plan(message.revision())
              .orElseThrow(() -> new IOException("there is no plan " + message.revision()));
      for (TablePlan table : plan.tables()) {
        if (table.stage().equals(context.stage())) {
          tables.put(table.table(), table);
        }
      }
      plans.put(message.revision(), tables);
    }
    TablePlan table = tables.get(message.table());
    if (table == null) {
      throw new IOException(
          "plan " + message.revision() + " has no table " + message.table() + " for this stage");
    }
    return table;
  }

  @Override
  public void stop() {
    stopping = true;
    context.stalls().leaving().ask();
    inbox.stop();
  }

  @Override
  public void close() {
    inbox.close();
    source.close();
  }
}
