package dev.drover.operator.chain;

import static dev.drover.operator.chain.PlayedWorker.REVISION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationSpec.QueueDeletionPolicy;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.operator.migration.JoiningStep;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.status.Observation.Planning;
import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.budget.Breach;
import dev.drover.wire.budget.BudgetOrder;
import dev.drover.wire.budget.BudgetTerms;
import dev.drover.wire.budget.BudgetTerms.Excess;
import dev.drover.wire.budget.BudgetTerms.Limit;
import dev.drover.wire.budget.BudgetTerms.Scope;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.SourceSnapshot;
import dev.drover.wire.state.SplitMessage;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WaitingRound;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import io.nats.client.PurgeOptions;
import io.nats.client.Subscription;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.StreamConfiguration;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NatsChainIT {
  private static final MigrationSpec.Queues QUEUES = new MigrationSpec.Queues("64Mi", 1);
  private static final ChainSpec SPEC = PlayedWorker.spec();
  private static final Judge EVERY_TENTH_FAILS =
      row -> row.values()[1].equals(0) ? PlayedWorker.cause("Zero") : Judge.PASS.judge(row);

  private static NatsServer server;

  private final ChainRef ref = new ChainRef("shop", "orders", UUID.randomUUID().toString());
  private final ChainNames names = ref.names();
  private Instant now = Instant.now();
  private NatsLink link;
  private Connection nats;
  private Chain chain;
  private PlayedWorker worker;

  @BeforeAll
  static void start() {
    server = NatsServer.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void open() throws Exception {
    link = new NatsLink(server::endpoint);
    nats = server.connect();
    chain = operator();
    worker = new PlayedWorker(nats, names);
    chain.publishSpec(REVISION, SPEC, QUEUES);
    chain.ensureQueues(SPEC, QUEUES);
  }

  @AfterEach
  void close() throws Exception {
    chain.delete(QueueDeletionPolicy.Delete);
    nats.close();
    link.close();
  }

  /** An operator that remembers nothing. */
  private Chain operator() {
    return new Chains(link, () -> now, link::serverVersion).of(ref);
  }

  private ChainSnapshot advance(ChainPlan plan) {
    return chain.advance(REVISION, SPEC, plan, false);
  }

  private static Map<String, StageSnapshot> stages(ChainSnapshot snapshot) {
    return snapshot.stages().stream()
        .collect(Collectors.toMap(StageSnapshot::name, Function.identity()));
  }

  private static ChainSpec with(StageSpec... more) {
    return new ChainSpec(
        List.of(), Stream.concat(SPEC.stages().stream(), Stream.of(more)).toList());
  }

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
      var subject = new JoiningStep.Subject(ref.uid(), QUEUES, false, status);
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
  void a_stage_that_is_paused_while_it_is_drained_is_named() throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 0));
    worker.extract(3, 10);
    worker.clean(Judge.PASS);
    chain.budget(SPEC, budget("one", true));
    breach(order());
    ChainSpec replaced =
        new ChainSpec(
            List.of(), List.of(SPEC.stages().get(0), SPEC.stages().get(1), archive("clean")));

    assertThat(chain.join("rev2", replaced, QUEUES, true))
        .isInstanceOfSatisfying(
            Joining.Underway.class,
            u ->
                assertThat(u.changes().getFirst().message())
                    .contains("load has 3 messages", "is paused since its error budget"));
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

  private static StageSpec archive(String from) {
    return new StageSpec.Load("archive", from, "shop", "copy", LoadMode.Upsert, List.of());
  }

  private Edges edges() throws Exception {
    return StateStore.open(nats, names).edges().orElseThrow().value();
  }

  @Test
  void a_spec_is_there_before_its_plan() throws Exception {
    assertThat(StateStore.open(nats, names).spec(REVISION)).contains(SPEC);
    assertThat(chain.plan(REVISION)).isEmpty();
    assertThat(chain.planProgress(REVISION)).isEmpty();

    StateStore.open(nats, names).putPlan(REVISION, PlayedWorker.plan(1, 1));

    assertThat(chain.plan(REVISION)).contains(PlayedWorker.plan(1, 1));
  }

  private static final BudgetTerms FEW = new BudgetTerms(10L, null, 1, null, Scope.Stage);

  private static Map<String, BudgetWish> budget(String edition, boolean idle) {
    return Map.of("load", new BudgetWish(edition, FEW, idle));
  }

  private BudgetOrder order() throws Exception {
    var entry = StateStore.open(nats, names).bucket().get("budget.load");
    return WireJson.parse(entry.getValue(), BudgetOrder.class);
  }

  private void breach(BudgetOrder of) throws Exception {
    Breach breach =
        new Breach(
            of.edition(),
            of.after(),
            now.toString(),
            new Excess(Limit.maxRecords, 10, 100, 11, "f", 11),
            PlayedWorker.cause("Zero").orElseThrow());
    StateStore.open(nats, names).bucket().put("breach.load", WireJson.bytes(breach));
  }

  private boolean paused() {
    return stages(advance(PlayedWorker.plan(1, 0))).get("load").breach() != null;
  }

  @Test
  void a_budget_is_told_and_a_stage_stays_paused_until_it_is_edited_and_has_no_workers()
      throws Exception {
    chain.budget(SPEC, budget("one", false));
    assertThat(order()).isEqualTo(new BudgetOrder("one", FEW, 0));
    assertThat(StateStore.open(nats, names).bucket().get("budget.clean")).isNull();
    assertThat(paused()).isFalse();

    breach(order());
    assertThat(paused()).isTrue();
    chain = operator();
    assertThat(paused()).as("also by an operator that remembers nothing").isTrue();
    chain.budget(SPEC, budget("one", true));
    assertThat(paused()).as("nothing was edited").isTrue();
    chain.budget(SPEC, budget("two", false));
    assertThat(paused()).as("its workers are still there").isTrue();

    chain.budget(SPEC, budget("two", true));
    assertThat(paused()).isFalse();
    assertThat(order().edition()).isEqualTo("two");
  }

  @Test
  void a_new_budget_counts_from_where_the_decisions_stand_and_the_old_one_given_again_too()
      throws Exception {
    chain.budget(SPEC, budget("one", true));
    breach(order());
    advance(PlayedWorker.plan(1, 0));
    worker.extract(2, 10);
    worker.clean(Judge.PASS);
    worker.load(EVERY_TENTH_FAILS);

    chain.budget(SPEC, Map.of());
    assertThat(StateStore.open(nats, names).bucket().get("budget.load")).isNull();
    assertThat(paused()).isFalse();
    chain.budget(SPEC, budget("one", true));

    assertThat(order()).isEqualTo(new BudgetOrder("one", FEW, 4));
    assertThat(paused()).as("what broke it before is no matter of this one").isFalse();
  }

  @Test
  void what_an_extract_tells_for_its_budget_is_not_counted_twice() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    advance(plan);
    worker.extract(2, 10);
    worker.tellRead("b-0", 10);

    assertThat(stages(advance(plan)).get("read").counts())
        .isEqualTo(new Counts(20, 20, 0, 0, 0, 0));
    assertThat(advance(plan).balance().balanced()).isTrue();
  }

  @Test
  void a_pace_is_told_changed_and_taken_back_also_by_an_operator_that_remembers_nothing()
      throws Exception {
    var bucket = StateStore.open(nats, names).bucket();

    chain.pace(SPEC, Map.of("load", new Pace(900, 3)));
    assertThat(WireJson.parse(bucket.get("pace.load").getValue(), Pace.class))
        .isEqualTo(new Pace(900, 3));
    assertThat(bucket.get("pace.clean")).isNull();
    long written = bucket.get("pace.load").getRevision();
    chain.pace(SPEC, Map.of("load", new Pace(900, 3)));
    assertThat(bucket.get("pace.load").getRevision()).isEqualTo(written);

    chain.pace(SPEC, Map.of("load", new Pace(300, 4)));
    assertThat(WireJson.parse(bucket.get("pace.load").getValue(), Pace.class))
        .isEqualTo(new Pace(300, 4));

    operator().pace(SPEC, Map.of());
    assertThat(bucket.get("pace.load")).isNull();

    ChainSpec looksUp =
        new ChainSpec(
            List.of(),
            List.of(
                new StageSpec.Enrich(
                    "tiers",
                    "read",
                    List.of(),
                    new LookupSpec.Http(
                        "http://crm/{id}", List.of(), false, List.of(), List.of(404), 8, 1000),
                    StageSpec.OnMissing.Fail,
                    null,
                    30)));
    chain.pace(looksUp, Map.of(Pace.requests("tiers"), new Pace(50, 2)));
    assertThat(WireJson.parse(bucket.get("pace.tiers.requests").getValue(), Pace.class))
        .isEqualTo(new Pace(50, 2));
    assertThat(bucket.get("pace.tiers")).isNull();
    chain.pace(looksUp, Map.of());
    assertThat(bucket.get("pace.tiers.requests")).isNull();
  }

  @Test
  void a_cap_is_told_and_told_anew_when_it_was_edited() throws Exception {
    var bucket = StateStore.open(nats, names).bucket();

    chain.caps(Map.of("shop", 3));
    chain.caps(Map.of("shop", 3));
    assertThat(WireJson.parse(bucket.get("cap.shop").getValue(), ConnectionCap.class))
        .isEqualTo(new ConnectionCap(3));
    long written = bucket.get("cap.shop").getRevision();
    chain.caps(Map.of("shop", 3));
    assertThat(bucket.get("cap.shop").getRevision()).isEqualTo(written);

    chain.caps(Map.of("shop", 1));
    assertThat(WireJson.parse(bucket.get("cap.shop").getValue(), ConnectionCap.class))
        .isEqualTo(new ConnectionCap(1));
  }

  @Test
  void the_bucket_of_sessions_is_one_for_all_migrations_and_outlives_each() throws Exception {
    String stream = "KV_" + ChainNames.SLOTS_BUCKET;
    long created =
        nats.jetStreamManagement().getStreamInfo(stream).getCreateTime().toInstant().toEpochMilli();
    Chain other = new Chains(link).of(new ChainRef("crm", "other", "2"));
    other.publishSpec(REVISION, SPEC, QUEUES);
    other.delete(QueueDeletionPolicy.Delete);

    assertThat(
            nats.jetStreamManagement()
                .getStreamInfo(stream)
                .getCreateTime()
                .toInstant()
                .toEpochMilli())
        .isEqualTo(created);
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
  void records_that_wait_in_vain_are_given_up() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    advance(plan);
    worker.extract(1, 5);
    worker.clean(Judge.PASS);
    for (Message m : worker.fetch(names.queueStream("clean"), "load")) {
      worker.decide(
          "load",
          dev.drover.wire.batch.BatchHeaders.parse(m.getHeaders()),
          m.getData(),
          row -> PlayedWorker.cause("fk"),
          true);
      m.ackSync(Duration.ofSeconds(5));
    }
    ChainSnapshot waiting = advance(plan);
    assertThat(stages(waiting).get("load").counts().waiting()).isEqualTo(5);
    assertThat(stages(waiting).get("load").done()).isFalse();

    now = now.plusSeconds(20);
    advance(plan);
    assertThat(round()).as("they were not tried yet").isNull();
    for (int attempt = 0; attempt < 2; attempt++) {
      await()
          .untilAsserted(
              () ->
                  assertThat(worker.fetch(names.waitingStream(), "load"))
                      .singleElement()
                      .satisfies(Message::nak));
    }
    await()
        .untilAsserted(
            () -> {
              advance(plan);
              assertThat(round()).isEqualTo(new WaitingRound(1));
            });
  }

  @Test
  void those_that_wait_are_given_up_where_they_keep_out_what_they_wait_for() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    advance(plan);
    worker.extract(2, 5);
    worker.clean(Judge.PASS);
    List<Message> queued = worker.fetch(names.queueStream("clean"), "load");
    assertThat(queued).hasSize(2);
    worker.decide(
        "load",
        dev.drover.wire.batch.BatchHeaders.parse(queued.getFirst().getHeaders()),
        queued.getFirst().getData(),
        row -> PlayedWorker.cause("fk"),
        true);
    queued.getFirst().ackSync(Duration.ofSeconds(5));
    queued.getLast().nak();
    fill(names.waitingStream());
    advance(plan);
    tryInVain(names.waitingStream(), names.queueStream("clean"));

    now = now.plusSeconds(520);
    advance(plan);
    assertThat(round()).as("the queue takes more, and the parents may come in it").isNull();

    fill(names.queueStream("clean"));
    advance(plan);
    tryInVain(names.waitingStream(), names.queueStream("clean"));
    now = now.plusSeconds(20);
    advance(plan);
    assertThat(round()).as("what finds the room full rests longer").isNull();
    now = now.plusSeconds(500);
    await()
        .untilAsserted(
            () -> {
              advance(plan);
              assertThat(round()).isNotNull();
            });

    limit(names.waitingStream(), 8 << 20);
    advance(plan);
    assertThat(round()).as("there is room again").isNull();
  }

  @Test
  void a_load_that_finds_the_room_full_of_anothers_records_is_given_up_though_it_has_none_in()
      throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    advance(plan);
    worker.extract(1, 5);
    worker.clean(Judge.PASS);
    worker.fetch(names.queueStream("clean"), "load").getFirst().nak();
    nats.jetStream().publish(names.waitingSubject("other"), new byte[100]);
    fill(names.waitingStream());
    fill(names.queueStream("clean"));
    advance(plan);
    tryInVain(names.queueStream("clean"));
    now = now.plusSeconds(520);
    await()
        .untilAsserted(
            () -> {
              advance(plan);
              assertThat(round()).isNotNull();
            });
  }

  @Test
  void a_queue_stays_open_while_a_load_that_is_to_be_drained_finds_the_waiting_room_full()
      throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 1));
    worker.extract(2, 5);
    worker.clean(Judge.PASS);
    Message first = worker.fetch(names.queueStream("clean"), "load").getFirst();
    worker.decide(
        "load",
        BatchHeaders.parse(first.getHeaders()),
        first.getData(),
        row -> PlayedWorker.cause("fk"),
        true);
    fill(names.waitingStream());
    ChainSpec removed =
        new ChainSpec(
            List.of(),
            List.of(
                SPEC.stages().getFirst(),
                new StageSpec.Load("load", "read", "shop", null, LoadMode.Upsert, List.of())));

    assertThat(told(chain.join("rev2", removed, QUEUES, true)))
        .satisfies(c -> assertThat(c.draining()).isFalse())
        .satisfies(c -> assertThat(c.message()).contains("records of load lack a parent"));
    chain.ensureQueues(SPEC, QUEUES);
    publishRead();

    limit(names.waitingStream(), 8 << 20);
    assertThat(told(chain.join("rev2", removed, QUEUES, true)).draining()).isTrue();
    chain.ensureQueues(SPEC, QUEUES);
    assertThatThrownBy(this::publishRead).isInstanceOf(JetStreamApiException.class);

    fill(names.waitingStream());
    assertThat(told(chain.join("rev2", removed, QUEUES, true)).draining()).isFalse();
    chain.ensureQueues(SPEC, QUEUES);
    publishRead();
  }

  private static Joining.Change told(Joining joining) {
    return ((Joining.Underway) joining).changes().getFirst();
  }

  private void publishRead() throws Exception {
    nats.jetStream().publish(names.queueSubject("read", "x"), new byte[9]);
  }

  /** Two tries of what is in some streams for the load. */
  private void tryInVain(String... streams) {
    for (int attempt = 0; attempt < 2; attempt++) {
      for (String stream : streams) {
        await()
            .untilAsserted(
                () ->
                    assertThat(worker.fetch(stream, "load"))
                        .singleElement()
                        .satisfies(Message::nak));
      }
    }
  }

  private void fill(String stream) throws Exception {
    limit(
        stream,
        nats.jetStreamManagement().getStreamInfo(stream).getStreamState().getByteCount() + 1);
  }

  private void limit(String stream, long bytes) throws Exception {
    nats.jetStreamManagement()
        .updateStream(
            StreamConfiguration.builder(
                    nats.jetStreamManagement().getStreamInfo(stream).getConfiguration())
                .maxBytes(bytes)
                .build());
  }

  private WaitingRound round() throws Exception {
    var entry = StateStore.open(nats, names).bucket().get(WaitingRound.key("load"));
    return entry == null ? null : WireJson.parse(entry.getValue(), WaitingRound.class);
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

    // From now on the bucket refuses every message, as when no storage is left.
    StreamConfiguration bucket =
        nats.jetStreamManagement().getStreamInfo("KV_" + names.stateBucket()).getConfiguration();
    nats.jetStreamManagement()
        .updateStream(StreamConfiguration.builder(bucket).maxMsgSize(1).build());
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
