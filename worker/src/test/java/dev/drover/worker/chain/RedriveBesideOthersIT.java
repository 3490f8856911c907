package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Decision;
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
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.postgres.PostgresDatabases;
import dev.drover.worker.redrive.RedriveContext;
import dev.drover.worker.redrive.RedriveWorker;
import dev.drover.worker.redrive.SourceSessions;
import dev.drover.worker.stage.DecisionLog;
import io.nats.client.Connection;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** A Redrive of much, at a stage that has much to do besides. */
class RedriveBesideOthersIT extends ChainScenario {
  private static final int FAILED = 3000;
  private static final int BATCHES = 60;
  private static final int RECORDS = 10;
  private static final String UID = "much";

  /** With so long a note, a hundred records are a batch: more of them than a worker holds. */
  private static final int NOTE = 5000;

  @Test
  void neither_waits_for_the_other_to_be_through() throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE item (id integer PRIMARY KEY, qty integer NOT NULL, note text)",
        "INSERT INTO item SELECT i, -i, repeat('x', "
            + NOTE
            + ") FROM generate_series(1, "
            + FAILED
            + ") i",
        "ANALYZE");
    databases.execute("target", "CREATE TABLE item (id integer, qty integer, note text)");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), 5000),
                new StageSpec.Transform(
                    "clean", "read", List.of(require("record.qty > 0", "QtyNotPositive"))),
                new StageSpec.Load("load", "clean", "target", null, LoadMode.Insert, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      try (RunningStage clean = RunningStage.start(chain, "clean", databases.secrets)) {
        ChainPlan plan = plan(chain);
        chain.dispatchAll(plan);
        awaitFinished(chain, plan);
        await()
            .atMost(SOON)
            .until(() -> chain.messages(chain.names.errorsStream()) == (long) FAILED);
      }
      int before = chain.decisions("clean").size();
      RecordSchema schema = chain.state.schema(chain.failures().getFirst().detail().schema());
      for (int i = 0; i < BATCHES; i++) {
        chain.enqueue(
            "read", schema, 1000 + i, RECORDS, row -> new Object[] {row, 1, "from the queue"});
      }
      try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
        Future<RedriveProgress> redrive = thread.submit(() -> redrive(chain));
        await().atMost(SOON).until(() -> chain.messages(chain.names.retriesStream()) > 20);
        try (RunningStage clean = RunningStage.start(chain, "clean", databases.secrets)) {
          assertThat(redrive.get().resolved()).isEqualTo(FAILED);
          await()
              .atMost(SOON)
              .until(
                  () ->
                      databases
                          .query("target", "SELECT count(*) FROM item")
                          .equals(List.of(Integer.toString(FAILED + BATCHES * RECORDS))));
        }
      }
      List<Origin> order =
          chain.decisions("clean").stream().skip(before).map(Decision::origin).toList();
      List<Origin> both =
          order.subList(
              0, 1 + Math.min(order.lastIndexOf(Origin.retry), order.lastIndexOf(Origin.queue)));
      assertThat(both)
          .as("as long as there is of both")
          .hasSizeGreaterThan(20)
          .filteredOn(Origin.queue::equals)
          .hasSizeGreaterThan(both.size() / 3);
      assertThat(both).filteredOn(Origin.retry::equals).hasSizeGreaterThan(both.size() / 10);
    }
  }

  private RedriveProgress redrive(TestChain chain) throws Exception {
    RedriveOrder order =
        new RedriveOrder(
            new JournalEntry.By("Redrive", UID, UID, 1),
            Selector.ALL,
            JournalEntry.Action.replay,
            new Change(null, List.of(new Step.Assignment("qty", "-record.qty"))),
            null,
            List.of(),
            null,
            null,
            false,
            false);
    chain.state.bucket().put(RedriveOrder.key(UID), WireJson.bytes(order));
    try (Connection own = nats.connect();
        Stalls stalls = new Stalls(chain.state, "redrive-" + UID, UID, Clock.systemUTC())) {
      new RedriveWorker(
              RedriveContext.of(UID, own, chain.names, chain.state, stalls, Clock.systemUTC()),
              new DecisionLog(own, chain.names, new Publisher(own.jetStream(), stalls), stalls),
              new SourceSessions(
                  databases.secrets, new PostgresDatabases(databases.secrets, "redrive"), stalls))
          .run();
    }
    return WireJson.parse(
        chain.state.bucket().get(RedriveProgress.key(UID)).getValue(), RedriveProgress.class);
  }
}
