package dev.drover.operator.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.Failed;
import dev.drover.operator.Specs;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.cluster.FaultyChain;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.status.Observation.Planning;
import dev.drover.operator.status.Observation.Queues;
import dev.drover.operator.status.Observation.StageWorkers;
import dev.drover.wire.budget.Breach;
import dev.drover.wire.budget.BudgetTerms.Excess;
import dev.drover.wire.budget.BudgetTerms.Limit;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.CapAdvisory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatusComposerTest {
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  private static final ChainSpec CHAIN =
      new ChainSpec(
          List.of(new ConnectionSpec("db", "jdbc:postgresql://h/d", 8)),
          List.of(
              new StageSpec.Extract("read", "db", List.of("public.orders"), 1000),
              new StageSpec.Transform("clean", "read", List.of()),
              new StageSpec.Load(
                  "load", "clean", "db", null, StageSpec.LoadMode.Upsert, List.of())));
  private static final ChainPlan PLAN = FaultyChain.goodPlan(CHAIN).orElseThrow();
  private static final InForce IN_FORCE = new InForce("r1", CHAIN, PLAN);

  @Test
  void every_condition_is_there_from_the_first_visit() {
    MigrationStatus status = unplanned(new Planning.Pending("reading the catalogue"));
    assertThat(status.conditions()).extracting(Condition::type).isEqualTo(ConditionTypes.ALL);
    assertThat(status.conditions())
        .filteredOn(c -> !List.of("SpecValid", "Ready").contains(c.type()))
        .extracting(Condition::status)
        .containsOnly("Unknown");
    assertThat(status.observedGeneration()).isEqualTo(3);
    assertThat(condition(status, "Ready").message()).isEqualTo("reading the catalogue");
  }

  @Test
  void a_transition_time_moves_only_when_the_status_does() {
    MigrationStatus first = running(null, snapshot(100, 10, 0), T0);
    MigrationStatus second = running(first, snapshot(200, 10, 0), T0.plusSeconds(60));
    assertThat(condition(second, "Completed").message())
        .isNotEqualTo(condition(first, "Completed").message());
    assertThat(condition(second, "Completed").lastTransitionTime())
        .isEqualTo(condition(first, "Completed").lastTransitionTime())
        .isEqualTo("2026-01-01T00:00:00Z");
    MigrationStatus third = running(second, complete(1000, 0), T0.plusSeconds(90));
    assertThat(condition(third, "Completed").lastTransitionTime())
        .isEqualTo("2026-01-01T00:01:30Z");
  }

  @Test
  void where_sessions_cannot_be_listed_a_cap_is_said_to_be_advisory() {
    ChainSnapshot base = snapshot(100, 10, 0);
    assertThat(condition(running(null, base, T0), "CapAdvisory"))
        .returns("False", Condition::status)
        .returns("SessionsListed", Condition::reason);
    String connection = Specs.plain().connections().getLast().name();
    MigrationStatus advisory = advised(base, new CapAdvisory(false, false));
    assertThat(condition(advisory, "CapAdvisory"))
        .returns("True", Condition::status)
        .returns("SessionsNotListed", Condition::reason);
    assertThat(condition(advisory, "CapAdvisory").message())
        .startsWith("spec.connections[1] (" + connection + "): ")
        .contains("CONNECTION LIMIT");
    assertThat(condition(advisory, "Ready").status()).isEqualTo("True");
  }

  private static MigrationStatus advised(ChainSnapshot base, CapAdvisory advisory) {
    return running(
        null,
        new ChainSnapshot(
            base.stages(),
            base.splitsTotal(),
            base.splitsDone(),
            false,
            base.balance(),
            base.failures(),
            T0,
            T0,
            Map.of(Specs.plain().connections().getLast().name(), advisory, "removed", advisory)),
        T0);
  }

  @Test
  void where_another_installation_has_the_same_login_it_is_said_what_to_do() {
    ChainSnapshot base = snapshot(100, 10, 0);
    MigrationStatus shared = advised(base, new CapAdvisory(true, true));
    assertThat(condition(shared, "CapAdvisory"))
        .returns("True", Condition::status)
        .returns("LoginShared", Condition::reason);
    assertThat(condition(shared, "CapAdvisory").message())
        .startsWith("spec.connections[1] (")
        .contains("a login of its own");
    MigrationStatus both = advised(base, new CapAdvisory(false, true));
    assertThat(condition(both, "CapAdvisory").reason()).isEqualTo("SessionsNotListed");
    assertThat(condition(both, "CapAdvisory").message())
        .contains("CONNECTION LIMIT")
        .contains("a login of its own");
  }

  @Test
  void nothing_seen_anew_means_nothing_said_anew() {
    MigrationStatus first = running(null, snapshot(100, 10, 0), T0);
    assertThat(running(first, snapshot(100, 10, 0), T0)).isEqualTo(first);
  }

  @Test
  void progress_counts_what_ended_anywhere_on_the_way() {
    MigrationStatus status = running(null, snapshot(500, 100, 50), T0.plusSeconds(10));
    assertThat(status.progress().extractedRecords()).isEqualTo(500);
    assertThat(status.progress().loadedRecords()).isEqualTo(350);
    assertThat(status.progress().filteredRecords()).isEqualTo(100);
    assertThat(status.progress().failedRecords()).isEqualTo(50);
    assertThat(status.progress().percent()).isEqualTo("50%");
    assertThat(status.progress().eta()).isEqualTo("10s");
  }

  @Test
  void nobody_knows_how_long_it_takes_while_nothing_is_to_move() {
    MigrationSpec planOnly = Specs.with("spec:\n", "spec:\n  mode: PlanOnly\n");
    MigrationStatus status = running(planOnly, null, snapshot(500, 100, 50), T0.plusSeconds(10));
    assertThat(status.progress().percent()).isEqualTo("50%");
    assertThat(status.progress().eta()).isNull();
  }

  @ParameterizedTest
  @CsvSource({"DatabaseUnavailable, ", "SourceChanged, ", "QueueFull, 10s"})
  void nobody_knows_how_long_what_a_stage_waits_for_is_away(String reason, String eta) {
    ChainSnapshot stalled =
        FaultyChain.stalled(
            snapshot(500, 100, 50), "load", new ChainSnapshot.StallReason(reason, "so it is"));
    assertThat(running(null, stalled, T0.plusSeconds(10)).progress().eta()).isEqualTo(eta);
  }

  @Test
  void progress_expects_more_than_the_plan_where_splits_turned_out_longer() {
    ChainSnapshot base = snapshot(5000, 0, 0);
    List<ChainSnapshot.StageSnapshot> stages = new ArrayList<>(base.stages());
    Counts read = base.stages().getFirst().counts();
    stages.set(
        0,
        new ChainSnapshot.StageSnapshot(
            "read", read, 15, 15_000, 1, null, false, null, false, null));
    ChainSnapshot longer =
        new ChainSnapshot(
            stages, 16, 0, false, base.balance(), ChainSnapshot.Failures.NONE, T0, T0);
    assertThat(running(null, longer, T0).progress().percent()).isEqualTo("25%");
  }

  @Test
  void progress_never_says_all_before_it_is_over() {
    assertThat(running(null, snapshot(5000, 0, 0), T0).progress().percent()).isEqualTo("99%");
    assertThat(running(null, complete(5000, 0), T0).progress().percent()).isEqualTo("100%");
  }

  @Test
  void a_lost_snapshot_is_said_before_anything_that_follows_from_it() {
    ChainSnapshot lost =
        FaultyChain.stalled(
            snapshot(500, 100, 50),
            "read",
            new ChainSnapshot.StallReason("SnapshotLost", "it is gone: make this Migration anew"));
    MigrationStatus status = running(null, lost, T0);
    assertThat(condition(status, "Completed").status()).isEqualTo("False");
    assertThat(condition(status, "Completed").reason()).isEqualTo("SnapshotLost");
    assertThat(condition(status, "Ready").status()).isEqualTo("False");
    assertThat(condition(status, "Ready").reason()).isEqualTo("SnapshotLost");
    assertThat(condition(status, "Ready").message())
        .endsWith("; stage read: it is gone: make this Migration anew");
  }

  @Test
  void completion_with_open_failures_says_so() {
    MigrationStatus status = running(null, complete(1000, 7), T0.plusSeconds(120));
    assertThat(condition(status, "Completed").reason()).isEqualTo("WithFailures");
    assertThat(condition(status, "Completed").message())
        .isEqualTo("1000 records read, 993 loaded, 0 filtered, 7 failed, in 1m");
    assertThat(status.completionTime()).as("the last decision").isEqualTo("2026-01-01T00:01:00Z");
    assertThat(status.progress().durationSeconds()).isEqualTo(60);
    assertThat(status.failures())
        .containsExactly(
            new MigrationStatus.FailureSummary(
                7,
                "load",
                "load",
                "DuplicateKey",
                "public.orders",
                "orders_pkey",
                "f00",
                "2026-01-01T00:00:10Z",
                "2026-01-01T00:00:50Z",
                "7",
                "a row with the same key is there already"));
    assertThat(status.otherFailures()).isEqualTo(new MigrationStatus.OtherFailures(3, 11));
  }

  @Test
  void a_target_that_is_not_finished_keeps_the_migration_from_being_complete() {
    MigrationStatus status = running(null, finishing(null), T0);
    assertThat(condition(status, "Completed").status()).isEqualTo("False");
    assertThat(condition(status, "Completed").reason()).isEqualTo("Finishing");
    assertThat(condition(status, "Completed").message())
        .contains("1000 loaded", "stage load still owes its target");
    assertThat(status.stages().getLast().state()).isEqualTo("Finishing");
    assertThat(status.completionTime()).isNull();

    MigrationStatus broken =
        running(
            status,
            finishing(new ChainSnapshot.StallReason("ForeignKeyBroken", "orders_customer")),
            T0);
    assertThat(broken.stages().getLast().state()).isEqualTo("Stalled");
    assertThat(condition(broken, "StagesReady").message()).contains("orders_customer");
    assertThat(condition(broken, "Completed").reason()).isEqualTo("Finishing");
  }

  @Test
  void a_replay_after_the_end_moves_the_counts_and_not_the_verdict() {
    MigrationStatus done = running(null, complete(1000, 7), T0.plusSeconds(120));
    MigrationStatus replaying = running(done, snapshot(1000, 0, 6), T0.plusSeconds(500));
    assertThat(condition(replaying, "Completed").status()).isEqualTo("True");
    assertThat(condition(replaying, "Completed").message()).contains("994 loaded", "6 failed");
    assertThat(replaying.completionTime()).isEqualTo(done.completionTime());
    MigrationStatus healed = running(replaying, complete(1000, 0), T0.plusSeconds(600));
    assertThat(condition(healed, "Completed").reason()).isEqualTo("AllLoaded");
    assertThat(condition(healed, "Completed").lastTransitionTime())
        .isEqualTo(condition(done, "Completed").lastTransitionTime());
  }

  @Test
  void nats_away_keeps_what_was_counted() {
    MigrationStatus before = running(null, snapshot(500, 100, 50), T0);
    Observation seen =
        new Observation(
            Specs.plain(),
            List.of(),
            new Planning.Done(PLAN),
            new Queues.Unavailable("NatsUnavailable", "no answer"),
            IN_FORCE,
            workers(),
            null);
    MigrationStatus away = StatusComposer.compose(before, 1, seen, T0.plusSeconds(5));
    assertThat(condition(away, "QueuesReady").status()).isEqualTo("False");
    assertThat(condition(away, "Ready").reason()).isEqualTo("NatsUnavailable");
    assertThat(away.progress()).isEqualTo(before.progress());
    assertThat(away.stages().get(1).inRecords()).isEqualTo(500);
  }

  @Test
  void a_stalled_stage_makes_the_whole_not_ready_and_says_why() {
    ChainSnapshot base = snapshot(10, 0, 0);
    List<ChainSnapshot.StageSnapshot> stages = new ArrayList<>(base.stages());
    stages.set(
        2,
        new ChainSnapshot.StageSnapshot(
            "load",
            base.stages().getLast().counts(),
            1,
            1,
            0,
            null,
            false,
            new ChainSnapshot.StallReason("DatabaseUnavailable", "shop: connection refused"),
            false,
            null));
    MigrationStatus status =
        running(
            null,
            new ChainSnapshot(
                stages, 3, 1, false, base.balance(), ChainSnapshot.Failures.NONE, T0, T0),
            T0);
    assertThat(status.stages().getLast().state()).isEqualTo("Stalled");
    assertThat(condition(status, "Ready").reason()).isEqualTo("Stalled");
    assertThat(condition(status, "Ready").message())
        .isEqualTo("load: DatabaseUnavailable: shop: connection refused");
  }

  private static final Cause CAUSE =
      new Cause("load", "DuplicateKey", "public.orders", "orders_pkey");

  private static ChainSnapshot paused(ChainSnapshot base, @Nullable Cause cause) {
    ChainSnapshot.StageSnapshot load = base.stages().getLast();
    Excess excess = new Excess(Limit.maxPercent, 5, 2000, 150, "f00", 140);
    List<ChainSnapshot.StageSnapshot> stages = new ArrayList<>(base.stages());
    stages.set(
        2,
        new ChainSnapshot.StageSnapshot(
            "load",
            load.counts(),
            1,
            1,
            0,
            null,
            false,
            null,
            false,
            new Breach("e", 0, "2026-01-01T00:00:07.123Z", excess, cause)));
    return new ChainSnapshot(
        stages, 3, 1, false, base.balance(), base.failures(), T0, T0.plusSeconds(60));
  }

  @Test
  void a_stage_whose_error_budget_is_exceeded_is_paused_and_says_by_what_and_what_to_do() {
    MigrationStatus status = running(null, paused(snapshot(2000, 0, 150), CAUSE), T0);

    assertThat(status.stages().getLast().state()).isEqualTo("Paused");
    assertThat(status.stages().getLast().budgetExceeded())
        .isEqualTo(
            new MigrationStatus.BudgetExceeded(
                "2026-01-01T00:00:07Z",
                "maxPercent 5",
                2000,
                150,
                "f00",
                140,
                "load",
                "DuplicateKey",
                "public.orders",
                "orders_pkey",
                "7",
                "a row with the same key is there already"));
    for (String type : List.of("StagesReady", "Ready")) {
      assertThat(condition(status, type))
          .returns("False", Condition::status)
          .returns("BudgetExceeded", Condition::reason)
          .returns(
              "load: its error budget is exceeded since 2026-01-01T00:00:07Z: 150 of 2000 records"
                  + " failed, more than maxPercent 5 allows; 140 by DuplicateKey at load of"
                  + " public.orders (orders_pkey), fingerprint f00, such as 7: a row with the same"
                  + " key is there already; to let it go on, mend its rule, or raise errorBudget or"
                  + " its attempt",
              Condition::message);
    }
    assertThat(running(status, snapshot(2000, 0, 150), T0).stages().getLast().budgetExceeded())
        .as("edited, and going on")
        .isNull();
  }

  @Test
  void the_sample_of_an_exceeded_budget_stays_when_the_record_is_sent_again() {
    MigrationStatus first = running(null, paused(snapshot(2000, 0, 150), CAUSE), T0);
    MigrationStatus then = running(first, paused(snapshot(2000, 0, 0), CAUSE), T0);

    assertThat(then.stages().getLast().budgetExceeded())
        .isEqualTo(first.stages().getLast().budgetExceeded());
  }

  @Test
  void an_exceeded_budget_whose_cause_could_not_be_read_still_has_its_fingerprint() {
    MigrationStatus status = running(null, paused(snapshot(2000, 0, 0), null), T0);

    assertThat(condition(status, "Ready").message())
        .contains("allows; 140 by fingerprint f00; to let it go on");
  }

  @Test
  void queues_that_a_server_may_lose_are_there_and_tell_it() {
    MigrationStatus status =
        StatusComposer.compose(
            null,
            1,
            new Observation(
                Specs.plain(),
                List.of(),
                new Planning.Done(PLAN),
                new Queues.Ready("NATS 2.15.2 may lose batches"),
                IN_FORCE,
                workers(),
                snapshot(100, 10, 0)),
            T0);

    Condition queues = condition(status, "QueuesReady");
    assertThat(queues.status()).isEqualTo("True");
    assertThat(queues.reason()).isEqualTo("NatsVersionUnsafe");
    assertThat(queues.message()).endsWith("exist; but NATS 2.15.2 may lose batches");
    assertThat(condition(status, "Ready").reason()).as("it goes on").isEqualTo("Running");
  }

  @Test
  void an_exceeded_budget_is_still_told_while_nats_is_away() {
    MigrationStatus before = running(null, paused(snapshot(2000, 0, 150), CAUSE), T0);
    MigrationStatus away =
        StatusComposer.compose(
            before,
            1,
            new Observation(
                Specs.plain(),
                List.of(),
                new Planning.Done(PLAN),
                new Queues.Unavailable("NatsUnavailable", "no answer"),
                IN_FORCE,
                workers(),
                null),
            T0);

    assertThat(away.stages().getLast().budgetExceeded())
        .isEqualTo(before.stages().getLast().budgetExceeded());
  }

  @Test
  void what_may_not_be_shown_is_not_shown_of_an_exceeded_budget_either() {
    MigrationStatus status =
        StatusComposer.compose(
            null,
            1,
            new Observation(
                Specs.with(
                    "connections:",
                    "failedRecords: {payload: KeysOnly, redact: [/id]}\n  connections:"),
                List.of(),
                new Planning.Done(PLAN),
                new Queues.Ready(),
                IN_FORCE,
                workers(),
                paused(snapshot(2000, 0, 150), CAUSE)),
            T0);

    assertThat(status.stages().getLast().budgetExceeded().sampleKey())
        .isEqualTo(status.failures().getFirst().sampleKey())
        .isNotEqualTo("7");
  }

  @Test
  void the_sample_of_an_exceeded_budget_is_hidden_when_it_may_no_longer_be_shown() {
    MigrationStatus before = running(null, paused(snapshot(2000, 0, 150), CAUSE), T0);

    for (ChainSnapshot after : List.of(snapshot(2000, 0, 150), snapshot(2000, 0, 0))) {
      MigrationStatus status =
          StatusComposer.compose(
              before,
              1,
              new Observation(
                  Specs.with("connections:", "failedRecords: {redact: [/id]}\n  connections:"),
                  List.of(),
                  new Planning.Done(PLAN),
                  new Queues.Ready(),
                  IN_FORCE,
                  workers(),
                  paused(after, CAUSE)),
              T0);

      assertThat(status.stages().getLast().budgetExceeded().sampleKey()).isNotEqualTo("7");
      assertThat(condition(status, "Ready").message()).doesNotContain("such as 7");
    }
  }

  @Test
  void many_findings_are_bounded() {
    List<Finding> findings =
        IntStream.range(0, 90)
            .mapToObj(i -> Finding.error("E", "spec.stages[" + i + "]", "x".repeat(300)))
            .toList();
    MigrationStatus status = unplanned(new Planning.Refused(findings));
    assertThat(condition(status, "Planned").message()).hasSizeLessThanOrEqualTo(4000);
    assertThat(ConditionList.list(findings.subList(0, 25))).endsWith("and 5 more");
  }

  @Test
  void an_exception_leaves_what_is_known_and_tells_the_generation() {
    MigrationStatus before = running(null, snapshot(500, 100, 50), T0);
    MigrationStatus after = StatusComposer.afterError(before, 9, "the API server said no", T0);
    assertThat(after.observedGeneration()).isEqualTo(9);
    assertThat(condition(after, "Planned").status()).isEqualTo("True");
    assertThat(condition(after, "Ready").reason()).isEqualTo("ReconcileFailed");
    assertThat(after.progress()).isEqualTo(before.progress());
  }

  @Test
  void numbers_alone_are_no_reason_to_write_at_once() {
    MigrationStatus first = running(null, snapshot(100, 10, 0), T0);
    assertThat(StatusWriter.sameButNumbers(first, running(first, snapshot(200, 10, 0), T0)))
        .isTrue();
    assertThat(StatusWriter.sameButNumbers(first, running(first, complete(1000, 0), T0))).isFalse();
  }

  @Test
  void durations_read_as_people_say_them() {
    assertThat(List.of(0, 59, 60, 185, 3600, 7800))
        .extracting(s -> ProgressEstimate.spoken(Duration.ofSeconds(s)))
        .containsExactly("0s", "59s", "1m", "3m 5s", "1h", "2h 10m");
  }

  private static MigrationStatus unplanned(Planning planning) {
    return StatusComposer.compose(
        null,
        3,
        new Observation(
            Specs.plain(), List.of(), planning, new Queues.NotNeeded(), null, List.of(), null),
        T0);
  }

  private static MigrationStatus running(
      @Nullable MigrationStatus before, ChainSnapshot snapshot, Instant now) {
    return running(Specs.plain(), before, snapshot, now);
  }

  private static MigrationStatus running(
      MigrationSpec spec, @Nullable MigrationStatus before, ChainSnapshot snapshot, Instant now) {
    Observation seen =
        new Observation(
            spec,
            List.of(),
            new Planning.Done(PLAN),
            new Queues.Ready(),
            IN_FORCE,
            workers(),
            snapshot);
    return StatusComposer.compose(before, 1, seen, now);
  }

  private static StageWorkers workers(String stage, String kind) {
    return new StageWorkers(
        stage, kind, new MigrationStatus.Scaling(1, 1, 1, "Draining", "because"));
  }

  private static List<StageWorkers> workers() {
    return List.of(
        workers("read", "extract"), workers("clean", "transform"), workers("load", "load"));
  }

  private static ChainSnapshot snapshot(long read, long filtered, long failed) {
    return chain(read, filtered, failed, false);
  }

  private static ChainSnapshot complete(long read, long failed) {
    return chain(read, 0, failed, true);
  }

  /** Records are filtered at clean and fail at load. */
  private static ChainSnapshot chain(long read, long filtered, long failed, boolean complete) {
    long kept = read - filtered;
    ChainSnapshot.Failures failures =
        failed == 0
            ? ChainSnapshot.Failures.NONE
            : new ChainSnapshot.Failures(List.of(cause(failed)), 3, 11);
    return new ChainSnapshot(
        List.of(
            stage("read", new Counts(read, read, 0, 0, 0, 0), complete),
            stage("clean", new Counts(read, kept, filtered, 0, 0, 0), complete),
            stage("load", new Counts(kept, kept - failed, 0, failed, 0, 0), complete)),
        3,
        complete ? 3 : 1,
        complete,
        new ChainSnapshot.Balance(true, "TallyBalanced", "adds up"),
        failures,
        T0,
        T0.plusSeconds(60));
  }

  private static ChainSnapshot.FailureCount cause(long records) {
    return new ChainSnapshot.FailureCount(
        "load",
        "load",
        "DuplicateKey",
        "public.orders",
        "orders_pkey",
        "f00",
        records,
        "2026-01-01T00:00:10Z",
        "2026-01-01T00:00:50Z",
        Failed.sample("a row with the same key is there already", "7", "ann@example.org"));
  }

  private static ChainSnapshot.StageSnapshot stage(String name, Counts counts, boolean done) {
    return new ChainSnapshot.StageSnapshot(
        name, counts, done ? 0 : 1, done ? 0 : 10, 0, null, done, null, false, null);
  }

  private static ChainSnapshot finishing(ChainSnapshot.@Nullable StallReason stall) {
    ChainSnapshot complete = complete(1000, 0);
    List<ChainSnapshot.StageSnapshot> stages = new ArrayList<>(complete.stages());
    Counts counts = stages.removeLast().counts();
    stages.add(
        new ChainSnapshot.StageSnapshot("load", counts, 0, 0, 0, null, false, stall, true, null));
    return new ChainSnapshot(
        stages, 3, 3, false, complete.balance(), ChainSnapshot.Failures.NONE, T0, T0);
  }

  private static Condition condition(MigrationStatus status, String type) {
    return status.conditions().stream()
        .filter(c -> c.type().equals(type))
        .findFirst()
        .orElseThrow();
  }
}
