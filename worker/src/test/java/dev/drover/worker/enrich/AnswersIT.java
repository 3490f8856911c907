package dev.drover.worker.enrich;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.OnMissing;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.budget.BudgetKeeper;
import dev.drover.worker.enrich.AnswerLog.Known;
import dev.drover.worker.jetstream.PaceKeeper;
import dev.drover.worker.jetstream.Publisher;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.lookup.Answer;
import dev.drover.worker.metrics.LookupMetrics;
import dev.drover.worker.metrics.StageMetrics;
import dev.drover.worker.postgres.lookup.PostgresLookup;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.session.PostgresServer;
import dev.drover.worker.stage.StageContext;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.nats.client.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Answers as several attempts at a batch see them, in real servers. */
class AnswersIT {
  private static NatsServer server;
  private static Connection nats;
  private static StageContext context;
  private static int batches;

  private final BatchHeaders batch =
      new BatchHeaders(
          new BatchId("t-0-" + batches++), 1, 1, "schema", "rev1", Origin.queue, List.of());
  private final AnswerLog log = new AnswerLog(context);

  @BeforeAll
  static void start() throws Exception {
    server = NatsServer.start();
    nats = new NatsEndpoint(server.url(), null, null).connect("test");
    ChainNames names = ChainNames.of("test", "m", "uid");
    ChainSpec spec =
        new ChainSpec(
            List.of(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.orders"), 1000),
                Given.enrichment(OnMissing.Fail).stage()));
    QueueLayout layout = new QueueLayout(names, 1 << 20, 1);
    nats.jetStreamManagement().addStream(layout.stateBucket());
    for (var stream : layout.streams(spec)) {
      nats.jetStreamManagement().addStream(stream);
    }
    StateStore state = StateStore.open(nats, names);
    Stalls stalls = new Stalls(state, "tiers", "pod", Clock.systemUTC());
    context =
        new StageContext(
            "tiers",
            "rev1",
            spec,
            "pod",
            names,
            nats,
            state,
            new Publisher(nats.jetStream(), stalls),
            stalls,
            new PaceKeeper(state, "tiers"),
            new BudgetKeeper(nats, names, state, "tiers"),
            new StageMetrics(new SimpleMeterRegistry(), Tags.empty()),
            Clock.systemUTC(),
            nats.getMaxPayload());
  }

  @AfterAll
  static void stop() throws Exception {
    context.pace().close();
    context.budget().close();
    context.stalls().close();
    nats.close();
    server.close();
  }

  private static byte[] answers(int bytes, int of) {
    byte[] answers = new byte[bytes];
    Arrays.fill(answers, (byte) of);
    return answers;
  }

  /** More than two messages hold. */
  private static int many() {
    return 2 * context.maxRecordBytes() + 17;
  }

  private long keys() throws Exception {
    return context
        .state()
        .bucket()
        .keys(StateStore.ANSWERS + "tiers." + batch.id().text() + ".>")
        .size();
  }

  @Test
  void the_first_answers_are_those_of_everybody() throws Exception {
    assertThat(log.find(batch, "rev1")).isInstanceOf(Known.Nothing.class);
    log.settle(batch, "rev1", answers(10, 1));
    Known second = new AnswerLog(context).settle(batch, "rev1", answers(20, 2));
    assertThat(((Known.Answered) second).answers()).isEqualTo(answers(10, 1));
    assertThat(((Known.Answered) log.find(batch, "rev1")).answers()).isEqualTo(answers(10, 1));
    assertThat(log.find(batch, "rev2")).isInstanceOf(Known.Nothing.class);
  }

  @Test
  void answers_that_no_message_can_hold_are_whole_and_who_lost_leaves_none_behind()
      throws Exception {
    log.settle(batch, "rev1", answers(many(), 1));
    assertThat(keys()).isEqualTo(4);
    Known second = log.settle(batch, "rev1", answers(many(), 2));
    assertThat(((Known.Answered) second).answers()).isEqualTo(answers(many(), 1));
    assertThat(keys()).isEqualTo(4);
    log.done(batch, "rev1");
    assertThat(keys()).isEqualTo(1);
  }

