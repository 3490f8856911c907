package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress;
import dev.drover.wire.replay.RedriveProgress.Phase;
import dev.drover.wire.replay.Selector;
import dev.drover.wire.state.WireJson;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.StreamConfiguration;
import java.io.File;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Redrive that was deleted in mid-course, whose workers are killed between any two steps of
 * bringing to its end what it had claimed: each record that it claimed is sent once, and no other.
 */
class WithdrawalCrashIT extends ChainScenario {
  private static final int RECORDS = 2000;
  private static final Change NEGATED =
      new Change(null, List.of(new Step.Assignment("qty", "-record.qty")));

  @TempDir File logs;

  private TestChain chain;

  private static RedriveOrder order(String uid, Integer ratePerSecond) {
    return new RedriveOrder(
        new JournalEntry.By("Redrive", uid, uid, 1),
        Selector.ALL,
        JournalEntry.Action.replay,
        NEGATED,
        ratePerSecond,
        List.of(),
        null,
        null,
        false,
        false);
  }

  private static ChainSpec chainSpec() {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", List.of("public.item"), 5000),
            new StageSpec.Transform(
                "clean", "read", List.of(require("record.qty > 0", "QtyNotPositive"))),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Insert, List.of())));
  }

  private void ask(RedriveOrder order) throws Exception {
    chain.state.bucket().put(RedriveOrder.key(order.by().uid()), WireJson.bytes(order));
  }

  private WorkerProcess redrive(String uid) throws Exception {
    return WorkerProcess.redrive(nats.url(), name, uid, new File(logs, uid + ".log"));
  }

  private RunningStage start(String stage) throws Exception {
    return RunningStage.start(chain, stage, databases.secrets);
  }

  private RedriveProgress progress(String uid) throws Exception {
    var entry = chain.state.bucket().get(RedriveProgress.key(uid));
    return entry == null ? null : WireJson.parse(entry.getValue(), RedriveProgress.class);
  }

  private RedriveProgress awaitEnd(String uid) {
    return await().atMost(SOON).until(() -> progress(uid), p -> p != null && p.ended());
  }

  private List<JournalEntry> claims() throws Exception {
    return new Journal(chain.nats, chain.names).entries();
  }

  private Set<String> decided() throws Exception {
    Set<String> decided = new HashSet<>();
    chain.decisions("clean").stream().map(Decision::batch).forEach(decided::add);
    return decided;
  }

  private long undecidedClaims() throws Exception {
    Set<String> decided = decided();
    return claims().stream().filter(e -> !decided.contains(e.batch().text())).count();
  }

  private long errors() throws Exception {
    return chain.messages(chain.names.errorsStream());
  }

  private long sent() throws Exception {
    return chain
        .nats
        .jetStreamManagement()
        .getStreamInfo(chain.names.retriesStream())
        .getStreamState()
        .getLastSequence();
  }

  /** The queue of what is sent again has no bound of its own that a message could exceed. */
  private void retriesTakeNothing(boolean nothing) throws Exception {
    var management = chain.nats.jetStreamManagement();
    management.updateStream(
        StreamConfiguration.builder(
                management.getStreamInfo(chain.names.retriesStream()).getConfiguration())
            .discardPolicy(nothing ? DiscardPolicy.New : DiscardPolicy.Old)
            .maxBytes(nothing ? 1 : -1)
            .build());
  }

  private void awaitStalled(String uid) {
    await().atMost(SOON).until(() -> !chain.stalls("redrive-" + uid).isEmpty());
  }

  @Test
  void killed_at_each_step_a_withdrawn_redrive_ends_what_it_claimed_and_sends_each_once()
      throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE item (id integer PRIMARY KEY, qty integer NOT NULL)",
        "INSERT INTO item SELECT i, -i FROM generate_series(1, " + RECORDS + ") i",
        "ANALYZE");
    // Without a key, a record that came twice would be there twice.
    databases.execute("target", "CREATE TABLE item (id integer, qty integer)");
    chain = new TestChain(nats.url(), name, chainSpec());
    try (TestChain open = chain;
        RunningStage read = start("read");
        RunningStage load = start("load")) {
      ChainPlan plan = plan(open);
      open.dispatchAll(plan);
      try (RunningStage clean = start("clean")) {
        awaitFinished(open, plan);
        await().atMost(SOON).until(() -> errors() == RECORDS);
        ask(order("gone", 100));
      }
      claimSomeSendFewerAndDie();
      ask(order("gone", 100).asWithdrawn());
      List<JournalEntry> claimed = claims();

      diesBeforeItSendsAgain();
      diesBeforeAnythingIsDecided();
      diesBeforeItTakesAnythingOut(claimed);
      diesBeforeItTellsTheEnd(claimed);
      RedriveProgress end;
      try (WorkerProcess last = redrive("gone")) {
        end = awaitEnd("gone");
        await().atMost(SOON).until(() -> !last.alive());
      }

      long records = claimed.stream().mapToLong(e -> e.sequences().size()).sum();
      assertThat(claims()).as("it claims nothing more").isEqualTo(claimed);
      assertThat(records).isBetween(3L, RECORDS - 1L);
      assertThat(end.phase()).as(end.message()).isEqualTo(Phase.Stopped);
      assertThat(List.of(end.sent(), end.resolved())).containsOnly(records);
      assertThat(errors()).as("what it never claimed is left").isEqualTo(RECORDS - records);

      ask(order("next", null));
      try (RunningStage clean = start("clean");
          WorkerProcess next = redrive("next")) {
        RedriveProgress rest = awaitEnd("next");
        assertThat(List.of(rest.selected(), rest.sent(), rest.resolved()))
            .containsOnly(RECORDS - records);
        awaitFinished(open, plan);
        await().atMost(SOON).until(() -> open.tally("load").passed() == RECORDS);
      }
      assertEachOnce();
    }
  }

  private void assertEachOnce() throws Exception {
    assertThat(errors()).isZero();
    assertThat(claims().stream().flatMap(e -> e.sequences().stream()))
        .doesNotHaveDuplicates()
        .hasSize(RECORDS);
    assertThat(chain.tally("clean")).isEqualTo(new Counts(2L * RECORDS, RECORDS, 0, RECORDS, 0, 0));
    assertThat(
            databases.query(
                "target",
                "SELECT concat_ws('|', count(*), count(DISTINCT id), min(qty)) FROM item"))
        .containsExactly(RECORDS + "|" + RECORDS + "|1");
  }

  /** One batch is sent, another is claimed and its message refused: there the worker is killed. */
  private void claimSomeSendFewerAndDie() throws Exception {
    try (WorkerProcess worker = redrive("gone")) {
      await().atMost(SOON).until(() -> sent() > 0);
      retriesTakeNothing(true);
      awaitStalled("gone");
      worker.kill();
    }
    assertThat((long) claims().size()).isGreaterThan(sent());
  }

  private void diesBeforeItSendsAgain() throws Exception {
    long sent = sent();
    int told = chain.stalls("redrive-gone").size();
    try (WorkerProcess worker = redrive("gone")) {
      await().atMost(SOON).until(() -> chain.stalls("redrive-gone").size() > told);
      worker.kill();
    }
    assertThat(sent()).isEqualTo(sent);
    retriesTakeNothing(false);
  }

  private void diesBeforeAnythingIsDecided() throws Exception {
    try (WorkerProcess worker = redrive("gone")) {
      int all = claims().size();
      await().atMost(SOON).until(() -> sent() == all);
      worker.kill();
    }
    assertThat(errors()).isEqualTo(RECORDS);
    assertThat(undecidedClaims()).isEqualTo(claims().size());
  }

  private void diesBeforeItTakesAnythingOut(List<JournalEntry> claimed) throws Exception {
    try (WorkerProcess worker = redrive("gone")) {
      await().atMost(SOON).until(() -> progress("gone").sent() > 0);
      worker.pause();
      try (RunningStage clean = start("clean")) {
        await().atMost(SOON).until(() -> undecidedClaims() == 0);
      }
      worker.kill();
    }
    assertThat(errors()).isEqualTo(RECORDS);
    assertThat(sent()).as("no message a second time").isEqualTo(claimed.size());
  }

  private void diesBeforeItTellsTheEnd(List<JournalEntry> claimed) throws Exception {
    long left = RECORDS - claimed.stream().mapToLong(e -> e.sequences().size()).sum();
    String state = "KV_" + chain.names.stateBucket();
    chain.limit(state, 1);
    try (WorkerProcess worker = redrive("gone")) {
      await().atMost(SOON).until(() -> errors() == left);
      worker.kill();
    }
    chain.limit(state, -1);
    assertThat(progress("gone").ended()).isFalse();
    assertThat(sent()).isEqualTo(claimed.size());
  }
}
