package dev.drover.worker.chain;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.replay.Selector;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.postgres.PostgresDatabases;
import dev.drover.worker.redrive.RedriveContext;
import dev.drover.worker.redrive.RedriveWorker;
import dev.drover.worker.redrive.SourceSessions;
import dev.drover.worker.stage.DecisionLog;
import io.nats.client.Connection;
import io.nats.client.PublishOptions;
import io.nats.client.api.PublishAck;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * How many records a second a Redrive brings from the error queue through a transform into the
 * target, every part of the chain on this machine. Beside it, in the same run, what the server
 * takes of a journal with one message a record ({@code -Dredrive.records} sets how many, else
 * 200,000). Prints; asserts only that all arrived.
 */
class RedriveBenchmark extends ChainScenario {
  private static final int RECORDS = Integer.getInteger("redrive.records", 200_000);

  @Test
  void records_a_second() throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE item (id integer PRIMARY KEY, qty integer NOT NULL, note text)",
        "INSERT INTO item SELECT i, -i, 'a note of some length ' || i FROM generate_series(1, "
            + RECORDS
            + ") i",
        "ANALYZE");
    databases.execute(
        "target", "CREATE TABLE item (id integer PRIMARY KEY, qty integer, note text)");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), 50_000),
                new StageSpec.Transform(
                    "clean", "read", List.of(require("record.qty > 0", "QtyNotPositive"))),
                new StageSpec.Load("load", "clean", "target", null, LoadMode.Upsert, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec, 1L << 30);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      long begin = System.nanoTime();
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);
      print("set aside", System.nanoTime() - begin);
      onePerRecord(chain);
      redrive(chain);
    }
  }

  private void redrive(TestChain chain) throws Exception {
    Connection own = nats.connect();
    Stalls stalls = new Stalls(chain.state, "redrive", "bench", Clock.systemUTC());
    RedriveOrder order =
        new RedriveOrder(
            new JournalEntry.By("Redrive", "bench", "bench", 1),
            Selector.ALL,
            JournalEntry.Action.replay,
            new Change(null, List.of(new Step.Assignment("qty", "-record.qty"))),
            null,
            List.of(),
            null,
            null,
            false,
            false);
    chain.state.bucket().put(RedriveOrder.key("bench"), WireJson.bytes(order));
    RedriveWorker worker =
        new RedriveWorker(
            RedriveContext.of("bench", own, chain.names, chain.state, stalls, Clock.systemUTC()),
            new DecisionLog(own, chain.names, new Publisher(own.jetStream(), stalls), stalls),
            new SourceSessions(
                databases.secrets, new PostgresDatabases(databases.secrets, "redrive"), stalls));
    long begin = System.nanoTime();
    worker.run();
    print("redriven, decided and out of the error queue", System.nanoTime() - begin);
    RedriveProgress done =
        WireJson.parse(
            chain.state.bucket().get(RedriveProgress.key("bench")).getValue(),
            RedriveProgress.class);
    while (Long.parseLong(databases.query("target", "SELECT count(*) FROM item").getFirst())
        < RECORDS) {
      Thread.sleep(20);
    }
    print("redriven and in the target", System.nanoTime() - begin);
    if (done.resolved() != RECORDS || chain.messages(chain.names.errorsStream()) != 0) {
      throw new AssertionError(done.toString());
    }
    stalls.close();
    own.close();
  }

  /** A message a record, each expecting its subject to be empty, some hundred under way. */
  private void onePerRecord(TestChain chain) throws Exception {
    byte[] entry = new byte[150];
    PublishOptions first = PublishOptions.builder().expectedLastSubjectSequence(0).build();
    long begin = System.nanoTime();
    List<CompletableFuture<PublishAck>> sent = new ArrayList<>();
    for (int i = 0; i < RECORDS; i++) {
      sent.add(
          chain
              .nats
              .jetStream()
              .publishAsync("drover." + chain.names.id() + ".journal.x." + i, null, entry, first));
      if (sent.size() == 256) {
        for (CompletableFuture<PublishAck> ack : sent) {
          ack.get(10, TimeUnit.SECONDS);
        }
        sent.clear();
      }
    }
    print("journalled by one message each, for comparison", System.nanoTime() - begin);
    chain.nats.jetStreamManagement().purgeStream(chain.names.journalStream());
  }

  private static void print(String what, long nanos) {
    System.out.printf(
        "%,d records %s: %.1f s, %,.0f a second%n",
        RECORDS, what, nanos / 1e9, RECORDS / (nanos / 1e9));
  }
}
