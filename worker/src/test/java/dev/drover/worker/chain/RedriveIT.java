package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.failure.Correction;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalBlock;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.replay.RedriveProgress.Phase;
import dev.drover.wire.replay.RetryBatch;
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
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.KeyValueWatcher;
import java.io.File;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Redrives of what a chain with real workers set aside. */
class RedriveIT extends ChainScenario {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Change NEGATED =
      new Change(null, List.of(new Step.Assignment("qty", "-record.qty")));

  private final List<AutoCloseable> open = new ArrayList<>();
  private TestChain chain;
  private ChainPlan plan;

  @TempDir File logs;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  /** Runs a chain in which every record with a negative quantity fails: so many of each table. */
  private void failing(int records) throws Exception {
    for (String table : List.of("item", "other")) {
      databases.execute(
          "legacy",
          "CREATE TABLE " + table + " (id integer PRIMARY KEY, qty integer NOT NULL, note text)",
          "INSERT INTO "
              + table
              + " SELECT i, -i, 'n' || i FROM generate_series(1, "
              + records
              + ") i",
          "INSERT INTO " + table + " VALUES (0, 1, 'passes')",
          "ANALYZE");
      // Without a key, a record that came twice would be there twice.
      databases.execute(
          "target", "CREATE TABLE " + table + " (id integer, qty integer, note text)");
    }
    chain =
        new TestChain(
            nats.url(),
            name,
            new ChainSpec(
                databases.connections(),
                List.of(
                    new StageSpec.Extract(
                        "read", "legacy", List.of("public.item", "public.other"), 5000),
                    new StageSpec.Transform(
                        "clean", "read", List.of(require("record.qty > 0", "QtyNotPositive"))),
                    new StageSpec.Load(
                        "load", "clean", "target", null, LoadMode.Insert, List.of()))));
    open.add(chain);
    for (String stage : List.of("read", "clean", "load")) {
      open.add(RunningStage.start(chain, stage, databases.secrets));
    }
    plan = plan(chain);
    chain.dispatchAll(plan);
    awaitFinished(chain, plan);
    // A batch is decided before its failures are in the queue.
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(2L * records));
  }

  private static Selector table(String table) {
    return new Selector(null, null, null, "public." + table, null, null, Set.of());
  }

  private static RedriveOrder order(String uid, Selector selector, Change change) {
    return new RedriveOrder(
        new JournalEntry.By("Redrive", uid, uid, 1),
        selector,
        JournalEntry.Action.replay,
        change,
        null,
        List.of(),
        null,
        null,
        false,
        false);
  }

  private void ask(RedriveOrder order) throws Exception {
    chain.state.bucket().put(RedriveOrder.key(order.by().uid()), WireJson.bytes(order));
  }

  private RedriveProgress progress(String uid) throws Exception {
    var entry = chain.state.bucket().get(RedriveProgress.key(uid));
    return entry == null ? null : WireJson.parse(entry.getValue(), RedriveProgress.class);
  }

  /** All that is told from now on. */
  private List<RedriveProgress> told(String uid) throws Exception {
    List<RedriveProgress> told = new CopyOnWriteArrayList<>();
    KeyValueWatcher watcher =
        new KeyValueWatcher() {
          @Override
          public void watch(KeyValueEntry entry) {
            told.add(WireJson.parse(entry.getValue(), RedriveProgress.class));
          }

          @Override
          public void endOfData() {}
        };
    open.add(chain.state.bucket().watch(RedriveProgress.key(uid), watcher));
    return told;
  }

  private RedriveWorker worker(String uid) throws Exception {
    Connection own = nats.connect();
    open.add(own);
    Stalls stalls = new Stalls(chain.state, "redrive-" + uid, uid, Clock.systemUTC());
    open.add(stalls);
    RedriveContext context =
        RedriveContext.of(uid, own, chain.names, chain.state, stalls, Clock.systemUTC());
    return new RedriveWorker(
        context,
        new DecisionLog(own, chain.names, new Publisher(own.jetStream(), stalls), stalls),
        new SourceSessions(
            databases.secrets, new PostgresDatabases(databases.secrets, "redrive"), stalls));
  }

  private RedriveProgress run(RedriveOrder order) throws Exception {
    ask(order);
    worker(order.by().uid()).run();
    return progress(order.by().uid());
  }

  private List<String> target(String query) throws Exception {
    return databases.query("target", query);
  }

  private void awaitLoaded() {
    await().atMost(LONG).until(() -> chain.finished(plan));
  }

  @Test
  void exactly_the_selected_records_are_sent_corrected_and_loaded() throws Exception {
    failing(3000);

    RedriveProgress done = run(order("one", table("item"), NEGATED));

    assertThat(done.phase()).as(done.message()).isEqualTo(Phase.Complete);
    assertThat(List.of(done.selected(), done.sent(), done.resolved())).containsOnly(3000L);
    assertThat(List.of(done.failedAgain(), done.skipped(), done.refused())).containsOnly(0L);
    awaitLoaded();
    assertThat(
            target(
                "SELECT concat_ws('|', count(*), count(DISTINCT id), min(qty), max(qty)) FROM item"))
        .containsExactly("3001|3001|1|3000");
    assertThat(target("SELECT count(*) FROM other")).containsExactly("1");
    assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(3000);
    Counts clean = chain.tally("clean");
    assertThat(clean).isEqualTo(new Counts(6002 + 3000, 2 + 3000, 0, 6000, 0, 0));
    long retried = chain.decisions("clean").stream().filter(d -> d.batch().startsWith("r")).count();
    assertThat(retried).as("they go as batches").isLessThan(10);
  }

  @Test
  void what_is_not_chosen_stays_in_the_midst_of_what_goes() throws Exception {
    failing(3000);
    Set<String> left = Set.of("500", "501", "2999");
    Set<String> keys =
        IntStream.rangeClosed(1, 3000)
            .mapToObj(Integer::toString)
            .filter(key -> !left.contains(key))
            .collect(Collectors.toSet());

    RedriveProgress done =
        run(
            order(
                "some", new Selector(null, null, null, "public.item", null, null, keys), NEGATED));

    assertThat(done.phase()).as(done.message()).isEqualTo(Phase.Complete);
    assertThat(List.of(done.selected(), done.sent(), done.resolved())).containsOnly(2997L);
    assertThat(
            chain.failures().stream()
                .filter(f -> f.detail().table().equals("public.item"))
                .map(f -> f.detail().key()))
        .containsExactlyInAnyOrderElementsOf(left);
    assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(3003);
  }

  @Test
  void records_that_fail_again_are_new_failures_that_know_their_past() throws Exception {
    failing(50);
    Map<Long, FailedMessage> before = chain.failuresBySequence();

    RedriveProgress done = run(order("same", Selector.ALL, Change.NONE));

    assertThat(done.failedAgain()).isEqualTo(100);
    assertThat(done.resolved()).isZero();
    Map<Long, FailedMessage> after = chain.failuresBySequence();
    assertThat(after).hasSize(100);
    assertThat(after.keySet()).doesNotContainAnyElementsOf(before.keySet());
    assertThat(after.values())
        .allSatisfy(
            failed -> {
              FailedMessage.Detail was = before.get(failed.detail().replayOf()).detail();
              assertThat(failed.detail().key()).isEqualTo(was.key());
              assertThat(failed.detail().table()).isEqualTo(was.table());
              assertThat(failed.detail().firstSeen()).isEqualTo(was.firstSeen());
              assertThat(failed.detail().replays()).isEqualTo(1);
            });
  }

  @Test
  void records_that_fail_again_know_what_changes_made_of_which_fields() throws Exception {
    failing(50);
    Change noted =
        new Change(null, List.of(new Step.Assignment("note", "'was ' + string(record.qty)")));

    run(order("noted", table("item"), noted));
    run(order("same", Selector.ALL, Change.NONE));

    assertThat(chain.failures())
        .hasSize(100)
        .allSatisfy(
            failed ->
                assertThat(failed.detail().made().sources())
                    .isEqualTo(
                        failed.detail().table().equals("public.item")
                            ? Map.of("note", List.of("qty"))
                            : Map.of()));
  }

  @Test
  void killed_again_and_again_it_sends_each_record_once() throws Exception {
    failing(20_000);
    ask(order("killed", Selector.ALL, NEGATED));
    List<RedriveProgress> told = told("killed");
    File log = new File(logs, "redrive.log");
    int kills = 0;
    for (int i = 0; i < 8; i++) {
      try (WorkerProcess process = WorkerProcess.redrive(nats.url(), name, "killed", log)) {
        long before = sent("killed");
        long more = 1 + 997L * i;
        await()
            .atMost(LONG)
            .pollInterval(Duration.ofMillis(5))
            .until(() -> sent("killed") >= before + more || !process.alive());
        kills += process.alive() ? 1 : 0;
        process.kill();
      }
    }
    assertThat(kills).as("kills in mid-course").isGreaterThan(2);
    try (WorkerProcess process = WorkerProcess.redrive(nats.url(), name, "killed", log)) {
      await().atMost(LONG).until(() -> !process.alive());
    }

    RedriveProgress done = progress("killed");
    assertThat(done.phase()).as(done.message()).isEqualTo(Phase.Complete);
    assertThat(List.of(done.selected(), done.sent(), done.resolved())).containsOnly(40_000L);
    assertThat(done.skipped()).isZero();
    assertThat(told).extracting(RedriveProgress::sent).isSorted();
    assertThat(told).extracting(RedriveProgress::resolved).isSorted().contains(0L, 40_000L);
    awaitLoaded();
    for (String table : List.of("item", "other")) {
      assertThat(
              target("SELECT concat_ws('|', count(*), count(DISTINCT id), min(qty)) FROM " + table))
          .containsExactly("20001|20001|1");
    }
    assertThat(chain.messages(chain.names.errorsStream())).isZero();
    assertThat(chain.tally("clean")).isEqualTo(new Counts(80_002, 40_002, 0, 40_000, 0, 0));
  }

  /** Records that the journal has. */
  private long sent(String uid) throws Exception {
    return new Journal(chain.nats, chain.names)
        .entries().stream()
            .filter(e -> e.by().uid().equals(uid))
            .mapToLong(e -> e.sequences().size())
            .sum();
  }

  @Test
  void redrives_and_single_replays_of_the_same_records_send_each_once() throws Exception {
    failing(4000);
    Map<Long, FailedMessage> failures = chain.failuresBySequence();
    RedriveOrder one = order("one", Selector.ALL, NEGATED);
    RedriveOrder two = order("two", table("item"), NEGATED);
    ask(one);
    ask(two);
    try (ExecutorService racers = Executors.newThreadPerTaskExecutor(Thread::new)) {
      RedriveWorker first = worker("one");
      RedriveWorker second = worker("two");
      List<Future<Object>> all =
          List.of(
              racers.submit(() -> replaySingly(failures)),
              racers.submit(
                  () -> {
                    first.run();
                    return 0;
                  }),
              racers.submit(
                  () -> {
                    second.run();
                    return 0;
                  }));
      for (Future<Object> racer : all) {
        racer.get();
      }
    }
    awaitLoaded();
    await().atMost(SOON).until(() -> chain.messages(chain.names.retriesStream()) == 0);
    awaitLoaded();
    for (String table : List.of("item", "other")) {
      assertThat(target("SELECT concat_ws('|', count(*), count(DISTINCT id)) FROM " + table))
          .containsExactly("4001|4001");
    }
    List<Long> journalled =
        new Journal(chain.nats, chain.names)
            .entries().stream().flatMap(e -> e.sequences().stream()).toList();
    assertThat(journalled).doesNotHaveDuplicates().hasSize(8000);
    RedriveProgress a = progress("one");
    RedriveProgress b = progress("two");
    assertThat(a.phase()).isEqualTo(Phase.Complete);
    assertThat(a.sent() + a.skipped()).isEqualTo(a.selected());
    assertThat(b.sent() + b.skipped()).isEqualTo(b.selected());
    assertThat(a.resolved() + b.resolved()).isEqualTo(a.sent() + b.sent());
  }

  /** As the desk does for a FailedRecord: every seventh record, one by one. */
  private Object replaySingly(Map<Long, FailedMessage> failures) throws Exception {
    Journal journal = new Journal(chain.nats, chain.names);
    JsonNode correction = new ObjectMapper().readTree("{\"qty\": 5}");
    int number = 0;
    for (Map.Entry<Long, FailedMessage> failed : failures.entrySet()) {
      if (number++ % 7 != 0) {
        continue;
      }
      QueuedFailure failure = new QueuedFailure(failed.getKey(), failed.getValue());
      while (true) {
        Journal.Page page = journal.page(JournalBlock.of(failure.sequence()));
        if (page.has(failure.sequence())) {
          break;
        }
        JournalEntry entry =
            JournalEntry.of(
                JournalEntry.Action.replay,
                List.of(failure),
                page,
                Change.merging(correction),
                new JournalEntry.By("FailedRecord", "f" + number, "f" + number, 1),
                Instant.now().toString());
        if (journal.append(page, entry)) {
          byte[] row =
              Correction.apply(
                  failure, chain.state.schema(failure.detail().schema()), correction, 1 << 19);
          RetryBatch batch = RetryBatch.of(entry, List.of(failure), List.of(row));
          chain
              .nats
              .jetStream()
              .publish(
                  chain.names.retrySubject(entry.stage()),
                  batch.headers().toHeaders(),
                  batch.body(),
                  PublishOptions.builder().messageId(entry.batch().text()).build());
          break;
        }
      }
    }
    return number;
  }

  @Test
  void a_claim_whose_message_was_lost_with_its_worker_is_sent_by_the_next_redrive()
      throws Exception {
    failing(10);
    Journal journal = new Journal(chain.nats, chain.names);
    List<QueuedFailure> some =
        chain.failuresBySequence().entrySet().stream()
            .limit(5)
            .map(e -> new QueuedFailure(e.getKey(), e.getValue()))
            .toList();
    Journal.Page page = journal.page(JournalBlock.of(some.getFirst().sequence()));
    Instant now = Instant.now();
    journal.append(
        page,
        JournalEntry.of(
            JournalEntry.Action.replay,
            some,
            page,
            NEGATED,
            new JournalEntry.By("Redrive", "gone", "gone", 1),
            now.toString()));

    RedriveProgress done = run(order("next", Selector.ALL, NEGATED));

    assertThat(done.sent()).isEqualTo(15);
    assertThat(done.skipped()).isEqualTo(5);
    awaitLoaded();
    await().atMost(SOON).until(() -> chain.tally("clean").passed() == 22);
  }

  /** A claim of a Redrive whose worker died before it sent it. */
  private JournalEntry claim(String uid, List<QueuedFailure> some) throws Exception {
    Journal journal = new Journal(chain.nats, chain.names);
    Journal.Page page = journal.page(JournalBlock.of(some.getFirst().sequence()));
    JournalEntry entry =
        JournalEntry.of(
            JournalEntry.Action.replay,
            some,
            page,
            NEGATED,
            new JournalEntry.By("Redrive", uid, uid, 1),
            Instant.now().toString());
    assertThat(journal.append(page, entry)).isTrue();
    return entry;
  }

  @Test
  void what_was_deleted_by_hand_from_a_claim_that_was_not_sent_is_given_up_and_the_rest_is_sent()
      throws Exception {
    failing(10);
    List<QueuedFailure> items =
        chain.failuresBySequence().entrySet().stream()
            .map(e -> new QueuedFailure(e.getKey(), e.getValue()))
            .filter(f -> f.detail().table().equals("public.item"))
            .toList();
    JournalEntry whole = claim("gone", items.subList(0, 4));
    JournalEntry partly = claim("gone", items.subList(4, 8));
    List<Long> deleted = new ArrayList<>(whole.sequences());
    deleted.add(partly.sequences().get(0));
    deleted.add(partly.sequences().get(2));
    for (long sequence : deleted) {
      chain.nats.jetStreamManagement().deleteMessage(chain.names.errorsStream(), sequence, false);
    }

    RedriveProgress done = run(order("gone", table("item"), NEGATED));

    assertThat(done.phase()).as(done.message()).isEqualTo(Phase.Complete);
    assertThat(done.sent()).as("only what was").isEqualTo(4);
    assertThat(done.waived()).isEqualTo(6);
    assertThat(done.resolved()).isEqualTo(4);
    assertThat(done.skipped()).isZero();
    awaitLoaded();
    assertThat(target("SELECT concat_ws('|', count(*), count(DISTINCT id)) FROM item"))
        .containsExactly("5|5");
    assertThat(chain.tally("clean")).isEqualTo(new Counts(22 + 10, 2 + 4, 0, 20, 0, 6));
    assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(10);
  }

  @Test
  void what_was_deleted_by_hand_of_a_batch_that_is_on_its_way_is_not_given_up() throws Exception {
    failing(10);
    List<QueuedFailure> items =
        chain.failuresBySequence().entrySet().stream()
            .map(e -> new QueuedFailure(e.getKey(), e.getValue()))
            .filter(f -> f.detail().table().equals("public.item"))
            .toList();
    open.stream()
        .filter(RunningStage.class::isInstance)
        .skip(1)
        .limit(1)
        .toList()
        .getFirst()
        .close();
    ask(order("gone", table("item"), NEGATED));
    RedriveWorker first = worker("gone");
    try (ExecutorService one = Executors.newSingleThreadExecutor()) {
      Future<?> ran =
          one.submit(
              () -> {
                first.run();
                return true;
              });
      await().atMost(SOON).until(() -> chain.messages(chain.names.retriesStream()) > 0);
      first.stop();
      ran.get();
    }
    for (QueuedFailure item : items) {
      chain
          .nats
          .jetStreamManagement()
          .deleteMessage(chain.names.errorsStream(), item.sequence(), false);
    }
    RedriveWorker second = worker("gone");
    try (ExecutorService one = Executors.newSingleThreadExecutor()) {
      Future<?> ran =
          one.submit(
              () -> {
                second.run();
                return true;
              });
      Thread.sleep(5000); // longer than a message that lacks is looked for
      assertThat(chain.tally("clean").waived()).isZero();
      open.add(RunningStage.start(chain, "clean", databases.secrets));
      ran.get();
    }

    RedriveProgress done = progress("gone");
    assertThat(done.phase()).as(done.message()).isEqualTo(Phase.Complete);
    assertThat(List.of(done.sent(), done.resolved())).containsOnly(10L);
    awaitLoaded();
    assertThat(target("SELECT count(*) FROM item")).containsExactly("11");
  }

  @Test
  void withdrawn_it_brings_to_its_end_what_it_claimed_and_claims_nothing_more() throws Exception {
    failing(100);
    RedriveOrder slow =
        new RedriveOrder(
            new JournalEntry.By("Redrive", "gone", "gone", 1),
            Selector.ALL,
            JournalEntry.Action.replay,
            NEGATED,
            10,
            List.of(),
            null,
            null,
            false,
            false);
    ask(slow);
    RedriveWorker first = worker("gone");
    try (ExecutorService one = Executors.newSingleThreadExecutor()) {
      Future<?> ran =
          one.submit(
              () -> {
                first.run();
                return true;
              });
      await().atMost(SOON).until(() -> progress("gone") != null && progress("gone").sent() > 0);
      first.stop();
      ran.get();
    }
    // It left what was decided of its claims where it was; and now there is one that was never
    // sent.
    Journal journal = new Journal(chain.nats, chain.names);
    Journal.Page page = journal.page(0);
    List<QueuedFailure> left =
        chain.failuresBySequence().entrySet().stream()
            .filter(e -> !page.has(e.getKey()))
            .map(e -> new QueuedFailure(e.getKey(), e.getValue()))
            .filter(f -> f.detail().table().equals("public.other"))
            .limit(5)
            .toList();
    JournalEntry unsent =
        JournalEntry.of(
            JournalEntry.Action.replay, left, page, NEGATED, slow.by(), Instant.now().toString());
    assertThat(journal.append(page, unsent)).isTrue();

    RedriveProgress done = run(slow.asWithdrawn());

    long claimed = journal.entries().stream().mapToLong(e -> e.sequences().size()).sum();
    assertThat(done.phase()).isEqualTo(Phase.Stopped);
    assertThat(List.of(done.sent(), done.resolved())).containsOnly(claimed);
    assertThat(claimed).isLessThan(200);
    assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(200 - claimed);

    RedriveProgress next = run(order("next", Selector.ALL, NEGATED));
    assertThat(List.of(next.selected(), next.sent())).containsOnly(200 - claimed);
    assertThat(next.skipped()).isZero();
    awaitLoaded();
    assertThat(chain.messages(chain.names.errorsStream())).isZero();
  }

  @Test
  void a_change_that_does_not_fit_is_refused_before_anything_is_sent() throws Exception {
    failing(3);
    Map<String, String> refusals =
        Map.of(
            "{\"qty\": \"many\"}", "spec.correction.qty",
            "{\"quantity\": 1}", "spec.correction.quantity: the record has no such field",
            "{\"qty\": null}", "spec.correction.qty: the column takes no null",
            "[1]", "spec.correction: must be an object");
    int number = 0;
    for (Map.Entry<String, String> refusal : refusals.entrySet()) {
      JsonNode correction = new ObjectMapper().readTree(refusal.getKey());
      RedriveProgress done = run(order("bad" + number++, Selector.ALL, Change.merging(correction)));
      assertThat(done.phase()).isEqualTo(Phase.Refused);
      assertThat(done.message()).contains("records of public.", refusal.getValue());
    }
    Map<Step.Assignment, String> sets =
        Map.of(
            new Step.Assignment("qty", "record.qyt + 1"), "spec.set[0].to",
            new Step.Assignment("qty", "string(record.qty)"), "spec.set[0].to: gives text",
            new Step.Assignment("more", "1"), "spec.set[0].field: the record has no field more",
            new Step.Assignment("qty", "record.qty +"), "spec.set[0].to");
    for (Map.Entry<Step.Assignment, String> refusal : sets.entrySet()) {
      RedriveProgress done =
          run(order("bad" + number++, Selector.ALL, new Change(null, List.of(refusal.getKey()))));
      assertThat(done.phase()).isEqualTo(Phase.Refused);
      assertThat(done.message()).contains(refusal.getValue());
    }
    assertThat(chain.messages(chain.names.journalStream())).isZero();
    assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(6);
  }

  @Test
  void a_record_that_cannot_be_changed_is_left_and_counted() throws Exception {
    failing(10);

    RedriveProgress done =
        run(
            order(
                "some",
                table("item"),
                new Change(
                    null,
                    List.of(
                        new Step.Assignment(
                            "qty", "record.id == 4 ? 1 / (record.qty + 4) : 0 - record.qty")))));

    assertThat(done.phase()).isEqualTo(Phase.Complete);
    assertThat(done.refused()).isEqualTo(1);
    assertThat(done.sent()).isEqualTo(9);
    assertThat(done.skipped()).isZero();
    assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(11);
  }

  @Test
  void a_dry_run_counts_and_shows_and_sends_nothing() throws Exception {
    failing(20);
    RedriveOrder order = order("dry", table("item"), NEGATED);

    RedriveProgress done =
        run(
            new RedriveOrder(
                order.by(),
                order.selector(),
                order.action(),
                order.change(),
                null,
                List.of(),
                null,
                null,
                true,
                false));

    assertThat(done.phase()).isEqualTo(Phase.Complete);
    assertThat(done.selected()).isEqualTo(20);
    assertThat(done.sent()).isZero();
    assertThat(done.samples())
        .hasSize(3)
        .allSatisfy(
            sample -> {
              assertThat(sample.before().get("qty").asInt()).isNegative();
              assertThat(sample.after().get("qty").asInt())
                  .isEqualTo(-sample.before().get("qty").asInt());
            });
    assertThat(chain.messages(chain.names.journalStream())).isZero();
  }

  @Test
  void a_ramp_goes_on_only_as_far_as_failures_allow() throws Exception {
    failing(500);
    RedriveOrder order = order("ramp", Selector.ALL, Change.NONE);

    RedriveProgress done =
        run(
            new RedriveOrder(
                order.by(),
                order.selector(),
                order.action(),
                order.change(),
                null,
                List.of(1, 10, 100),
                5,
                null,
                false,
                false));

    assertThat(done.phase()).isEqualTo(Phase.Stopped);
    assertThat(done.sent()).isEqualTo(11);
    assertThat(done.failedAgain()).isEqualTo(11);
    assertThat(done.message()).contains("spec.stopOn");
    assertThat(chain.tally("clean").in()).isEqualTo(1002 + 11);
  }

  @Test
  void waived_records_are_counted_and_gone() throws Exception {
    failing(3000);
    RedriveOrder order = order("waive", table("item"), Change.NONE);

    RedriveProgress done =
        run(
            new RedriveOrder(
                order.by(),
                order.selector(),
                JournalEntry.Action.waive,
                order.change(),
                null,
                List.of(),
                null,
                null,
                false,
                false));

    assertThat(done.phase()).isEqualTo(Phase.Complete);
    assertThat(done.waived()).isEqualTo(3000);
    assertThat(done.samples())
        .as("what is given up is shown, and nothing takes its place")
        .hasSize(3)
        .allSatisfy(
            sample -> {
              assertThat(sample.before().get("qty").isInt()).isTrue();
              assertThat(sample.after()).isNull();
            });
    assertThat(done.sent()).isZero();
    assertThat(chain.messages(chain.names.errorsStream())).isEqualTo(3000);
    assertThat(chain.tally("clean")).isEqualTo(new Counts(9002, 2, 0, 6000, 0, 3000));
  }

  @Test
  void suspended_it_sends_nothing_until_it_may() throws Exception {
    failing(100);
    RedriveOrder order = order("suspended", Selector.ALL, NEGATED);
    ask(
        new RedriveOrder(
            order.by(),
            order.selector(),
            order.action(),
            order.change(),
            null,
            List.of(),
            null,
            null,
            false,
            true));
    RedriveWorker worker = worker("suspended");
    try (ExecutorService one = Executors.newSingleThreadExecutor()) {
      Future<Object> running =
          one.submit(
              () -> {
                worker.run();
                return 0;
              });
      await()
          .atMost(SOON)
          .until(
              () -> {
                RedriveProgress p = progress("suspended");
                return p != null && p.phase() == Phase.Suspended;
              });
      assertThat(progress("suspended").selected()).isEqualTo(200);
      assertThat(chain.messages(chain.names.journalStream())).isZero();
      ask(order);
      running.get();
    }
    assertThat(progress("suspended").resolved()).isEqualTo(200);
  }

  @Test
  void a_selector_that_chooses_nothing_says_so() throws Exception {
    failing(1);

    RedriveProgress done = run(order("none", table("nothing"), Change.NONE));

    assertThat(done.phase()).isEqualTo(Phase.Complete);
    assertThat(done.selected()).isZero();
    assertThat(done.message()).contains("chooses no record");
  }
}
