package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.SplitCheckpoint.OpenBatch;
import dev.drover.wire.state.SplitCheckpoint.Take;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An extract worker ended at each step of a batch's life, while the source goes on changing. A
 * stream that is made too small refuses what is written to it, which holds a worker at that step.
 */
class ExtractCrashIT extends ChainScenario {
  private static final int ROWS = 20_000;
  private static final SplitId SPLIT = SplitId.of("public.item", 0);

  @TempDir Path logs;

  @BeforeEach
  void items() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, qty integer, note text)");
    databases.execute(
        "legacy",
        // Even ids only: rows can be put between any two.
        "INSERT INTO item SELECT 2 * i, 0, 'note ' || i FROM generate_series(1, " + ROWS + ") i",
        "ANALYZE");
  }

  /** Insert: a row that came twice would be a failed record. */
  private static ChainSpec chain(int splitRecords) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), splitRecords),
            new StageSpec.Transform("clean", "read", List.of()),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Insert, List.of())));
  }

  private WorkerProcess reader() throws Exception {
    return WorkerProcess.start(nats.url(), name, "read", databases.secrets, log());
  }

  private File log() {
    return logs.resolve("read.log").toFile();
  }

  private static SplitCheckpoint checkpoint(TestChain chain) throws Exception {
    return chain.state.checkpoint("read", SPLIT).orElseThrow().value();
  }

  private static void awaitOpen(TestChain chain, int batches) {
    await().atMost(SOON).ignoreExceptions().until(() -> checkpoint(chain).open().size() >= batches);
  }

  private static String stateStream(TestChain chain) {
    return "KV_" + chain.names.stateBucket();
  }

  private static int last(OpenBatch batch) {
    return Integer.parseInt(batch.range().upTo().getFirst());
  }

  /** Puts a split back into the queue at once, as the server would when nobody answers for it. */
  private static void redeliver(TestChain chain, ChainPlan plan) throws Exception {
    chain.nats.jetStreamManagement().purgeStream(chain.names.splitsStream());
    chain.dispatchAll(plan);
  }

  private static void changeSource(int fromId, int toId) throws Exception {
    String range = " WHERE id BETWEEN " + fromId + " AND " + toId;
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT id + 1, 9, 'inserted' FROM item" + range + " AND id % 20 = 0",
        "DELETE FROM item" + range + " AND id % 14 = 0",
        "UPDATE item SET qty = qty + 1, note = 'updated'" + range + " AND id % 6 = 0");
  }

  /** What the checkpoints say was read is what each stage after it decided, to the record. */
  private static void assertSumsAddUp(TestChain chain, ChainPlan plan) throws Exception {
    long records = chain.checkpoints(plan).stream().mapToLong(SplitCheckpoint::records).sum();
    assertThat(chain.checkpoints(plan)).allMatch(c -> c.open().isEmpty() && c.failed() == 0);
    Counts all = new Counts(records, records, 0, 0, 0, 0);
    assertThat(chain.tally("clean")).isEqualTo(all);
    assertThat(chain.tally("load")).isEqualTo(all);
    assertThat(databases.query("target", "SELECT count(*) FROM item"))
        .containsExactly(Long.toString(records));
    assertThat(chain.failures()).isEmpty();
  }

  private static void assertTargetIsSource() throws Exception {
    assertThat(databases.checksum("target", "item"))
        .isEqualTo(databases.checksum("legacy", "item"));
  }

  private static List<Integer> takes(TestChain chain, List<OpenBatch> batches) throws Exception {
    List<Integer> takes = new ArrayList<>();
    List<Decision> decisions = chain.decisions("clean");
    for (OpenBatch batch : batches) {
      String id = BatchId.extracted(SPLIT, batch.ordinal()).text();
      decisions.stream().filter(d -> d.batch().equals(id)).forEach(d -> takes.add(d.take()));
    }
    return takes;
  }

  @Test
  void killed_between_checkpoint_and_publication_the_range_is_read_again() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(1_000_000));
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.limit(chain.names.queueStream("read"), 1);
      chain.dispatchAll(plan);
      List<OpenBatch> open;
      try (WorkerProcess a = reader()) {
        awaitOpen(chain, 3);
        a.kill();
        open = checkpoint(chain).open();
      }
      assertThat(chain.messages(chain.names.queueStream("read"))).isZero();
      changeSource(0, 2 * ROWS - 1);
      redeliver(chain, plan);
      chain.limit(chain.names.queueStream("read"), 256 << 20);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      assertThat(takes(chain, open)).isEqualTo(open.stream().map(b -> 2).toList());
      assertSumsAddUp(chain, plan);
      // Everything was read after the source had changed.
      assertTargetIsSource();
    }
  }

  @Test
  void killed_after_it_set_records_aside_they_stay_aside_once_each_whatever_becomes_of_them()
      throws Exception {
    inBoth("CREATE TABLE event (id integer PRIMARY KEY, at timestamp)");
    String unreadable = "timestamp '294276-12-31'";
    databases.execute(
        "legacy",
        "INSERT INTO event SELECT 2 * i, '2024-01-01' FROM generate_series(1, 100) i",
        "UPDATE event SET at = " + unreadable + " WHERE id IN (10, 20, 30, 50)");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.event"), 1000),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec)) {
      ChainPlan plan = plan(chain);
      chain.limit(chain.names.queueStream("read"), 1);
      chain.dispatchAll(plan);
      try (WorkerProcess a = reader()) {
        await().atMost(SOON).until(() -> chain.failures().size() == 4);
        a.kill();
      }
      chain.takeOut(chain.sequenceOf("50"));
      databases.execute(
          "legacy",
          "INSERT INTO event VALUES (1, '2024-01-01')", // each comes one later now
          "UPDATE event SET at = '2024-01-01' WHERE id = 20",
          "DELETE FROM event WHERE id = 30",
          "UPDATE event SET at = " + unreadable + " WHERE id IN (8, 40)");
      redeliver(chain, plan);
      chain.limit(chain.names.queueStream("read"), 256 << 20);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      assertThat(chain.failures())
          .extracting(f -> f.detail().key())
          .containsExactlyInAnyOrder("10", "20", "30", "8", "40");
      SplitCheckpoint read = chain.checkpoints(plan).getFirst();
      assertThat(read.records()).isEqualTo(101);
      assertThat(read.failed()).isEqualTo(6);
      assertThat(chain.tally("load")).isEqualTo(new Counts(95, 95, 0, 0, 0, 0));
      String passing = "(SELECT * FROM event WHERE id NOT IN (8, 10, 20, 30, 40, 50))";
      assertThat(databases.checksum("target", "event"))
          .isEqualTo(databases.checksum("legacy", passing));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void killed_between_publication_and_the_next_checkpoint_what_was_published_counts(
      boolean consumedMeanwhile) throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(1_000_000))) {
      ChainPlan plan = plan(chain);
      String queue = chain.names.queueStream("read");
      chain.limit(queue, 1);
      chain.dispatchAll(plan);
      List<OpenBatch> open;
      RunningStage clean = null;
      try (WorkerProcess a = reader()) {
        awaitOpen(chain, 3);
        chain.limit(stateStream(chain), 1);
        chain.limit(queue, 256 << 20);
        await().atMost(SOON).until(() -> chain.messages(queue) >= 3);
        a.kill();
        open = checkpoint(chain).open();
      }
      assertThat(open).hasSizeGreaterThanOrEqualTo(3);
      assertThat(checkpoint(chain).records()).isZero();
      chain.limit(stateStream(chain), -1);
      try {
        if (consumedMeanwhile) {
          clean = RunningStage.start(chain, "clean", databases.secrets);
          await().atMost(SOON).until(() -> chain.messages(queue) == 0);
        }
        changeSource(0, 2 * ROWS - 1);
        redeliver(chain, plan);
        try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
            RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
          if (clean == null) {
            clean = RunningStage.start(chain, "clean", databases.secrets);
          }
          awaitFinished(chain, plan);
        }
      } finally {
        if (clean != null) {
          clean.close();
        }
      }
      assertThat(takes(chain, open)).isEqualTo(open.stream().map(b -> 1).toList());
      assertSumsAddUp(chain, plan);
      int published = last(open.getLast());
      assertThat(
              databases.query(
                  "target",
                  "SELECT count(*) FROM item WHERE note <> 'note ' || id / 2 AND id <= "
                      + published))
          .containsExactly("0");
      assertThat(databases.checksum("target", "(SELECT * FROM item WHERE id > " + published + ")"))
          .isEqualTo(
              databases.checksum("legacy", "(SELECT * FROM item WHERE id > " + published + ")"));
    }
  }

  @Test
  void a_worker_that_was_thought_dead_adds_nothing_when_it_comes_back() throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(1_000_000));
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.limit(chain.names.queueStream("read"), 1);
      chain.dispatchAll(plan);
      try (WorkerProcess zombie = reader()) {
        awaitOpen(chain, 3);
        zombie.pause();
        List<OpenBatch> open = checkpoint(chain).open();
        // Of its first batch nothing is left at the source, of its second other rows.
        databases.execute("legacy", "DELETE FROM item WHERE id <= " + last(open.getFirst()));
        changeSource(last(open.getFirst()) + 1, 2 * ROWS - 1);
        chain.limit(chain.names.queueStream("read"), 256 << 20);
        try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
          awaitFinished(chain, plan);
        }
        assertTargetIsSource();
        long decisions = chain.decisions("clean").size();

        zombie.goOn();
        await()
            .atMost(SOON)
            .until(() -> Files.readString(log().toPath()).contains("claimed by another worker"));
        await().atMost(SOON).until(() -> chain.messages(chain.names.queueStream("read")) == 0);
        assertThat(chain.decisions("clean")).hasSize((int) decisions);
        assertThat(zombie.alive()).isTrue();
      }
      assertSumsAddUp(chain, plan);
      assertTargetIsSource();
    }
  }

  /** The state that a crash leaves, without the crash: an open batch nobody has published. */
  private static OpenBatch leaveOpen(TestChain chain, TablePlan table, int lastId, int records)
      throws Exception {
    OpenBatch open =
        new OpenBatch(
            0, new KeyRange(null, List.of("" + lastId)), List.of(new Take(1, records, 0)));
    chain.state.create(
        "read",
        SPLIT,
        new SplitCheckpoint(
            1,
            "read-dead",
            new KeyRange(null, List.of("" + 2 * ROWS)),
            1,
            List.of("" + lastId),
            List.of(open),
            false,
            0,
            0,
            0));
    return open;
  }

  @Test
  void an_older_take_that_comes_late_finds_the_range_decided_even_if_it_was_empty()
      throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(1_000_000));
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      TablePlan table = plan.tables().getFirst();
      leaveOpen(chain, table, 10, 1);
      databases.execute("legacy", "DELETE FROM item WHERE id <= 10");
      chain.dispatchAll(plan);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        awaitFinished(chain, plan);
      }

      RowWriter late = new RowWriter(table.schema(), 100);
      late.append(new Row(0, "2", new Object[] {2, 0, "from the dead"}));
      BatchId id = BatchId.extracted(SPLIT, 0);
      chain
          .nats
          .jetStream()
          .publish(
              chain.names.queueSubject("read", id.text()),
              new BatchHeaders(
                      id,
                      1,
                      1,
                      table.schema().fingerprint(),
                      TestChain.REVISION,
                      Origin.queue,
                      List.of())
                  .toHeaders(),
              late.toByteArray(),
              io.nats.client.PublishOptions.builder().expectedLastSubjectSequence(0).build());

      await().atMost(SOON).until(() -> chain.messages(chain.names.queueStream("read")) == 0);
      awaitFinished(chain, plan);
      assertSumsAddUp(chain, plan);
      assertTargetIsSource();
    }
  }

  @Test
  void a_range_that_grew_beyond_a_message_before_it_was_read_again_is_read_in_pieces()
      throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, chain(1_000_000));
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      leaveOpen(chain, plan.tables().getFirst(), 2000, 1000);
      databases.execute("legacy", "UPDATE item SET note = repeat('x', 10000) WHERE id <= 1000");
      chain.dispatchAll(plan);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      assertSumsAddUp(chain, plan);
      assertTargetIsSource();
    }
  }

  @Test
  void what_was_set_aside_stays_so_once_where_its_range_outgrows_a_message_meanwhile()
      throws Exception {
    inBoth("CREATE TABLE event (id integer PRIMARY KEY, at timestamp, note text)");
    String unreadable = "timestamp '294276-12-31'";
    databases.execute(
        "legacy",
        "INSERT INTO event SELECT i, '2024-01-01', '' FROM generate_series(1, 1000) i",
        "UPDATE event SET at = " + unreadable + " WHERE id IN (10, 980, 990, 1000)");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.event"), 10_000),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec)) {
      ChainPlan plan = plan(chain);
      chain.limit(chain.names.queueStream("read"), 1);
      chain.dispatchAll(plan);
      try (WorkerProcess a = reader()) {
        await().atMost(SOON).until(() -> chain.failures().size() == 4);
        a.kill();
      }
      databases.execute(
          "legacy",
          "UPDATE event SET note = repeat('x', 10000) WHERE id < 950",
          "UPDATE event SET at = '2024-01-01' WHERE id = 980", // mended, and still the one set
          // aside
          "DELETE FROM event WHERE id = 990");
      redeliver(chain, plan);
      chain.limit(chain.names.queueStream("read"), 256 << 20);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        awaitFinished(chain, plan);
      }
      assertThat(chain.failures())
          .extracting(f -> f.detail().key())
          .containsExactlyInAnyOrder("10", "980", "990", "1000");
      SplitCheckpoint read = chain.checkpoints(plan).getFirst();
      assertThat(read.batches()).as("read in pieces").isGreaterThan(1);
      assertThat(read.records()).isEqualTo(1000);
      assertThat(read.failed()).isEqualTo(4);
      assertThat(chain.tally("load")).isEqualTo(new Counts(996, 996, 0, 0, 0, 0));
      String passing = "(SELECT * FROM event WHERE id NOT IN (10, 980, 990, 1000))";
      assertThat(databases.checksum("target", "event"))
          .isEqualTo(databases.checksum("legacy", passing));
    }
  }

  @Test
  void readers_killed_again_and_again_over_a_changing_source_count_what_they_read()
      throws Exception {
    Random random = new Random(20261123);
    AtomicBoolean done = new AtomicBoolean();
    try (TestChain chain = new TestChain(nats.url(), name, chain(2_000));
        RunningStage clean = RunningStage.start(chain, "clean", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets);
        ExecutorService users = Executors.newSingleThreadExecutor()) {
      ChainPlan plan = plan(chain);
      assertThat(plan.tables().getFirst().splits()).hasSizeGreaterThan(5);
      Future<?> changes =
          users.submit(
              () -> {
                // Ids that are multiples of eight stay as they are.
                while (!done.get()) {
                  int id = 1 + random.nextInt(2 * ROWS);
                  String at = id % 8 == 0 ? " WHERE false" : " WHERE id = " + id;
                  databases.execute(
                      "legacy",
                      "INSERT INTO item VALUES (" + (id | 1) + ", 0, 'new') ON CONFLICT DO NOTHING",
                      "UPDATE item SET qty = qty + 1" + at,
                      random.nextInt(3) == 0 ? "DELETE FROM item" + at : "SELECT 1");
                }
                return null;
              });
      chain.dispatchAll(plan);
      WorkerProcess a = reader();
      WorkerProcess b = reader();
      try {
        for (int kill = 0; kill < 3; kill++) {
          long target = (kill + 1) * ROWS / 5;
          await()
              .atMost(SOON)
              .pollInterval(Duration.ofMillis(20))
              .until(() -> chain.tally("clean").in() >= target);
          a.kill();
          a = b;
          b = reader();
        }
        awaitFinished(chain, plan);
      } finally {
        done.set(true);
        changes.get();
        a.close();
        b.close();
      }
      assertSumsAddUp(chain, plan);
      assertThat(databases.checksum("target", "(SELECT * FROM item WHERE id % 8 = 0)"))
          .isEqualTo(databases.checksum("legacy", "(SELECT * FROM item WHERE id % 8 = 0)"));
    }
  }
}
