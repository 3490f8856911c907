package dev.drover.operator.chain;

import static dev.drover.operator.chain.PlayedWorker.REVISION;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationSpec.QueueDeletionPolicy;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.wire.budget.Breach;
import dev.drover.wire.budget.BudgetOrder;
import dev.drover.wire.budget.BudgetTerms;
import dev.drover.wire.budget.BudgetTerms.Excess;
import dev.drover.wire.budget.BudgetTerms.Limit;
import dev.drover.wire.budget.BudgetTerms.Scope;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.api.StreamConfiguration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** A chain on a real NATS server, whose workers a test plays. */
abstract class PlayedChain {
  static final MigrationSpec.Queues QUEUES = new MigrationSpec.Queues("64Mi", 1);
  static final ChainSpec SPEC = PlayedWorker.spec();
  static final Judge EVERY_TENTH_FAILS =
      row -> row.values()[1].equals(0) ? PlayedWorker.cause("Zero") : Judge.PASS.judge(row);

  static NatsServer server;

  final ChainRef ref = new ChainRef("shop", "orders", UUID.randomUUID().toString());
  final ChainNames names = ref.names();
  Instant now = Instant.now();
  NatsLink link;
  Connection nats;
  Chain chain;
  PlayedWorker worker;

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
  Chain operator() {
    return new Chains(link, () -> now, link::serverVersion).of(ref);
  }

  ChainSnapshot advance(ChainPlan plan) {
    return chain.advance(REVISION, SPEC, plan, false);
  }

  static Map<String, StageSnapshot> stages(ChainSnapshot snapshot) {
    return snapshot.stages().stream()
        .collect(Collectors.toMap(StageSnapshot::name, Function.identity()));
  }

  static ChainSpec with(StageSpec... more) {
    return new ChainSpec(
        List.of(), Stream.concat(SPEC.stages().stream(), Stream.of(more)).toList());
  }

  static StageSpec archive(String from) {
    return new StageSpec.Load("archive", from, "shop", "copy", LoadMode.Upsert, List.of());
  }

  Edges edges() throws Exception {
    return StateStore.open(nats, names).edges().orElseThrow().value();
  }

  static final BudgetTerms FEW = new BudgetTerms(10L, null, 1, null, Scope.Stage);

  static Map<String, BudgetWish> budget(String edition, boolean idle) {
    return Map.of("load", new BudgetWish(edition, FEW, idle));
  }

  void limit(String stream, long bytes) throws Exception {
    nats.jetStreamManagement()
        .updateStream(
            StreamConfiguration.builder(
                    nats.jetStreamManagement().getStreamInfo(stream).getConfiguration())
                .maxBytes(bytes)
                .build());
  }

  BudgetOrder order() throws Exception {
    var entry = StateStore.open(nats, names).bucket().get("budget.load");
    return WireJson.parse(entry.getValue(), BudgetOrder.class);
  }

  void breach(BudgetOrder of) throws Exception {
    Breach breach =
        new Breach(
            of.edition(),
            of.after(),
            now.toString(),
            new Excess(Limit.maxRecords, 10, 100, 11, "f", 11),
            PlayedWorker.cause("Zero").orElseThrow());
    StateStore.open(nats, names).bucket().put("breach.load", WireJson.bytes(breach));
  }
}
