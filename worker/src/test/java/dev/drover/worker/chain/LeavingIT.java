package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.Stall;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that are told to leave, and workers that find the queue before them full. */
class LeavingIT extends ChainScenario {
  private static final int ROWS = 100_000;
  private static final List<String> STAGES = List.of("read", "clean", "load");

  /** What the operator's pods are given, less what the process itself takes to start and end. */
  private static final Duration GRACE = Duration.ofSeconds(25);

  @TempDir Path logs;

  @BeforeEach
  void items() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, qty integer, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, i, md5(i::text) FROM generate_series(1, " + ROWS + ") i",
        "ANALYZE");
  }

  private static ChainSpec chain() {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), 20_000),
            new StageSpec.Transform("clean", "read", List.of(set("qty", "record.qty"))),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Insert, List.of())));
  }

  private WorkerProcess process(String stage) throws Exception {
    return WorkerProcess.start(
        nats.url(), name, stage, databases.secrets, logs.resolve(stage + ".log").toFile());
  }

  private static void assertEverythingArrived(TestChain chain, ChainPlan plan, int rows)
      throws Exception {
    awaitFinished(chain, plan);
    assertThat(chain.checkpoints(plan).stream().mapToLong(SplitCheckpoint::records).sum())
        .isEqualTo(rows);
    Counts all = new Counts(rows, rows, 0, 0, 0, 0);
    assertThat(chain.tally("clean")).isEqualTo(all);
    assertThat(chain.tally("load")).isEqualTo(all);
    assertThat(databases.checksum("target", "item"))
        .isEqualTo(databases.checksum("legacy", "item"));
    assertThat(chain.failures()).isEmpty();
  }

  @Test
  void workers_told_to_leave_in_the_middle_give_everything_back() throws Exception {
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, i, md5(i::text) FROM generate_series(%d, %d) i"
            .formatted(ROWS + 1, 4 * ROWS),
        "ANALYZE");
    try (TestChain chain = new TestChain(nats.url(), name, chain(), 4 << 20)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      List<WorkerProcess> workers = new ArrayList<>();
      try {
        for (String stage : STAGES) {
          workers.add(process(stage));
        }
        await()
            .atMost(SOON)
            .pollInterval(Duration.ofMillis(20))
            .until(() -> chain.tally("load").in() > 0);
        for (WorkerProcess worker : workers) {
          worker.askToLeave();
        }
        for (WorkerProcess worker : workers) {
          assertThat(worker.leaves(GRACE)).isTrue();
        }
      } finally {
        for (WorkerProcess worker : workers) {
          worker.close();
        }
      }
      for (String stage : STAGES) {
        assertThat(chain.kept(stage)).as("messages that %s kept", stage).isZero();
      }
      assertThat(chain.tally("load").in()).isLessThan(4 * ROWS);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        assertEverythingArrived(chain, plan, 4 * ROWS);
      }
    }
  }

  @Test
  void workers_told_to_leave_before_a_full_queue_give_everything_back() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain())) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      chain.limit(chain.names.queueStream("read"), 1 << 20);
      chain.limit(chain.names.queueStream("clean"), 1);
      try (WorkerProcess read = process("read");
          WorkerProcess clean = process("clean")) {
        for (String stage : List.of("read", "clean")) {
          await().atMost(SOON).until(() -> !chain.stalls(stage).isEmpty());
        }
        clean.askToLeave();
        assertThat(read.leaves(GRACE)).isTrue();
        assertThat(clean.leaves(GRACE)).isTrue();
      }
      for (String stage : List.of("read", "clean")) {
        assertThat(chain.kept(stage)).as("messages that %s kept", stage).isZero();
        // Nobody waits any more, so nobody says so.
        assertThat(chain.stalls(stage)).isEmpty();
      }
      for (String stage : List.of("read", "clean")) {
        chain.limit(chain.names.queueStream(stage), 256 << 20);
      }
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        assertEverythingArrived(chain, plan, ROWS);
      }
    }
  }

  @Test
  void a_full_queue_holds_the_stages_before_it_back_and_loses_nothing() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(), 2 << 20);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets)) {
      AtomicInteger attempts = new AtomicInteger();
      chain
          .nats
          .createDispatcher(message -> attempts.incrementAndGet())
          .subscribe(chain.names.all("q"));
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      for (String stage : List.of("read", "clean")) {
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(chain.stalls(stage))
                        .extracting(Stall::reason)
                        .containsExactly("QueueFull"));
        assertThat(
                chain
                    .nats
                    .jetStreamManagement()
                    .getStreamInfo(chain.names.queueStream(stage))
                    .getStreamState()
                    .getByteCount())
            .isLessThanOrEqualTo(2 << 20);
      }
      // The stall is told again every ten seconds: that is the clock here.
      String told = chain.stalls("clean").getFirst().seen();
      int before = attempts.get();
      await().atMost(SOON).until(() -> !chain.stalls("clean").getFirst().seen().equals(told));
      // Seven batches are offered at a time, each at most every 1.5 s once it has been refused
      // a few times: nobody asks the server in a tight loop.
      assertThat(attempts.get() - before).isBetween(1, 100);

      try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        assertEverythingArrived(chain, plan, ROWS);
      }
      for (String stage : List.of("read", "clean")) {
        await().atMost(SOON).until(() -> chain.stalls(stage).isEmpty());
      }
    }
  }
}
