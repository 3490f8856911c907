package dev.drover.operator.chain;

import static dev.drover.operator.chain.PlayedWorker.REVISION;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.MigrationSpec.QueueDeletionPolicy;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.wire.budget.BudgetOrder;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.Pace;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What workers are told by way of the state bucket: budgets, paces, caps. */
class OrdersIT extends PlayedChain {
  private static final Duration GRACE = Duration.ofMinutes(5);

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

    chain.pace(SPEC, Map.of("load", new Pace(900, 3)), GRACE);
    assertThat(WireJson.parse(bucket.get("pace.load").getValue(), Pace.class))
        .isEqualTo(new Pace(900, 3));
    assertThat(bucket.get("pace.clean")).isNull();
    long written = bucket.get("pace.load").getRevision();
    chain.pace(SPEC, Map.of("load", new Pace(900, 3)), GRACE);
    assertThat(bucket.get("pace.load").getRevision()).isEqualTo(written);

    chain.pace(SPEC, Map.of("load", new Pace(300, 4)), GRACE);
    assertThat(WireJson.parse(bucket.get("pace.load").getValue(), Pace.class))
        .isEqualTo(new Pace(300, 4));

    operator().pace(SPEC, Map.of(), GRACE);
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
    chain.pace(looksUp, Map.of(Pace.requests("tiers"), new Pace(50, 2)), GRACE);
    assertThat(WireJson.parse(bucket.get("pace.tiers.requests").getValue(), Pace.class))
        .isEqualTo(new Pace(50, 2));
    assertThat(bucket.get("pace.tiers")).isNull();
    chain.pace(looksUp, Map.of(), GRACE);
    assertThat(bucket.get("pace.tiers.requests")).isNull();

    chain.pace(looksUp, Map.of(Pace.requests("tiers"), new Pace(80, 8)), GRACE);
    Map<String, Pace> fewer = Map.of(Pace.requests("tiers"), new Pace(80, 1));
    Chain anew = operator();
    for (Instant end = now.plus(GRACE); now.isBefore(end); now = now.plus(GRACE.dividedBy(2))) {
      anew.pace(looksUp, fewer, GRACE);
      assertThat(WireJson.parse(bucket.get("pace.tiers.requests").getValue(), Pace.class))
          .as("those who were told to leave before it came may be at it still")
          .isEqualTo(new Pace(80, 8));
    }
    anew.pace(looksUp, fewer, GRACE);
    assertThat(WireJson.parse(bucket.get("pace.tiers.requests").getValue(), Pace.class))
        .isEqualTo(new Pace(80, 1));
  }

  @Test
  void a_cap_is_told_and_told_anew_when_it_was_edited() throws Exception {
    var bucket = StateStore.open(nats, names).bucket();

    chain.caps(Map.of("shop", 3), Set.of());
    chain.caps(Map.of("shop", 3), Set.of());
    assertThat(WireJson.parse(bucket.get("cap.shop").getValue(), ConnectionCap.class))
        .isEqualTo(new ConnectionCap(3));
    long written = bucket.get("cap.shop").getRevision();
    chain.caps(Map.of("shop", 3), Set.of());
    assertThat(bucket.get("cap.shop").getRevision()).isEqualTo(written);

    chain.caps(Map.of("shop", 1), Set.of());
    assertThat(WireJson.parse(bucket.get("cap.shop").getValue(), ConnectionCap.class))
        .isEqualTo(new ConnectionCap(1));
  }

  @Test
  void a_cap_that_is_refused_leaves_in_force_what_was_told_before() throws Exception {
    var bucket = StateStore.open(nats, names).bucket();
    Map<String, Integer> first = Map.of("shop", 3);
    assertThat(chain.caps(first, Set.of("shop"))).as("nothing was before").isEqualTo(first);

    Map<String, Integer> edited = Map.of("shop", 1, "legacy", 8);
    Chain anew = new Chains(link).of(ref); // remembers nothing
    for (Chain one : List.of(chain, anew)) {
      assertThat(one.caps(edited, Set.of("shop"))).isEqualTo(Map.of("shop", 3, "legacy", 8));
      assertThat(WireJson.parse(bucket.get("cap.shop").getValue(), ConnectionCap.class))
          .isEqualTo(new ConnectionCap(3));
    }
    assertThat(anew.caps(edited, Set.of())).isEqualTo(edited);
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
}
