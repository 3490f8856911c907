package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.SomeFailure;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalBlock;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.replay.RedriveProgress.Phase;
import dev.drover.wire.replay.RedriveProgress.Refusal;
import dev.drover.wire.replay.RenewedRows;
import dev.drover.wire.replay.RetryBatch;
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
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Redrives that read the rows of failed records at the source anew. */
class SourceRedriveIT extends ChainScenario {
  private static final Duration LONG = Duration.ofMinutes(5);

  private final List<AutoCloseable> open = new ArrayList<>();
  private TestChain chain;
  private ChainPlan plan;

  @TempDir File folder;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  /**
   * Runs a chain in which {@code tidy} changes every note and leaves out quantities of 13, and
   * refuses those above 1,000,000, and the stage after it, {@code clean}, refuses those that are
   * not positive.
   */
  private void run(String... source) throws Exception {
    databases.execute("legacy", source);
    databases.execute("legacy", "ANALYZE");
    // Without a key, a record that came twice would be there twice.
    databases.execute(
        "target", "CREATE TABLE item (id integer, qty integer, note text, at timestamp)");
    chain =
        new TestChain(
            nats.url(),
            name,
            new ChainSpec(
                databases.connections(),
                List.of(
                    new StageSpec.Extract("read", "legacy", List.of("public.item"), 5000),
                    new StageSpec.Transform(
                        "tidy",
                        "read",
                        List.of(
                            filter("record.qty != 13"),
                            require("record.qty <= 1000000", "TooMany"),
                            set("note", "record.note + '!'"))),
                    new StageSpec.Transform(
                        "clean", "tidy", List.of(require("record.qty > 0", "QtyNotPositive"))),
                    new StageSpec.Load(
                        "load", "clean", "target", null, LoadMode.Insert, List.of()))));
    open.add(chain);
    for (String stage : List.of("read", "tidy", "clean", "load")) {
      open.add(RunningStage.start(chain, stage, databases.secrets));
    }
    plan = plan(chain);
    chain.dispatchAll(plan);
    awaitFinished(chain, plan);
  }

  /** So many records that {@code clean} refuses, and one that it does not. */
  private void failing(int records) throws Exception {
    run(
        "CREATE TABLE item (id integer PRIMARY KEY, qty integer NOT NULL, note text NOT NULL)",
        "INSERT INTO item SELECT i, -i, 'n' || i FROM generate_series(1, " + records + ") i",
        "INSERT INTO item VALUES (0, 1, 'passes')");
    awaitErrors(records);
  }