  @Test
  void what_is_done_is_not_answered_again() throws Exception {
    log.settle(batch, "rev1", answers(10, 1));
    log.done(batch, "rev1");
    assertThat(log.find(batch, "rev1")).isInstanceOf(Known.Done.class);
    assertThat(log.settle(batch, "rev1", answers(10, 2))).isInstanceOf(Known.Done.class);
    assertThat(log.settle(batch, "rev1", answers(many(), 2))).isInstanceOf(Known.Done.class);
    assertThat(keys()).isEqualTo(1);
    log.done(batch, "rev1");
    assertThat(log.find(batch, "rev1")).isInstanceOf(Known.Done.class);
  }

  @Test
  void of_many_attempts_at_once_one_answers() throws Exception {
    try (ExecutorService attempts = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Known>> all = new ArrayList<>();
      for (int i = 1; i <= 12; i++) {
        byte[] mine = answers(i % 2 == 0 ? 100 : many(), i);
        all.add(attempts.submit(() -> log.settle(batch, "rev1", mine)));
      }
      byte[] holds = ((Known.Answered) all.getFirst().get()).answers();
      for (Future<Known> attempt : all) {
        assertThat(((Known.Answered) attempt.get()).answers()).isEqualTo(holds);
      }
    }
    assertThat(keys()).isIn(1L, 4L);
  }

  @Test
  void batches_that_come_together_ask_for_their_keys_once() throws Exception {
    Endpoint crm = PostgresServer.newDatabase();
    try (java.sql.Connection session = crm.open("drover/test/prepare");
        Statement statement = session.createStatement()) {
      statement.execute("CREATE TABLE customers (id integer PRIMARY KEY, tier text)");
      statement.execute("INSERT INTO customers SELECT i, 't' || i FROM generate_series(1, 400) i");
    }
    Enrichment tiers = Given.enrichment(OnMissing.Fail);
    Integer[] customers = IntStream.rangeClosed(1, 500).boxed().toArray(Integer[]::new);
    BatchKeys keys = BatchKeys.of(Given.ORDERS, Given.orders(customers), new int[] {1});
    PostgresLookup session = new PostgresLookup(crm, "drover/test/tiers", 30);
    AnswerCache cache = new AnswerCache(new StageSpec.Cache(1000, 600), System::nanoTime);
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    LookupMetrics metrics = new LookupMetrics(registry, Tags.of("stage", "tiers"));
    try (Asking asking = new Asking(session, cache, metrics, context.stalls(), why -> {});
        ExecutorService together = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<Answer>>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        all.add(together.submit(() -> asking.answers(request(tiers, keys, false))));
      }
      for (Future<List<Answer>> one : all) {
        assertThat(one.get()).hasSize(500).filteredOn(Answer.Found.class::isInstance).hasSize(400);
      }
      assertThat(session.queries()).isEqualTo(1);
      asking.answers(request(tiers, keys, true));
      assertThat(session.queries()).isEqualTo(2);
    }
    assertThat(registry.scrape())
        .contains(
            "drover_worker_lookup_keys_total{outcome=\"kept\",stage=\"tiers\"} 3500.0",
            "drover_worker_lookup_keys_total{outcome=\"found\",stage=\"tiers\"} 800.0",
            "drover_worker_lookup_keys_total{outcome=\"missing\",stage=\"tiers\"} 200.0",
            "drover_worker_lookup_seconds_count{stage=\"tiers\"} 2");
  }

  private static Asking.Request request(Enrichment of, BatchKeys keys, boolean anew) {
    return new Asking.Request(
        "t-0-1", of, Objects.requireNonNull(of.question()), keys, anew, Asking.IfAlone.Leave);
  }
}
