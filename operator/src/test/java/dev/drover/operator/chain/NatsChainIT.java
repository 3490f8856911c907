package dev.drover.operator.chain;

import static dev.drover.operator.chain.PlayedWorker.REVISION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationSpec.QueueDeletionPolicy;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.SomeFailure;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.SourceSnapshot;
import dev.drover.wire.state.SplitMessage;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import io.nats.client.PurgeOptions;
import io.nats.client.Subscription;
import io.nats.client.api.MessageInfo;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.api.StreamInfo;
import io.nats.client.api.StreamInfoOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NatsChainIT extends PlayedChain {
  @Test
  void a_spec_is_there_before_its_plan() throws Exception {
    assertThat(StateStore.open(nats, names).spec(REVISION)).contains(SPEC);
    assertThat(chain.plan(REVISION)).isEmpty();
    assertThat(chain.planProgress(REVISION)).isEmpty();

    StateStore.open(nats, names).putPlan(REVISION, PlayedWorker.plan(1, 1));

    assertThat(chain.plan(REVISION)).contains(PlayedWorker.plan(1, 1));
  }

  @Test
  void a_chain_that_was_never_made_has_no_plan() {
    Chain other = new Chains(link).of(new ChainRef("shop", "other", "1"));

    assertThat(other.plan(REVISION)).isEmpty();
  }

  @Test
  void queues_are_made_once_and_changed_in_place() throws Exception {
    worker.extract(0, 0);
    chain.ensureQueues(SPEC, QUEUES);
    chain.ensureQueues(SPEC, new MigrationSpec.Queues("32Mi", 1));

    StreamConfiguration queue =
        nats.jetStreamManagement().getStreamInfo(names.queueStream("clean")).getConfiguration();
    assertThat(queue.getMaxBytes()).isEqualTo(32 * 1024 * 1024);
    assertThat(nats.jetStreamManagement().getConsumerNames(names.queueStream("read")))
        .containsExactly("clean");
    assertThat(nats.jetStreamManagement().getConsumerNames(names.retriesStream()))
        .containsExactlyInAnyOrder("read", "clean", "load");
    assertThat(nats.jetStreamManagement().getConsumerNames(names.waitingStream()))
        .containsExactly("load");
  }

  @Test
  void a_cause_tells_its_records_of_now_also_when_they_are_as_many_as_before() throws Exception {
    advance(PlayedWorker.plan(1, 0));
    worker.extract(1, 1);
    worker.clean(row -> PlayedWorker.cause("Odd"));
    await()
        .until(
            () ->
                nats.jetStreamManagement()
                        .getStreamInfo(names.errorsStream())
                        .getStreamState()
                        .getMsgCount()
                    == 1);
    MessageInfo first =
        nats.jetStreamManagement().getLastMessage(names.errorsStream(), names.all("errors"));
    FailureCauses causes = new FailureCauses(link, names);
    Instant now = Instant.now();
    assertThat(causes.read(causes.count(), now).causes()).hasSize(1);

    FailedMessage message = FailedMessage.parse(Objects.requireNonNull(first.getData()));
    FailedMessage.Detail d = message.detail();
    FailedMessage.Detail again =
        new FailedMessage.Detail(
            d.stage(),
            "r1",
            0,
            d.table(),
            d.key(),
            d.schema(),
            d.failureClass(),
            d.cause(),
            "it is odd still",
            d.revision(),
            d.firstSeen(),
            "2099-01-01T00:00:00Z",
            1,
            1L);
    nats.jetStream().publish(first.getSubject(), new FailedMessage(again, message.row()).toBytes());
    nats.jetStreamManagement().deleteMessage(names.errorsStream(), first.getSeq(), false);

    assertThat(causes.read(causes.count(), now.plusSeconds(60)).causes())
        .singleElement()
        .satisfies(
            cause -> {
              assertThat(cause.records()).isEqualTo(1);
              assertThat(cause.lastSeen()).isEqualTo("2099-01-01T00:00:00Z");
              assertThat(cause.sample().message().detail().message()).isEqualTo("it is odd still");
            });
  }

  @Test
  void a_chain_runs_to_its_end_and_adds_up() throws Exception {
    ChainPlan plan = PlayedWorker.plan(2, 1);
    ChainSnapshot start = advance(plan);
    assertThat(start.firstDispatch()).isNotNull();
    assertThat(stages(start).get("read").backlogMessages()).isEqualTo(2);
    assertThat(stages(start).get("read").backlogRecords()).isEqualTo(200);

    assertThat(worker.extract(3, 20)).hasSize(2);
    ChainSnapshot read = advance(plan);
    assertThat(stages(read).get("read").counts()).isEqualTo(new Counts(120, 120, 0, 0, 0, 0));
    assertThat(stages(read).get("clean").backlogMessages()).isEqualTo(6);
    assertThat(stages(read).get("clean").backlogRecords()).isEqualTo(120);
    assertThat(worker.extract(3, 20)).as("children wait for their parents").isEmpty();

    worker.clean(EVERY_TENTH_FAILS);
    advance(plan);
    assertThat(worker.extract(3, 20)).as("cleaned is not loaded").isEmpty();
    worker.load(Judge.PASS);
    advance(plan);
    assertThat(worker.extract(3, 20)).as("the children's turn").hasSize(1);
    worker.clean(EVERY_TENTH_FAILS);
    worker.load(Judge.PASS);

    ChainSnapshot decided = advance(plan);
    assertThat(decided.complete()).as("the target is not finished").isFalse();
    assertThat(stages(decided).get("load"))
        .matches(StageSnapshot::finishing)
        .matches(load -> !load.done());
    assertThat(worker.finish()).isTrue();
    ChainSnapshot end = advance(plan);
    assertThat(end.complete()).isTrue();
    assertThat(stages(end).get("load").done()).isTrue();
    assertThat(end.splitsDone()).isEqualTo(3);
    assertThat(end.balance().reason()).isEqualTo("TallyBalanced");
    assertThat(stages(end).get("read").counts().in()).isEqualTo(180);
    assertThat(stages(end).get("clean").counts()).isEqualTo(new Counts(180, 162, 0, 18, 0, 0));
    assertThat(stages(end).get("load").counts()).isEqualTo(new Counts(162, 162, 0, 0, 0, 0));
    assertThat(end.failures().causes())
        .singleElement()
        .satisfies(
            cause -> {
              assertThat(cause.records()).isEqualTo(18);
              assertThat(cause.code()).isEqualTo("Zero");
              assertThat(cause.lastSeen()).isGreaterThanOrEqualTo(cause.firstSeen());
            });
    assertThat(operator().advance(REVISION, SPEC, plan, false))
        .as("an operator that starts anew sees the same, and when a record failed last at once")
        .usingRecursiveComparison()
        .ignoringFields("failures.causes.lastSeen")
        .isEqualTo(end);
  }

  @Test
  void a_replay_that_loads_more_has_the_target_finished_again() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    advance(plan);
    worker.extract(1, 20);
    worker.clean(Judge.PASS);
    worker.load(EVERY_TENTH_FAILS);
    assertThat(chain.advance(REVISION, SPEC, plan, true).complete()).isFalse();
    assertThat(worker.finish()).as("nobody asks while it is suspended").isFalse();
    advance(plan);
    worker.finish();
    assertThat(advance(plan).complete()).isTrue();

    for (String subject : List.of("r1", "r2")) {
      var again =
          new dev.drover.wire.batch.BatchHeaders(
              new dev.drover.wire.batch.BatchId(subject),
              1,
              1,
              PlayedWorker.schema(PlayedWorker.PARENTS).fingerprint(),
              REVISION,
              dev.drover.wire.batch.Origin.retry,
              List.of());
      worker.decide(
          "load",
          again,
          PlayedWorker.oneRow(),
          row -> subject.equals("r1") ? PlayedWorker.cause("Still") : java.util.Optional.empty(),
          false);
      boolean loaded = subject.equals("r2");
      assertThat(stages(advance(plan)).get("load").finishing()).as(subject).isEqualTo(loaded);
    }
    worker.finish();
    assertThat(advance(plan).complete()).isTrue();
  }

  /** Visits a chain until nothing moves. */
  private ChainSnapshot rest(ChainPlan plan) {
    advance(plan);
    advance(plan);
    return advance(plan);
  }

  /** The requests to JetStream meanwhile. */
  private List<String> asked(Runnable meanwhile) throws Exception {
    Subscription all = nats.subscribe("$JS.API.>");
    nats.flush(Duration.ofSeconds(5));
    meanwhile.run();
    nats.flush(Duration.ofSeconds(5));
    List<String> subjects = new ArrayList<>();
    for (Message m = all.nextMessage(1); m != null; m = all.nextMessage(1)) {
      subjects.add(m.getSubject());
    }
    all.unsubscribe();
    return subjects;
  }

  @Test
  void a_chain_at_rest_is_asked_only_whether_anything_was_written() throws Exception {
    ChainPlan plan = PlayedWorker.plan(2, 1);
    ChainSnapshot before = rest(plan);

    assertThat(asked(() -> assertThat(advance(plan)).isEqualTo(before)))
        .containsExactlyInAnyOrder(
            "$JS.API.STREAM.INFO." + names.decisionsStream(),
            "$JS.API.STREAM.INFO.KV_" + names.stateBucket());
    assertThat(asked(() -> chain.advance(REVISION, SPEC, plan, true)))
        .as("another question")
        .contains("$JS.API.STREAM.INFO." + names.retriesStream());
  }

  @Test
  void what_is_done_at_a_chain_at_rest_is_seen_at_the_next_visit() throws Exception {
    ChainPlan plan = PlayedWorker.plan(2, 1);
    rest(plan);

    worker.extract(1, 10);

    assertThat(stages(advance(plan)).get("read").counts().in()).as("two splits").isEqualTo(20);
  }

  @Test
  void a_queue_that_is_deleted_at_rest_is_missed_within_seconds() throws Exception {
    ChainPlan plan = PlayedWorker.plan(2, 1);
    rest(plan);
    nats.jetStreamManagement().deleteStream(names.queueStream("clean"));

    now = now.plusSeconds(10);

    assertThat(advance(plan).balance().reason()).isEqualTo("QueueLost");
  }

  @Test
  void what_has_begun_is_not_begun_anew_where_its_state_is_gone() throws Exception {
    ChainPlan plan = PlayedWorker.plan(2, 1);
    advance(plan);
    worker.extract(1, 10);
    for (Chain one : List.of(chain, operator())) {
      one.begun();
      one.publishSpec(REVISION, SPEC, QUEUES);
      one.ensureQueues(SPEC, QUEUES);
    }
    nats.jetStreamManagement().deleteStream("KV_" + names.stateBucket());
    now = now.plusSeconds(121);

    Chain restarted = operator();
    restarted.begun();
    for (Chain one : List.of(chain, restarted)) {
      assertLost(() -> one.publishSpec("another", SPEC, QUEUES));
      assertLost(() -> one.ensureQueues(SPEC, QUEUES));
    }
    assertThat(nats.jetStreamManagement().getStreamNames())
        .doesNotContain("KV_" + names.stateBucket());
  }

  private static void assertLost(Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            ChainUnavailableException.class,
            e -> assertThat(e.reason()).isEqualTo(Chain.STATE_LOST));
  }

  @Test
  void a_table_that_has_another_key_now_is_not_read_by_ranges_of_the_one_before() throws Exception {
    ChainPlan plan = PlayedWorker.plan(2, 1);
    advance(plan);
    ChainPlan other = plan.with(List.of(byQty(plan.tables().getFirst())), plan.newTables());

    assertThat(stallOf(advance(other), "read"))
        .returns("KeyChanged", ChainSnapshot.StallReason::reason)
        .extracting(ChainSnapshot.StallReason::message, STRING)
        .contains(PlayedWorker.PARENTS, "(id integer)", "(qty integer)", "change it back there");
    assertThat(stallOf(advance(plan), "read")).isNull();

    while (!worker.extract(1, 10).isEmpty()) {
      worker.clean(Judge.PASS);
      worker.load(Judge.PASS);
      advance(plan);
    }
    assertThat(stallOf(advance(other), "read")).as("nobody reads it any more").isNull();
  }

  @Test
  void a_table_that_has_another_key_now_holds_up_no_other_table() throws Exception {
    ChainPlan before = PlayedWorker.plan(2, 0);
    TablePlan parents = before.tables().getFirst();
    chain.advance(REVISION, SPEC, before, true); // its ranges are settled, and nothing is sent
    TablePlan other =
        new TablePlan(
            "read",
            "public.other",
            PlayedWorker.schema("public.other"),
            List.of("id"),
            List.of(),
            10,
            List.of(KeyRange.ALL));

    advance(before.with(List.of(byQty(parents), other), before.newTables()));
    assertThat(worker.extract(1, 10))
        .extracting(SplitMessage::table)
        .containsExactly("public.other");

    advance(before.with(List.of(parents, other), before.newTables()));
    assertThat(worker.extract(1, 10))
        .extracting(SplitMessage::table)
        .containsExactly(PlayedWorker.PARENTS, PlayedWorker.PARENTS);
  }

  private static ChainSnapshot.@Nullable StallReason stallOf(ChainSnapshot snapshot, String stage) {
    return snapshot.stages().stream()
        .filter(s -> s.name().equals(stage))
        .findFirst()
        .orElseThrow()
        .stall();
  }

  @Test
  void splits_of_a_table_that_was_altered_and_planned_anew_are_sent_again_by_the_new_plan()
      throws Exception {
    ChainPlan plan = PlayedWorker.plan(3, 0);
    StateStore.open(nats, names).putPlan(REVISION, plan);
    advance(plan);

    chain.advance("r2", SPEC, plan, false);
    operator().advance("r2", SPEC, plan, false);
    assertThat(revisionsQueued()).as("nothing else to read").containsExactly(REVISION);

    TablePlan before = plan.tables().getFirst();
    TablePlan altered =
        new TablePlan(
            before.stage(),
            before.table(),
            new RecordSchema(
                before.table(),
                List.of(
                    before.schema().columns().getFirst(),
                    new Column("qty", ColumnType.BIGINT, true, "bigint"))),
            before.key(),
            before.after(),
            before.estimatedRecords(),
            before.splits());
    ChainPlan anew = plan.with(List.of(altered), plan.newTables());
    chain.advance("r3", SPEC, anew, true);
    assertThat(revisionsQueued()).as("a chain that holds sends nothing").containsExactly(REVISION);
    chain.advance("r3", SPEC, anew, false);
    assertThat(revisionsQueued()).containsExactly("r3");
    assertThat(worker.extract(1, 1)).hasSize(3);
  }

  private Set<String> revisionsQueued() throws Exception {
    Set<String> revisions = new HashSet<>();
    StreamInfo splits =
        nats.jetStreamManagement()
            .getStreamInfo(names.splitsStream(), StreamInfoOptions.allSubjects());
    for (String subject : splits.getStreamState().getSubjectMap().keySet()) {
      MessageInfo message =
          nats.jetStreamManagement().getLastMessage(names.splitsStream(), subject);
      revisions.add(WireJson.parse(message.getData(), SplitMessage.class).revision());
    }
    return revisions;
  }

  private static TablePlan byQty(TablePlan t) {
    return new TablePlan(
        t.stage(),
        t.table(),
        t.schema(),
        List.of("qty"),
        t.after(),
        t.estimatedRecords(),
        t.splits());
  }

  @Test
  void a_suspended_chain_dispatches_nothing() throws Exception {
    chain.advance(REVISION, SPEC, PlayedWorker.plan(1, 1), true);

    assertThat(worker.extract(1, 1)).isEmpty();
  }

  @Test
  void a_killed_server_changes_no_count_and_doubles_no_split() throws Exception {
    ChainPlan plan = PlayedWorker.plan(3, 1);
    advance(plan);
    worker.extract(4, 10);
    worker.clean(EVERY_TENTH_FAILS);
    ChainSnapshot before = advance(plan);

    server.kill();
    assertThatThrownBy(() -> advance(plan))
        .isInstanceOfSatisfying(
            ChainUnavailableException.class,
            e -> assertThat(e.reason()).isEqualTo("NatsUnavailable"));
    server.restart();

    await()
        .atMost(Duration.ofSeconds(30))
        .ignoreException(ChainUnavailableException.class)
        .untilAsserted(() -> assertThat(advance(plan)).isEqualTo(before));
    await().until(() -> nats.getStatus() == Connection.Status.CONNECTED);
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              worker.load(Judge.PASS);
              advance(plan);
              assertThat(everDispatched())
                  .as(
                      "the children beside the parents; what a killed server sends again is no more")
                  .isEqualTo(4);
            });
  }

  private long everDispatched() throws Exception {
    return nats.jetStreamManagement()
        .getStreamInfo(names.splitsStream())
        .getStreamState()
        .getLastSequence();
  }

  @Test
  void splits_whose_stream_was_lost_are_dispatched_again() throws Exception {
    ChainPlan plan = PlayedWorker.plan(2, 1);
    advance(plan);
    nats.jetStreamManagement().deleteStream(names.splitsStream());
    assertThatThrownBy(() -> advance(plan)).isInstanceOf(ChainUnavailableException.class);

    chain.ensureQueues(SPEC, QUEUES);
    advance(plan);

    assertThat(worker.extract(1, 1)).hasSize(2);
  }

  @Test
  void an_edit_that_would_cut_tables_anew_keeps_the_splits_that_were_dispatched() throws Exception {
    StateStore.open(nats, names).putPlan(REVISION, PlayedWorker.plan(2, 1));
    int before = advance(PlayedWorker.plan(2, 1)).splitsTotal();
    byte[] sent = split().getData();

    ChainSnapshot after = operator().advance("edited", SPEC, PlayedWorker.plan(5, 3), false);

    assertThat(after.splitsTotal()).isEqualTo(before).isEqualTo(3);
    assertThat(split().getData()).isEqualTo(sent);
  }

  private io.nats.client.api.MessageInfo split() throws Exception {
    return nats.jetStreamManagement().getNextMessage(names.splitsStream(), 1, names.all("splits"));
  }

  @Test
  void what_is_cut_off_a_split_is_dispatched_and_counted_like_any_other() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    advance(plan);
    SplitId split = SplitId.of(PlayedWorker.PARENTS, 0);
    KeyRange first = new KeyRange(List.of("100"), List.of("200"));
    KeyRange second = new KeyRange(List.of("200"), List.of("300"));
    worker.cutOff(split, List.of(first, second));

    assertThat(advance(plan).splitsTotal()).as("known as soon as they are cut off").isEqualTo(4);
    assertThat(worker.extract(2, 10)).as("their ranges are not known yet").hasSize(1);
    worker.clean(Judge.PASS);
    worker.load(Judge.PASS);
    ChainSnapshot cut = advance(plan);
    assertThat(cut.splitsDone()).isEqualTo(1);
    assertThat(stages(cut).get("read").done()).isFalse();
    assertThat(stages(cut).get("load").finishing()).isFalse();
    assertThat(worker.extract(2, 10)).as("the children's turn is not yet").isEmpty();
    assertThat(operator().advance(REVISION, SPEC, plan, false)).isEqualTo(cut);

    worker.launch(split.cutOff(1), second);
    worker.launch(split.cutOff(0), first);
    ChainSnapshot sent = advance(plan);
    assertThat(stages(sent).get("read").backlogMessages()).isEqualTo(2);
    assertThat(stages(sent).get("read").backlogRecords())
        .as("a split's records each")
        .isEqualTo(2000);
    assertThat(operator().advance(REVISION, SPEC, plan, false))
        .as("an operator that died after it sent them")
        .isEqualTo(sent);
    assertThat(worker.extract(2, 10))
        .extracting(SplitMessage::number, SplitMessage::range)
        .containsExactlyInAnyOrder(tuple("0c0", first), tuple("0c1", second));
    worker.clean(Judge.PASS);
    assertThat(advance(plan).splitsDone()).isEqualTo(3);
    assertThat(worker.extract(2, 10)).as("cleaned is not loaded").isEmpty();
    worker.load(Judge.PASS);
    advance(plan);
    assertThat(worker.extract(2, 10)).as("the children's turn").hasSize(1);
    worker.clean(Judge.PASS);
    worker.load(Judge.PASS);
    advance(plan);
    worker.finish();

    ChainSnapshot end = operator().advance("edited", SPEC, PlayedWorker.plan(3, 2), false);
    assertThat(end.complete()).as("by a later plan, too").isTrue();
    assertThat(end.splitsDone()).isEqualTo(4).isEqualTo(end.splitsTotal());
    assertThat(stages(end).get("load").counts()).isEqualTo(new Counts(80, 80, 0, 0, 0, 0));
    assertThat(end.balance().balanced()).isTrue();
  }

  @Test
  void a_purged_queue_shows_as_lost() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    advance(plan);
    worker.extract(2, 10);
    nats.jetStreamManagement()
        .purgeStream(names.queueStream("read"), PurgeOptions.builder().build());

    assertThat(advance(plan).balance().balanced()).as("it may be on its way").isTrue();
    now = now.plusSeconds(11);
    ChainSnapshot later = advance(plan);

    assertThat(later.balance().reason()).isEqualTo("QueueLost");
    assertThat(later.complete()).isFalse();
  }

  @Test
  void failed_records_that_are_purged_show_as_lost_and_the_chain_is_never_complete()
      throws Exception {
    ChainPlan plan = finishedWithFailures();
    nats.jetStreamManagement().purgeStream(names.errorsStream());

    ChainSnapshot now = advance(plan);
    assertThat(now.balance().balanced()).as("they may be on their way").isTrue();
    assertThat(now.complete()).isFalse();
    this.now = this.now.plusSeconds(11);
    ChainSnapshot later = advance(plan);

    assertThat(later.balance().reason()).isEqualTo("ErrorQueueLost");
    assertThat(later.balance().message())
        .startsWith("stage clean counts 2 failed records, but the error queue has 0 of them");
    assertThat(later.complete()).isFalse();
  }

  @Test
  void an_error_queue_that_is_deleted_is_made_anew_and_what_it_held_shows_as_lost_for_good()
      throws Exception {
    ChainPlan plan = finishedWithFailures();
    nats.jetStreamManagement().deleteStream(names.errorsStream());
    advance(plan);
    chain.ensureQueues(SPEC, QUEUES);
    assertThat(nats.jetStreamManagement().getStreamNames()).contains(names.errorsStream());

    now = now.plusSeconds(11);
    assertThat(advance(plan).balance().reason()).isEqualTo("ErrorQueueLost");
    now = now.plusSeconds(600);
    assertThat(advance(plan).balance().reason()).isEqualTo("ErrorQueueLost");
  }

  @Test
  void failed_records_that_come_back_balance_again() throws Exception {
    ChainPlan plan = finishedWithFailures();
    List<Message> kept = new ArrayList<>();
    Subscription all = nats.jetStream().subscribe(names.all("errors"));
    for (Message m = all.nextMessage(1000); m != null; m = all.nextMessage(1000)) {
      kept.add(m);
    }
    all.unsubscribe();
    nats.jetStreamManagement().purgeStream(names.errorsStream());
    advance(plan);
    now = now.plusSeconds(11);
    assertThat(advance(plan).balance().balanced()).isFalse();

    for (Message m : kept) {
      nats.jetStream().publish(m.getSubject(), m.getData());
    }

    assertThat(advance(plan).balance().balanced()).isTrue();
    assertThat(advance(plan).complete()).isTrue();
  }

  /** A chain that has ended, with two records of stage clean in the error queue. */
  private ChainPlan finishedWithFailures() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    advance(plan);
    worker.extract(2, 10);
    worker.clean(EVERY_TENTH_FAILS);
    worker.load(Judge.PASS);
    advance(plan);
    worker.finish();
    assertThat(advance(plan).complete()).isTrue();
    return plan;
  }

  @Test
  void a_deleted_queue_shows_as_lost_at_once() throws Exception {
    nats.jetStreamManagement().deleteStream(names.queueStream("clean"));

    assertThat(advance(PlayedWorker.plan(1, 1)).balance().reason()).isEqualTo("QueueLost");
  }

  @Test
  void a_deleted_consumer_of_an_empty_queue_shows_as_lost_at_once() throws Exception {
    nats.jetStreamManagement().deleteConsumer(names.queueStream("read"), "clean");

    assertThat(advance(PlayedWorker.plan(1, 1)).balance().reason()).isEqualTo("QueueLost");
  }

  @Test
  void a_stall_shows_while_it_is_told() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    Stall stall = new Stall("DatabaseUnavailable", "shop refuses", "t", "t");
    StateStore.open(nats, names).bucket().put("stall.load.pod-1", WireJson.bytes(stall));

    assertThat(stages(advance(plan)).get("load").stall().reason()).isEqualTo("DatabaseUnavailable");
    now = now.plusSeconds(61);
    assertThat(stages(advance(plan)).get("load").stall()).isNull();
  }

  @Test
  void a_stall_shows_though_nats_has_no_room_to_keep_it() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    rest(plan); // listens from now on
    Stall stall = new Stall("NatsStorageFull", "no room", "t", "t");

    String schema =
        StateStore.open(nats, names).putSchema(PlayedWorker.schema(PlayedWorker.PARENTS));

    // From now on the bucket refuses every message, as when no storage is left.
    StreamConfiguration bucket =
        nats.jetStreamManagement().getStreamInfo("KV_" + names.stateBucket()).getConfiguration();
    nats.jetStreamManagement()
        .updateStream(StreamConfiguration.builder(bucket).maxMsgSize(1).build());
    FailedMessage.Detail d = SomeFailure.at(1, "clean").detail();
    FailedMessage first = // that there is one cannot be noted
        new FailedMessage(
            new FailedMessage.Detail(
                d.stage(),
                d.batch(),
                d.index(),
                d.table(),
                d.key(),
                schema,
                d.failureClass(),
                d.cause(),
                d.message(),
                d.revision(),
                d.firstSeen(),
                d.lastSeen(),
                d.replays(),
                null),
            new byte[0]);
    nats.jetStream().publish(names.errorSubject("clean", d.fingerprint()), first.toBytes());
    assertThatThrownBy(
            () ->
                StateStore.open(nats, names)
                    .bucket()
                    .put("stall.read.pod-1", WireJson.bytes(stall)))
        .isInstanceOf(JetStreamApiException.class);
    await()
        .untilAsserted(
            () ->
                assertThat(stages(advance(plan)).get("read").stall())
                    .isEqualTo(new ChainSnapshot.StallReason("NatsStorageFull", "no room")));

    assertThatThrownBy(() -> StateStore.open(nats, names).bucket().delete("stall.read.pod-1"))
        .isInstanceOf(JetStreamApiException.class);
    await().untilAsserted(() -> assertThat(stages(advance(plan)).get("read").stall()).isNull());
  }

  private static final ChainSpec THROUGH_A_SNAPSHOT =
      new ChainSpec(
          SPEC.connections(),
          SPEC.stages().stream()
              .map(
                  s ->
                      s instanceof StageSpec.Extract e
                          ? new StageSpec.Extract(
                              e.name(),
                              e.connectionName(),
                              e.tables(),
                              e.splitRecords(),
                              StageSpec.Consistency.Snapshot)
                          : s)
              .toList());

  @Test
  void a_snapshot_that_is_lost_shows_until_all_is_read_and_for_who_reads_through_one()
      throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    StateStore store = StateStore.open(nats, names);
    SourceSnapshot held = SourceSnapshot.held("pod/1", "0001-1", "1:1:", "now");
    assertThat(store.putSnapshot("read", Optional.empty(), held)).isTrue();
    assertThat(chain.advance(REVISION, THROUGH_A_SNAPSHOT, plan, false).snapshotLost("read"))
        .isFalse();

    assertThat(store.putSnapshot("read", Optional.empty(), held)).as("once").isFalse();
    assertThat(store.putSnapshot("read", store.snapshot("read"), held.lost("gone"))).isTrue();

    ChainSnapshot lost = chain.advance(REVISION, THROUGH_A_SNAPSHOT, plan, false);
    assertThat(lost.snapshotLost("read")).isTrue();
    assertThat(stages(lost).get("read").stall())
        .isEqualTo(new ChainSnapshot.StallReason("SnapshotLost", "gone"));
    assertThat(advance(plan).snapshotLost("read")).isFalse();
    chain.releaseSnapshot("read");
    assertThat(store.snapshot("read").orElseThrow().value().state())
        .isEqualTo(SourceSnapshot.State.Lost);

    worker.extract(1, 10);
    assertThat(chain.advance(REVISION, THROUGH_A_SNAPSHOT, plan, false).snapshotLost("read"))
        .isFalse();
  }

  @Test
  void a_snapshot_is_released_once_and_one_that_never_was_is_none_to_release() throws Exception {
    StateStore store = StateStore.open(nats, names);
    operator().releaseSnapshot("read");
    assertThat(store.snapshot("read")).isEmpty();

    SourceSnapshot held = SourceSnapshot.held("pod/1", "0001-1", "1:1:", "now");
    store.putSnapshot("read", Optional.empty(), held);
    chain.releaseSnapshot("read");
    chain.releaseSnapshot("read");
    assertThat(store.snapshot("read").orElseThrow().value()).isEqualTo(held.released());
  }

  @Test
  void a_stage_that_is_done_shows_no_stall_of_a_worker_that_was_killed() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    advance(plan);
    Stall stall = new Stall("QueueFull", "full", "t", "t");
    StateStore.open(nats, names).bucket().put("stall.read.pod-1", WireJson.bytes(stall));
    assertThat(stages(advance(plan)).get("read").stall()).isNotNull();

    worker.extract(1, 10);

    assertThat(stages(advance(plan)).get("read").done()).isTrue();
    assertThat(stages(advance(plan)).get("read").stall()).isNull();
  }

  @Test
  void deletion_keeps_what_still_holds_records() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    advance(plan);
    worker.extract(1, 10);
    worker.clean(EVERY_TENTH_FAILS);
    worker.load(Judge.PASS);

    assertThat(chain.delete(QueueDeletionPolicy.Retain).retainedStreams())
        .containsExactly(names.errorsStream());
    assertThat(nats.jetStreamManagement().getStreamNames())
        .contains(names.errorsStream(), names.decisionsStream(), "KV_" + names.stateBucket())
        .doesNotContain(names.queueStream("read"), names.splitsStream());
    assertThat(chain.delete(QueueDeletionPolicy.Delete).retainedStreams()).isEmpty();
    assertThat(nats.jetStreamManagement().getStreamNames())
        .noneMatch(name -> name.contains(names.id()));
  }

  @Test
  void a_server_that_takes_only_small_messages_is_refused() {
    try (NatsServer small = NatsServer.start("max_payload: 64KB");
        NatsLink narrow = new NatsLink(small::endpoint)) {
      assertThatThrownBy(() -> new Chains(narrow).of(ref).publishSpec(REVISION, SPEC, QUEUES))
          .isInstanceOfSatisfying(
              ChainUnavailableException.class,
              e -> assertThat(e.reason()).isEqualTo("NatsMaxPayloadTooSmall"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
