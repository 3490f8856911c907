package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.OnMissing;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.enrich.EnrichJudge;
import dev.drover.worker.postgres.lookup.PostgresLookup;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.slots.Holder;
import dev.drover.worker.slots.SlotKeeper;
import dev.drover.worker.stage.Judge;
import dev.drover.worker.stage.JudgedBatch;
import dev.drover.worker.stage.SetAsideException;
import java.sql.Connection;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What an enrich gives back while it is busy and has nothing to look up. */
class EnrichRestIT extends ChainScenario {
  private static final int BATCHES = 400;

  private static ChainSpec chain() {
    return new ChainSpec(
        List.of(
            new ConnectionSpec("legacy", databases.url("legacy"), 2),
            new ConnectionSpec("target", databases.url("target"), 2)),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.orders"), 10),
            new StageSpec.Enrich(
                "tiers",
                "read",
                "target",
                List.of(),
                "select tier from customers where id = :customer",
                OnMissing.Fail,
                new StageSpec.Cache(1_000, 600),
                30)));
  }

  /** As slow as one with much to compute, so that batches go on arriving. */
  private record Slow(Judge judge) implements Judge {
    @Override
    public Optional<JudgedBatch> judge(Arrived batch, String revision)
        throws InterruptedException, SetAsideException {
      Thread.sleep(200);
      return judge.judge(batch, revision);
    }

    @Override
    public void settled(Arrived batch, String revision) throws InterruptedException {
      judge.settled(batch, revision);
    }

    @Override
    public void idle() {
      judge.idle();
    }

    @Override
    public void rest() {
      judge.rest();
    }

    @Override
    public void close() {
      judge.close();
    }
  }

  private static List<String> slots(TestChain chain) throws Exception {
    return chain.nats.keyValue(ChainNames.SLOTS_BUCKET).keys("*.slot.>").stream()
        .map(key -> key.replaceFirst(".*\\.", ""))
        .sorted()
        .toList();
  }

  @Test
  void a_connection_above_a_lowered_cap_is_given_back_though_all_answers_are_kept()
      throws Exception {
    databases.execute(
        "target",
        "CREATE TABLE customers (id integer PRIMARY KEY, tier text)",
        "INSERT INTO customers VALUES (7, 'gold')",
        "ANALYZE");
    databases.execute(
        "legacy",
        "CREATE TABLE orders (id integer PRIMARY KEY, customer integer)",
        "INSERT INTO orders SELECT i, 7 FROM generate_series(1, %d) i".formatted(10 * BATCHES),
        "ANALYZE");
    try (TestChain chain = new TestChain(nats.url(), name, chain());
        SlotKeeper load = new SlotKeeper(chain.nats, chain.state, holder("load"));
        SlotKeeper tiers = new SlotKeeper(chain.nats, chain.state, holder("tiers"));
        Connection first = target(chain, load).open("drover/test/load")) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage busy =
              RunningStage.startJudging(
                  chain,
                  "tiers",
                  context ->
                      new Slow(
                          new EnrichJudge(
                              context,
                              new PostgresLookup(
                                  target(chain, tiers), "drover/test/tiers", 30))))) {
        await().atMost(SOON).until(() -> chain.tally("tiers").passed() > 0);
        assertThat(slots(chain)).containsExactly("0", "1");
        chain.state.bucket().put(ConnectionCap.key("target"), WireJson.bytes(new ConnectionCap(1)));
        await().atMost(SOON).until(() -> slots(chain).equals(List.of("0")));
        assertThat(chain.tally("tiers").passed()).as("it was busy").isLessThan(10 * BATCHES);
      }
      assertThat(first.isValid(5)).isTrue();
    }
  }

  private Holder holder(String stage) {
    return new Holder("test", name, stage, stage + "-pod");
  }

  private static Endpoint target(TestChain chain, SlotKeeper slots) {
    return new Endpoint(
        chain.spec.connection("target"), ConnectionFiles.under(databases.secrets, "target"), slots);
  }
}