  private void awaitErrors(long records) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(records));
  }

  private static RedriveOrder order(String uid) {
    return order(uid, false);
  }

  private static RedriveOrder order(String uid, boolean dryRun) {
    return new RedriveOrder(
            new JournalEntry.By("Redrive", uid, uid, 1),
            Selector.ALL,
            JournalEntry.Action.replay,
            Change.NONE,
            null,
            List.of(),
            null,
            null,
            dryRun,
            false)
        .fromSource(TestChain.REVISION);
  }

  private void ask(RedriveOrder order) throws Exception {
    chain.state.bucket().put(RedriveOrder.key(order.by().uid()), WireJson.bytes(order));
  }

  private RedriveProgress progress(String uid) throws Exception {
    var entry = chain.state.bucket().get(RedriveProgress.key(uid));
    return entry == null ? null : WireJson.parse(entry.getValue(), RedriveProgress.class);
  }

  private RedriveProgress work(RedriveOrder order) throws Exception {
    return work(order, databases.secrets);
  }

  private RedriveProgress work(RedriveOrder order, Path secrets) throws Exception {
    ask(order);
    String uid = order.by().uid();
    Connection own = nats.connect();
    open.add(own);
    Stalls stalls = new Stalls(chain.state, "redrive-" + uid, uid, Clock.systemUTC());
    open.add(stalls);
    new RedriveWorker(
            RedriveContext.of(uid, own, chain.names, chain.state, stalls, Clock.systemUTC()),
            new DecisionLog(own, chain.names, new Publisher(own.jetStream(), stalls), stalls),
            new SourceSessions(secrets, new PostgresDatabases(secrets, "redrive"), stalls))
        .run();
    return progress(uid);
  }

  private List<String> target(String query) throws Exception {
    return databases.query("target", query);
  }

  private void awaitLoaded() {
    await().atMost(LONG).until(() -> chain.finished(plan));
  }

  private void assertNothingKept(String uid) throws Exception {
    assertThat(chain.state.bucket().keys(RenewedRows.keys(uid))).isEmpty();
  }

  @Test
  void a_row_mended_at_the_source_comes_through_with_its_new_values_and_all_rules()
      throws Exception {
    failing(3000);
    databases.execute(
        "legacy", "UPDATE item SET qty = 20 + id, note = 'mended' || id WHERE id > 0");

    RedriveProgress done = work(order("mended"));

    assertThat(done.phase()).as(done.message()).isEqualTo(Phase.Complete);
    assertThat(List.of(done.selected(), done.sent(), done.resolved())).containsOnly(3000L);
    assertThat(List.of(done.failedAgain(), done.skipped(), done.refused())).containsOnly(0L);
    awaitLoaded();
    assertThat(
            target(
                "SELECT concat_ws('|', count(*), count(DISTINCT id), count(*) FILTER (WHERE note ="
                    + " 'mended' || id || '!' AND qty = 20 + id)) FROM item"))
        .containsExactly("3001|3001|3000");
    assertThat(chain.messages(chain.names.errorsStream())).isZero();
    assertThat(chain.tally("tidy")).isEqualTo(new Counts(3001, 3001, 0, 0, 0, 0));
    assertThat(chain.tally("clean")).isEqualTo(new Counts(6001, 3001, 0, 3000, 0, 0));
    assertNothingKept("mended");
  }

  @Test
  void a_row_that_is_as_it_was_fails_again_and_keeps_its_past() throws Exception {
    failing(20);

    RedriveProgress done = work(order("same"));

    assertThat(List.of(done.sent(), done.failedAgain())).containsOnly(20L);
    awaitErrors(20);
    assertThat(chain.failures())
        .allSatisfy(
            f -> {
              assertThat(f.detail().stage()).isEqualTo("clean");
              assertThat(f.detail().replays()).isEqualTo(1);
              assertThat(f.detail().replayOf()).isNotNull();
            });
  }

  @Test
  void killed_again_and_again_each_row_comes_through_once_and_the_tally_adds_up() throws Exception {
    int records = 12_000;
    failing(records);
    databases.execute("legacy", "UPDATE item SET qty = 20 + id, note = 'v0' WHERE id > 0");
    ask(order("killed"));
    File log = new File(folder, "redrive.log");
    int kills = 0;
    for (int i = 0; i < 6; i++) {
      try (WorkerProcess process =
          WorkerProcess.redrive(nats.url(), name, "killed", databases.secrets, log)) {
        long before = journalled("killed");
        long more = 1 + 1500L * i;
        await()
            .atMost(LONG)
            .pollInterval(Duration.ofMillis(5))
            .until(() -> journalled("killed") >= before + more || !process.alive());
        kills += process.alive() ? 1 : 0;
        process.kill();
      }
      // What the next worker reads differs from what may be under way: longer, and another value.
      databases.execute("legacy", "UPDATE item SET note = note || 'v" + i + "' WHERE id > 0");
    }
    assertThat(kills).as("kills in mid-course").isGreaterThan(2);
    try (WorkerProcess process =
        WorkerProcess.redrive(nats.url(), name, "killed", databases.secrets, log)) {
      await().atMost(LONG).until(() -> !process.alive());
    }

    RedriveProgress done = progress("killed");
    assertThat(done.phase()).as(done.message()).isEqualTo(Phase.Complete);
    assertThat(List.of(done.selected(), done.sent(), done.resolved())).containsOnly((long) records);
    awaitLoaded();
    assertThat(
            target(
                "SELECT concat_ws('|', count(*), count(DISTINCT id), count(*) FILTER (WHERE qty = 20"
                    + " + id AND note LIKE 'v0%!')) FROM item"))
        .containsExactly((records + 1) + "|" + (records + 1) + "|" + records);
    assertThat(chain.messages(chain.names.errorsStream())).isZero();
    assertThat(chain.tally("clean"))
        .isEqualTo(new Counts(2 * records + 1, records + 1, 0, records, 0, 0));
    assertNothingKept("killed");
  }

  private long journalled(String uid) throws Exception {
    return new Journal(chain.nats, chain.names)
        .entries().stream()
            .filter(e -> e.by().uid().equals(uid))
            .mapToLong(e -> e.sequences().size())
            .sum();
  }

  @Test
  void the_source_is_asked_once_for_many_records() throws Exception {
    failing(6000);
    databases.execute("legacy", "UPDATE item SET qty = 100 WHERE id > 0");
    long before = transactions();

    RedriveProgress done = work(order("batched"));

    assertThat(done.resolved()).isEqualTo(6000);
    // Its sessions are closed, so the server has counted what they did.
    await()
        .atMost(SOON)
        .untilAsserted(() -> assertThat(transactions() - before).isBetween(1L, 60L));
  }

  private static long transactions() throws Exception {
    return Long.parseLong(
        databases
            .query(
                "target", // not what is counted
                "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'legacy'")
            .getFirst());
  }

  @Test
  void rows_that_are_gone_left_out_or_refused_before_stay_open_and_say_why() throws Exception {
    failing(40);
    databases.execute(
        "legacy",
        "DELETE FROM item WHERE id BETWEEN 1 AND 10",
        "UPDATE item SET qty = 13 WHERE id BETWEEN 11 AND 19",
        "UPDATE item SET qty = 2000000 WHERE id BETWEEN 20 AND 24",
        "UPDATE item SET qty = id WHERE id BETWEEN 25 AND 40");

    RedriveProgress tried = work(order("dry", true));
    assertThat(List.of(tried.selected(), tried.refused(), tried.sent()))
        .containsExactly(40L, 24L, 0L);
    assertThat(tried.samples()).hasSize(3);
    assertThat(tried.samples().getFirst().refusal()).contains("no row");

    RedriveProgress done = work(order("mixed"));

    assertThat(done.phase()).isEqualTo(Phase.Complete);
    assertThat(List.of(done.selected(), done.sent(), done.resolved(), done.refused()))
        .containsExactly(40L, 16L, 16L, 24L);
    assertThat(done.refusals())
        .extracting(Refusal::code, Refusal::records)
        .containsExactly(
            tuple("SourceRowGone", 10L), tuple("FilteredBefore", 9L), tuple("FailsBefore", 5L));
    assertThat(done.refusals().get(0).message()).contains("public.item", "waive");
    assertThat(done.refusals().get(1).message()).contains("stage tidy");
    assertThat(done.refusals().get(2).message()).contains("stage tidy", "TooMany", "steps[1]");
    awaitLoaded();
    awaitErrors(24);
    assertThat(target("SELECT count(*) FROM item")).containsExactly("17");
    assertThat(chain.tally("tidy"))
        .as("nothing new there")
        .isEqualTo(new Counts(41, 41, 0, 0, 0, 0));
    assertNothingKept("mixed");
  }

  @Test
  void a_table_without_a_key_is_refused() throws Exception {
    run(
        "CREATE TABLE item (id integer, qty integer NOT NULL, note text NOT NULL)",
        "INSERT INTO item SELECT i, -i, 'n' FROM generate_series(1, 5) i");
    awaitErrors(5);

    RedriveProgress done = work(order("keyless"));

    assertThat(List.of(done.refused(), done.sent())).containsExactly(5L, 0L);
    assertThat(done.refusals()).hasSize(1);
    assertThat(done.refusals().getFirst().code()).isEqualTo("NoSourceKey");
    assertThat(chain.messages(chain.names.journalStream())).isZero();
    awaitErrors(5);
  }

  @Test
  void rows_of_a_key_of_several_columns_are_found() throws Exception {
    run(
        "CREATE TABLE item (id integer, qty integer NOT NULL, note text, PRIMARY KEY (note, id))",
        "INSERT INTO item SELECT i, -i, 'a \"quoted\", ''odd'' \\ key ' || i % 7"
            + " FROM generate_series(1, 500) i");
    awaitErrors(500);
    databases.execute("legacy", "UPDATE item SET qty = 500 + id");

    RedriveProgress done = work(order("composite"));

    assertThat(done.resolved()).as(done.toString()).isEqualTo(500);
    awaitLoaded();
    assertThat(target("SELECT concat_ws('|', count(*), sum(qty - id)) FROM item"))
        .containsExactly("500|250000");
  }

  @Test
  void what_the_extract_could_not_read_is_read_and_goes_through_the_whole_chain() throws Exception {
    run(
        "CREATE TABLE item (id integer PRIMARY KEY, qty integer NOT NULL, note text NOT NULL,"
            + " at timestamp)",
        "INSERT INTO item SELECT i, i, 'n', CASE WHEN i % 100 = 0 THEN timestamp '294276-12-31'"
            + " END FROM generate_series(100, 1200) i");
    awaitErrors(12);
    assertThat(chain.failures()).allMatch(f -> f.detail().stage().equals("read"));
    databases.execute("legacy", "UPDATE item SET at = NULL WHERE id BETWEEN 100 AND 1000");

    RedriveProgress done = work(order("unreadable"));

    assertThat(List.of(done.selected(), done.sent(), done.resolved(), done.refused()))
        .containsExactly(12L, 10L, 10L, 2L);
    assertThat(done.refusals()).hasSize(1);
    assertThat(done.refusals().getFirst().code()).isEqualTo("SourceRowUnreadable");
    awaitLoaded();
    awaitErrors(2);
    assertThat(target("SELECT concat_ws('|', count(*), count(DISTINCT id)) FROM item"))
        .containsExactly("1099|1099");
    assertThat(chain.tally("read")).isEqualTo(new Counts(10, 10, 0, 0, 0, 0));
    assertThat(chain.tally("tidy")).isEqualTo(new Counts(1099, 1099, 0, 0, 0, 0));
    assertNothingKept("unreadable");
  }

  /** As after a crash right behind the decision: the next Redrive's worker sends what was kept. */
  @Test
  void a_row_that_was_read_and_whose_message_was_lost_is_sent_without_the_source()
      throws Exception {
    run(
        "CREATE TABLE item (id integer PRIMARY KEY, qty integer NOT NULL, note text NOT NULL,"
            + " at timestamp)",
        "INSERT INTO item VALUES (1, 1, 'n', '294276-12-31'), (2, -2, 'n', NULL), (3, 3, 'n', NULL)");
    awaitErrors(2);
    for (Map.Entry<Long, FailedMessage> failed : chain.failuresBySequence().entrySet()) {
      claimWithoutSending(failed.getKey(), failed.getValue());
    }
    databases.execute("legacy", "DELETE FROM item");

    RedriveProgress next = work(order("next"));

    assertThat(List.of(next.selected(), next.sent(), next.refused())).containsExactly(2L, 0L, 0L);
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(target("SELECT concat_ws('|', id, qty, note) FROM item ORDER BY id"))
                    .containsExactly("1|50|kept!", "2|50|kept", "3|3|n!"));
    awaitLoaded();
    assertThat(chain.tally("read")).isEqualTo(new Counts(1, 1, 0, 0, 0, 0));
  }

  private void claimWithoutSending(long sequence, FailedMessage failed) throws Exception {
    FailedMessage.Detail detail = failed.detail();
    boolean fromExtract = detail.stage().equals("read");
    RecordSchema schema = chain.state.schema(detail.schema());
    RowWriter row = new RowWriter(schema, 100);
    row.append(new Row(0, detail.key(), new Object[] {(int) sequence, 50, "kept", null}));
    String key = RenewedRows.key("lost", "one" + sequence);
    RenewedRows rows =
        new RenewedRows(schema.fingerprint(), TestChain.REVISION, fromExtract, row.toByteArray());
    chain.state.bucket().put(key, rows.toBytes());
    Journal journal = new Journal(chain.nats, chain.names);
    Journal.Page page = journal.page(JournalBlock.of(sequence));
    JournalEntry entry =
        JournalEntry.of(
                JournalEntry.Action.replay,
                List.of(SomeFailure.at(sequence, detail.stage())),
                page,
                Change.NONE,
                new JournalEntry.By("Redrive", "lost", "lost", 1),
                Instant.now().toString())
            .renewedBy(key);
    assertThat(journal.append(page, entry)).isTrue();
    if (fromExtract) {
      Connection own = nats.connect();
      open.add(own);
      Stalls stalls = new Stalls(chain.state, "lost", "lost", Clock.systemUTC());
      open.add(stalls);
      new DecisionLog(own, chain.names, new Publisher(own.jetStream(), stalls), stalls)
          .decide(detail.stage(), RetryBatch.readAgain(entry, rows, 1));
    }
  }

  @Test
  void a_source_that_is_away_is_waited_for_and_said_to_be() throws Exception {
    failing(10);
    databases.execute("legacy", "UPDATE item SET qty = 1");
    Path secrets = folder.toPath();
    Path legacy = Files.createDirectory(secrets.resolve("legacy"));
    Files.writeString(legacy.resolve("username"), "nobody");
    Files.writeString(legacy.resolve("password"), "none");
    try (ExecutorService running = Executors.newSingleThreadExecutor()) {
      Future<RedriveProgress> done = running.submit(() -> work(order("away"), secrets));
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> {
                assertThat(progress("away")).isNotNull();
                assertThat(progress("away").message()).contains("DatabaseUnavailable", "legacy");
                assertThat(chain.stalls("redrive-away"))
                    .anyMatch(s -> s.reason().equals("DatabaseUnavailable"));
              });
      assertThat(progress("away").ended()).isFalse();
      Files.writeString(legacy.resolve("password"), "postgres");
      Files.writeString(legacy.resolve("username"), "postgres");

      assertThat(done.get().resolved()).isEqualTo(10);
    }
  }
}
