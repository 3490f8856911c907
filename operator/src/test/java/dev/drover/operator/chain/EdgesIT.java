package dev.drover.operator.chain;

import static dev.drover.operator.chain.PlayedWorker.REVISION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.operator.migration.JoiningStep;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.status.Observation.Planning;
import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import io.nats.client.api.ConsumerConfiguration;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** How stages that are added, and those that go, come by the records that are theirs. */
class EdgesIT extends PlayedChain {
  @Test
  void a_branch_sees_what_is_queued_also_where_the_other_has_decided_it() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(plan);
    worker.extract(3, 10);
    worker.clean(Judge.PASS);
    List<Message> queued = worker.fetch(names.queueStream("clean"), "load");
    for (Message m : queued.subList(0, 2)) {
      worker.decide("load", BatchHeaders.parse(m.getHeaders()), m.getData(), Judge.PASS, false);
    }
    queued.getFirst().ackSync(Duration.ofSeconds(5));
    ChainSpec branched = with(archive("clean"));

    assertThat(chain.join("rev2", branched, QUEUES, true)).isInstanceOf(Joining.Joined.class);

    Edges edges = edges();
    String unacknowledged = BatchHeaders.parse(queued.get(1).getHeaders()).id().text();
    assertThat(edges.of("archive").orElseThrow().held())
        .containsExactly(Map.entry(unacknowledged, 10L));
    // One that remembers nothing, and comes with the chain before: it makes no queue of that.
    Chain next = operator();
    assertThatThrownBy(() -> next.ensureQueues(SPEC, QUEUES)).hasMessageContaining("rev2");
    next.ensureQueues(branched, QUEUES);
    ChainSnapshot seen = next.advance("rev2", branched, plan, false);
    assertThat(stages(seen).get("archive").backlogMessages()).isEqualTo(2);
    assertThat(seen.balance().balanced()).isTrue();
    assertThat(seen.balance().message()).contains("archive 0 = ", "10 had passed before it joined");
  }

  @Test
  void
      a_queue_that_is_drained_takes_nothing_keeps_what_it_has_and_opens_when_the_edit_is_withdrawn()
          throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 0));
    worker.extract(3, 10);
    ChainSpec removed =
        new ChainSpec(
            List.of(),
            List.of(
                SPEC.stages().getFirst(),
                new StageSpec.Load("load", "read", "shop", null, LoadMode.Upsert, List.of())));

    assertThat(chain.join("rev2", removed, QUEUES, true))
        .isInstanceOfSatisfying(
            Joining.Underway.class,
            u -> assertThat(u.changes().getFirst().message()).contains("clean has 3 messages"));
    chain.ensureQueues(SPEC, QUEUES);
    String queue = names.queueStream("read");
    var management = nats.jetStreamManagement();
    assertThat(management.getStreamInfo(queue).getStreamState().getMsgCount()).isEqualTo(3);
    assertThatThrownBy(() -> nats.jetStream().publish(names.queueSubject("read", "x"), new byte[9]))
        .isInstanceOf(JetStreamApiException.class);

    assertThat(stages(advance(PlayedWorker.plan(1, 0))).get("read").flow().outputPercent())
        .as("a closed queue is full, and no more than that")
        .isEqualTo(100);

    // An operator that ended when it had made a reader of the queue and not written so down, and
    // then one that remembers nothing and finds the edit withdrawn.
    management.createConsumer(queue, ConsumerConfiguration.builder().durable("load").build());
    Chain next = operator();
    assertThat(next.join(REVISION, SPEC, QUEUES, false)).isInstanceOf(Joining.Joined.class);
    assertThat(management.getConsumerNames(queue)).containsExactly("clean");
    next.ensureQueues(SPEC, QUEUES);
    assertThat(worker.clean(Judge.PASS)).isEqualTo(3);
    nats.jetStream().publish(names.queueSubject("read", "x"), new byte[9]);
  }

  @Test
  void nothing_is_closed_for_a_stage_that_may_not_run_and_opens_while_it_may_no_longer()
      throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 0));
    worker.extract(3, 10);
    ChainSpec removed = withoutClean();
    var publisher = nats.jetStream();
    String subject = names.queueSubject("read", "x");

    assertThat(halted(removed))
        .returns("clean", Joining.Underway::drains)
        .returns(false, u -> u.changes().getFirst().draining())
        .extracting(u -> u.changes().getFirst().message())
        .asString()
        .startsWith("it begins when clean may run, which is to be drained: clean has 3 messages");
    publisher.publish(subject, new byte[9]);

    assertThat(chain.join("rev2", removed, QUEUES, true)).isInstanceOf(Joining.Underway.class);
    assertThatThrownBy(() -> publisher.publish(subject, new byte[9]))
        .isInstanceOf(JetStreamApiException.class);
    assertThat(halted(removed).changes().getFirst().draining()).isFalse();
    chain.ensureQueues(SPEC, QUEUES);
    publisher.publish(subject, new byte[9]);
  }

  @Test
  void a_stage_that_waits_in_vain_for_its_database_keeps_no_queue_closed() throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 0));
    worker.extract(3, 10);
    ChainSpec removed = withoutClean();
    var publisher = nats.jetStream();
    String subject = names.queueSubject("read", "x");
    var bucket = StateStore.open(nats, names).bucket();
    String key = StateStore.STALLS + "clean.pod";
    Instant told = now;
    byte[] stall =
        WireJson.bytes(
            new Stall("DatabaseUnavailable", "refused", told.toString(), told.toString(), 0));
    bucket.put(key, stall);
    advance(PlayedWorker.plan(1, 0));

    assertThat(joining(removed).changes().getFirst().draining()).isTrue();
    assertThatThrownBy(() -> publisher.publish(subject, new byte[9]))
        .isInstanceOf(JetStreamApiException.class);

    now = now.plus(DrainWatch.PATIENCE);
    assertThat(joining(removed))
        .returns("clean", Joining.Underway::drains)
        .extracting(u -> u.changes().getFirst())
        .returns(false, Joining.Change::draining)
        .extracting(Joining.Change::message)
        .asString()
        .contains("clean, which is to be drained", "DatabaseUnavailable: refused");
    chain.ensureQueues(SPEC, QUEUES);
    publisher.publish(subject, new byte[9]);
    assertThat(joining(removed).changes().getFirst().draining())
        .as("more came meanwhile, and it still waits")
        .isFalse();

    bucket.delete(key);
    advance(PlayedWorker.plan(1, 0));
    assertThat(joining(removed).changes().getFirst().draining()).isTrue();
  }

  @Test
  void what_an_abandoned_stage_has_left_is_given_up_and_the_others_go_on() throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 0));
    ChainSpec branched = with(archive("clean"));
    chain.join("rev2", branched, QUEUES, true);
    chain.ensureQueues(branched, QUEUES);
    worker.extract(3, 10);
    worker.clean(Judge.PASS);
    nats.jetStream().publish(names.retrySubject("archive"), new byte[9]);
    nats.jetStream().publish(names.waitingSubject("archive"), new byte[9]);
    assertThat(chain.join("rev3", SPEC, QUEUES, true))
        .as("what waits is never drained by itself")
        .isInstanceOfSatisfying(
            Joining.Refused.class,
            r ->
                assertThat(r.findings())
                    .singleElement()
                    .returns("StageHoldsWaiting", Finding::reason));
    Removal removal = new Removal(Set.of(), Set.of("archive"));

    assertThat(chain.join("rev3", SPEC, QUEUES, false, removal))
        .isInstanceOfSatisfying(
            Joining.Underway.class,
            u ->
                assertThat(u.changes())
                    .singleElement()
                    .returns(Joining.Kind.Abandoned, Joining.Change::kind)
                    .extracting(Joining.Change::message)
                    .asString()
                    .contains(
                        "3 messages of the queue of clean, 1 that were sent again, 1 that wait"));
    assertThat(chain.join("rev3", SPEC, QUEUES, true, removal)).isInstanceOf(Joining.Joined.class);

    var management = nats.jetStreamManagement();
    String queue = names.queueStream("clean");
    assertThat(management.getConsumerNames(queue)).containsExactly("load");
    for (String stream : List.of(names.retriesStream(), names.waitingStream())) {
      assertThat(management.getStreamInfo(stream).getStreamState().getMsgCount()).isZero();
    }
    nats.jetStream().publish(names.queueSubject("read", "x"), new byte[9]);
    assertThat(worker.load(Judge.PASS)).isEqualTo(3);
    assertThat(management.getStreamInfo(queue).getStreamState().getMsgCount()).isZero();
    assertThat(advance(PlayedWorker.plan(1, 0)).balance().balanced()).isTrue();

    // Of a worker that ended only now.
    nats.jetStream().publish(names.errorSubject("archive", "late"), new byte[9]);
    nats.jetStream().publish(names.waitingSubject("archive"), new byte[9]);
    now = now.plusSeconds(60);
    chain.join("rev3", SPEC, QUEUES, true, removal);
    for (String stream : List.of(names.errorsStream(), names.waitingStream())) {
      assertThat(management.getStreamInfo(stream).getStreamState().getMsgCount()).isZero();
    }
  }

  @Test
  void the_queue_of_an_abandoned_stage_goes_with_what_is_in_it() throws Exception {
    ChainSpec mirrored =
        with(new StageSpec.Transform("mirror", "clean", List.of()), archive("mirror"));
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 0));
    chain.join("rev2", mirrored, QUEUES, true);
    chain.ensureQueues(mirrored, QUEUES);
    nats.jetStream().publish(names.queueSubject("mirror", "x"), new byte[9]);

    assertThat(chain.join("rev3", SPEC, QUEUES, true, new Removal(Set.of(), Set.of("mirror"))))
        .isInstanceOf(Joining.Joined.class);

    assertThat(nats.jetStreamManagement().getStreamNames())
        .contains(names.queueStream("clean"))
        .doesNotContain(names.queueStream("mirror"));
  }

  @Test
  void what_stands_in_for_an_abandoned_stage_sees_what_that_one_had_not_decided() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(plan);
    worker.extract(3, 10);
    worker.clean(Judge.PASS);
    Message first = worker.fetch(names.queueStream("clean"), "load").getFirst();
    worker.decide(
        "load", BatchHeaders.parse(first.getHeaders()), first.getData(), Judge.PASS, false);
    first.ackSync(Duration.ofSeconds(5));
    ChainSpec replaced =
        new ChainSpec(
            List.of(), List.of(SPEC.stages().get(0), SPEC.stages().get(1), archive("clean")));

    assertThat(chain.join("rev2", replaced, QUEUES, true)).isInstanceOf(Joining.Underway.class);
    assertThat(
            chain.join("rev2", replaced, QUEUES, true, new Removal(Set.of("load"), Set.of("load"))))
        .isInstanceOf(Joining.Joined.class);

    chain.ensureQueues(replaced, QUEUES);
    ChainSnapshot seen = chain.advance("rev2", replaced, plan, false);
    assertThat(stages(seen).get("archive").backlogMessages()).isEqualTo(2);
    assertThat(seen.balance().balanced()).isTrue();
    assertThat(seen.balance().message()).contains("10 had passed before it joined");
  }

  @Test
  void what_is_behind_an_abandoned_stage_may_not_stay() throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 0));
    worker.extract(3, 10);

    assertThat(
            chain.join(
                "rev2", withoutClean(), QUEUES, true, new Removal(Set.of(), Set.of("clean"))))
        .isInstanceOfSatisfying(
            Joining.Refused.class,
            r ->
                assertThat(r.findings())
                    .singleElement()
                    .returns("AbandonedStageFeeds", Finding::reason)
                    .returns("spec.abandonedStages", Finding::path)
                    .satisfies(f -> assertThat(f.message()).contains("stage load")));
    nats.jetStream().publish(names.queueSubject("read", "x"), new byte[9]);
  }

  private static ChainSpec withoutClean() {
    return new ChainSpec(
        List.of(),
        List.of(
            SPEC.stages().getFirst(),
            new StageSpec.Load("load", "read", "shop", null, LoadMode.Upsert, List.of())));
  }

  private Joining.Underway joining(ChainSpec spec) {
    return (Joining.Underway) chain.join("rev2", spec, QUEUES, true);
  }

  private Joining.Underway halted(ChainSpec spec) {
    return (Joining.Underway)
        chain.join("rev2", spec, QUEUES, true, new Removal(Set.of("clean"), Set.of()));
  }

  @Test
  void a_branch_begins_only_when_all_is_drained_that_is_drained_for_the_same_edit()
      throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 0));
    worker.extract(3, 10);
    ChainSpec mixed =
        new ChainSpec(
            List.of(),
            List.of(
                SPEC.stages().getFirst(),
                new StageSpec.Transform("stamp", "read", List.of()),
                new StageSpec.Transform("clean", "stamp", List.of()),
                SPEC.stages().getLast(),
                archive("clean")));
    var management = nats.jetStreamManagement();
    String behind = names.queueStream("clean");
    // One that ended when it had made the branch's reader and not written so down.
    management.createConsumer(behind, ConsumerConfiguration.builder().durable("archive").build());

    assertThat(chain.join("rev2", mixed, QUEUES, true)).isInstanceOf(Joining.Underway.class);
    assertThat(management.getConsumerNames(behind)).containsExactly("load");
    assertThat(worker.clean(Judge.PASS)).isEqualTo(3);
    assertThat(worker.load(Judge.PASS)).isEqualTo(3);
    assertThat(management.getStreamInfo(behind).getStreamState().getMsgCount())
        .as("nobody without workers holds what is drained")
        .isZero();
    assertThat(chain.join("rev2", mixed, QUEUES, true)).isInstanceOf(Joining.Underway.class);
    assertThat(chain.join("rev2", mixed, QUEUES, true)).isInstanceOf(Joining.Joined.class);

    assertThat(management.getConsumerNames(behind)).containsExactlyInAnyOrder("load", "archive");
    assertThat(management.getConsumerNames(names.queueStream("read"))).containsExactly("stamp");
    assertThat(edges().of("archive").orElseThrow().held()).isEmpty();
  }

  @Test
  void a_branch_waits_while_more_is_decided_and_not_acknowledged_than_can_be_noted()
      throws Exception {
    try (NatsServer small = NatsServer.start("max_payload: 128KB");
        Connection own = small.connect()) {
      NatsLink toSmall = new NatsLink(small::endpoint);
      Chain narrow = new Chains(toSmall, () -> now, toSmall::serverVersion).of(ref);
      PlayedWorker played = new PlayedWorker(own, names);
      narrow.publishSpec(REVISION, SPEC, QUEUES);
      narrow.ensureQueues(SPEC, QUEUES);
      narrow.join(REVISION, SPEC, QUEUES, true);
      narrow.advance(REVISION, SPEC, PlayedWorker.plan(1, 0), false);
      String schema =
          StateStore.open(own, names).putSchema(PlayedWorker.schema(PlayedWorker.PARENTS));
      for (int i = 0; i < 400; i++) {
        BatchId id = new BatchId("hash-" + "9".repeat(180) + "-" + i);
        BatchHeaders batch = new BatchHeaders(id, 1, 1, schema, REVISION, Origin.queue, List.of());
        own.jetStream()
            .publish(
                names.queueSubject("clean", id.text()), batch.toHeaders(), PlayedWorker.oneRow());
        played.decide("load", batch, PlayedWorker.oneRow(), Judge.PASS, false);
      }
      ChainSpec branched = with(archive("clean"));

      assertThat(narrow.join("rev2", branched, QUEUES, true))
          .isInstanceOfSatisfying(
              Joining.Underway.class,
              u ->
                  assertThat(u.changes().getFirst().message()).contains("400 batches", "too many"));
      assertThat(own.jetStreamManagement().getConsumerNames(names.queueStream("clean")))
          .containsExactly("load");
      for (Message m : played.fetch(names.queueStream("clean"), "load")) {
        m.ackSync(Duration.ofSeconds(5));
      }
      assertThat(narrow.join("rev2", branched, QUEUES, true)).isInstanceOf(Joining.Joined.class);
      toSmall.close();
    }
  }

  @Test
  void what_was_begun_for_an_edit_goes_when_it_is_refused() throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 0));
    worker.extract(3, 10);
    worker.clean(Judge.PASS);
    worker.load(EVERY_TENTH_FAILS);
    ChainSpec replaced =
        new ChainSpec(
            List.of(), List.of(SPEC.stages().get(0), SPEC.stages().get(1), archive("clean")));
    new QueueSetup(link, names).ensureQueues(new QueueLayout(names, 1 << 20, 1), replaced);
    var management = nats.jetStreamManagement();
    String queue = names.queueStream("clean");
    nats.getStreamContext(queue)
        .createOrUpdateConsumer(
            ConsumerConfiguration.builder().name("onlooker").inactiveThreshold(60_000).build());

    assertThat(operator().join("rev2", replaced, QUEUES, true))
        .isInstanceOfSatisfying(
            Joining.Refused.class,
            r -> assertThat(r.findings().getFirst().reason()).isEqualTo("StageHoldsFailures"));

    assertThat(management.getConsumerNames(queue)).containsExactlyInAnyOrder("load", "onlooker");
    assertThat(management.getConsumerNames(names.retriesStream()))
        .containsExactlyInAnyOrder("read", "clean", "load");
    assertThat(management.getConsumerNames(names.waitingStream())).containsExactly("load");
  }

  @Test
  void the_edges_of_a_chain_that_ran_before_there_were_any_are_those_of_the_chain_in_force()
      throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    StateStore state = StateStore.open(nats, names);
    state.putPlan(REVISION, plan);
    advance(plan);
    worker.extract(3, 10);
    worker.clean(Judge.PASS);
    assertThat(worker.load(Judge.PASS)).isEqualTo(3);
    assertThat(state.edges()).isEmpty();
    ChainSpec branched = with(archive("clean"));
    state.putSpec("rev2", branched);
    InForce fresh = new InForce("rev2", branched, plan);
    JoiningStep step = new JoiningStep();
    MigrationStatus status = status(null);

    for (int visit = 0; visit < 2; visit++) { // the first one tells
      var subject = new JoiningStep.Subject(ref.uid(), QUEUES, List.of(), false, status);
      assertThat(step.recall(subject, chain)).isEmpty();
      status = status(step.shape(subject, chain, new Planning.Done(plan), fresh).grafting());
    }

    assertThat(edges().of("load").orElseThrow().since()).isZero();
    assertThat(edges().of("archive").orElseThrow())
        .satisfies(e -> assertThat(e.since()).isPositive())
        .satisfies(e -> assertThat(e.peer()).isNotNull());
    chain.ensureQueues(branched, QUEUES);
    assertThat(chain.advance("rev2", branched, plan, false).balance().message())
        .contains("30 had passed before it joined");
  }

  @Test
  void a_stage_that_is_to_be_drained_is_named() throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 0));
    worker.extract(3, 10);
    worker.clean(Judge.PASS);
    ChainSpec replaced =
        new ChainSpec(
            List.of(), List.of(SPEC.stages().get(0), SPEC.stages().get(1), archive("clean")));

    assertThat(chain.join("rev2", replaced, QUEUES, true))
        .isInstanceOfSatisfying(
            Joining.Underway.class,
            u -> {
              assertThat(u.drains()).isEqualTo("load");
              assertThat(u.changes().getFirst().message()).contains("load has 3 messages");
            });
  }

  @Test
  void a_load_that_ever_deferred_indexes_is_removed_once_it_is_finished() throws Exception {
    ChainSpec deferring =
        new ChainSpec(
            List.of(),
            List.of(
                SPEC.stages().get(0),
                SPEC.stages().get(1),
                new StageSpec.Load(
                    "load",
                    "clean",
                    "shop",
                    null,
                    LoadMode.Upsert,
                    List.of(),
                    StageSpec.CreateTables.Never,
                    StageSpec.Indexes.Defer)));
    ChainSpec replaced =
        new ChainSpec(
            List.of(), List.of(SPEC.stages().get(0), SPEC.stages().get(1), archive("clean")));
    ChainPlan plan = PlayedWorker.plan(1, 0);
    chain.join(REVISION, deferring, QUEUES, true);
    chain.ensureQueues(deferring, QUEUES);
    advance(plan);
    worker.extract(3, 10);
    worker.clean(Judge.PASS);
    worker.load(Judge.PASS);
    chain.ensureQueues(SPEC, QUEUES); // edited to keep them
    advance(plan);

    Chain next = operator();
    assertThat(next.join("rev2", replaced, QUEUES, true))
        .isInstanceOfSatisfying(
            Joining.Refused.class,
            r ->
                assertThat(r.findings())
                    .extracting(Finding::reason)
                    .containsExactly("IndexesOwed"));
    assertThat(worker.finish()).isTrue();
    assertThat(next.join("rev2", replaced, QUEUES, true)).isInstanceOf(Joining.Underway.class);
    assertThat(next.join("rev2", replaced, QUEUES, true)).isInstanceOf(Joining.Joined.class);
  }

  private static MigrationStatus status(MigrationStatus.Grafting grafting) {
    return new MigrationStatus(
        null,
        List.of(),
        null,
        null,
        null,
        null,
        new MigrationStatus.Plan(REVISION, 1, 1, 1, List.of()),
        List.of(),
        null,
        List.of(),
        null,
        grafting);
  }
}
