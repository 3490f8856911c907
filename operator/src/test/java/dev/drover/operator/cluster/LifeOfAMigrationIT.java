package dev.drover.operator.cluster;

import static dev.drover.operator.cluster.OperatorFixture.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.ServedNamespaces;
import dev.drover.operator.chain.BudgetWish;
import dev.drover.operator.chain.ChainSnapshot;
import dev.drover.operator.chain.Joining;
import dev.drover.wire.budget.Breach;
import dev.drover.wire.budget.BudgetTerms.Excess;
import dev.drover.wire.budget.BudgetTerms.Limit;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.Pace;
import io.fabric8.kubernetes.api.model.Secret;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LifeOfAMigrationIT {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final String M = "orders";

  private OperatorFixture operator;

  @BeforeEach
  void open() {
    operator = new OperatorFixture("life-" + NUMBER.incrementAndGet());
  }

  @AfterEach
  void close() {
    operator.close();
  }

  @Test
  void a_migration_is_planned_then_runs_a_deployment_a_stage() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    assertThat(operator.deployments())
        .extracting(d -> d.getMetadata().getLabels().get("drover.dev/stage"))
        .containsExactlyInAnyOrder("read", "clean", "load");
    assertThat(operator.deployments())
        .allSatisfy(
            d -> {
              assertThat(d.getMetadata().getOwnerReferences())
                  .singleElement()
                  .satisfies(o -> assertThat(o.getKind()).isEqualTo("Migration"));
              assertThat(d.getSpec().getTemplate().getSpec().getAutomountServiceAccountToken())
                  .isFalse();
            });
    assertThat(operator.replicas("read")).as("three splits are left").isEqualTo(3);
    assertThat(operator.migration(M).getFinalizers()).containsExactly("drover.dev/queues");
    assertThat(operator.migration(M).getStatus().observedGeneration()).isEqualTo(1);
    assertThat(operator.migration(M).getStatus().conditions())
        .extracting(Condition::type)
        .containsExactly(
            "SpecValid",
            "Planned",
            "QueuesReady",
            "StagesReady",
            "Balanced",
            "CapAdvisory",
            "Completed",
            "Ready");
    assertThat(operator.events())
        .anyMatch(e -> e.startsWith("Normal Planned"))
        .anyMatch(e -> e.startsWith("Normal StageScaled"));
    String row = ApiServer.get().kubectl("", "get", "mig", M, "-n", operator.namespace).output();
    assertThat(row)
        .contains("READY", "REASON", "STAGES", "LOADED", "FAILED", "PROGRESS", "ETA", "AGE")
        .contains("True", "Running", "3/3", "0%");
  }

  @Test
  void an_ignored_namespace_is_left_to_the_operator_that_serves_it() {
    try (OperatorFixture other = new OperatorFixture(operator.namespace + "-other")) {
      operator.stop();
      operator.start(
          new ServedNamespaces(
              Set.of(operator.namespace, other.namespace), Set.of(other.namespace)));
      other.secrets();
      other.apply(Manifests.migration("theirs"));
      other.awaitCondition("theirs", "Ready", "True", "Running");
      operator.secrets();
      operator.apply(Manifests.migration(M));
      operator.awaitCondition(M, "Ready", "True", "Running");

      assertThat(operator.hasVisited("theirs")).isFalse();
    }
  }

  @Test
  void what_redrives_left_is_looked_after_at_each_visit_though_nothing_fails() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");

    await().until(() -> operator.lookedAfter.getOrDefault(M, 0) > 2);
    assertThat(operator.shown).as("there is nothing to show").isEmpty();
  }

  @Test
  void deployments_are_left_alone_while_nothing_changes() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    Map<String, Long> before = generations();
    double visits = operator.visits();
    await().until(() -> operator.visits() > visits + 4);
    assertThat(generations()).isEqualTo(before).hasSize(3);
    List<Long> resourceVersions =
        operator.deployments().stream()
            .map(d -> Long.valueOf(d.getMetadata().getResourceVersion()))
            .toList();
    await().until(() -> operator.visits() > visits + 7);
    assertThat(operator.deployments())
        .extracting(d -> Long.valueOf(d.getMetadata().getResourceVersion()))
        .containsExactlyElementsOf(resourceVersions);
  }

  private static String budgeted(String budget, String rule) {
    return Manifests.migration(M)
        .replace("spec:\n", "spec:\n  errorBudget: {" + budget + "}\n")
        .replace("record.qty > 0", rule);
  }

  private static ChainSnapshot breached(ChainSpec spec) {
    ChainSnapshot base = FaultyChain.snapshot(spec, 3_000_000, 10, false);
    return new ChainSnapshot(
        base.stages().stream()
            .map(
                s ->
                    !s.name().equals("clean")
                        ? s
                        : new ChainSnapshot.StageSnapshot(
                            s.name(),
                            s.counts(),
                            s.backlogMessages(),
                            s.backlogRecords(),
                            s.inFlightMessages(),
                            s.flow(),
                            false,
                            null,
                            false,
                            new Breach(
                                "e",
                                0,
                                "2026-01-01T00:00:07Z",
                                new Excess(Limit.maxPercent, 5, 2000, 150, "f00", 150),
                                new Cause("steps[0]", "QtyNotPositive", "public.orders", "qty"))))
            .toList(),
        base.splitsTotal(),
        base.splitsDone(),
        false,
        base.balance(),
        base.failures(),
        base.firstDispatch(),
        base.lastDecision());
  }

  @Test
  void a_stage_whose_error_budget_is_exceeded_has_no_workers_until_it_is_edited() {
    operator.secrets();
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 10, false);
    operator.apply(budgeted("maxPercent: 5", "record.qty > 0"));
    operator.awaitCondition(M, "Ready", "True", "Running");
    assertThat(operator.chain(M).budgets).containsOnlyKeys("read", "clean", "load");
    Map<String, BudgetWish> told = operator.chain(M).budgets;

    operator.chain(M).counts = LifeOfAMigrationIT::breached;
    await().until(() -> operator.replicas("clean"), r -> r == 0);
    Condition ready = operator.awaitCondition(M, "Ready", "False", "BudgetExceeded");
    assertThat(ready.message())
        .contains("clean: its error budget is exceeded", "150 of 2000", "QtyNotPositive", "f00")
        .contains("raise errorBudget or its attempt");
    operator.awaitCondition(M, "StagesReady", "False", "BudgetExceeded");
    await()
        .untilAsserted(
            () ->
                assertThat(operator.stage(M, "clean"))
                    .hasValueSatisfying(
                        s -> {
                          assertThat(s.state()).isEqualTo("Paused");
                          assertThat(s.scaling().reason()).isEqualTo("BudgetExceeded");
                          assertThat(s.budgetExceeded().code()).isEqualTo("QtyNotPositive");
                        }));
    assertThat(operator.replicas("load")).as("the others go on").isPositive();
    await()
        .untilAsserted(
            () ->
                assertThat(operator.events())
                    .anyMatch(
                        e -> e.startsWith("Warning BudgetExceeded: clean: its error budget")));
    assertThat(operator.meters.get("drover.stage.budget.exceeded").tag("stage", "clean").gauge())
        .returns(1.0, io.micrometer.core.instrument.Gauge::value);

    // An operator that starts anew does not let it go on.
    operator.stop();
    operator.start();
    operator.awaitCondition(M, "Ready", "False", "BudgetExceeded");
    assertThat(operator.replicas("clean")).isZero();
    await().until(() -> operator.chain(M).budgets, b -> b.get("clean").idle());
    assertThat(operator.chain(M).budgets.get("clean").edition())
        .isEqualTo(told.get("clean").edition());

    operator.apply(budgeted("maxPercent: 5, attempt: 1", "record.qty > 0"));
    await()
        .until(
            () -> operator.chain(M).budgets.get("clean").edition(),
            e -> !e.equals(told.get("clean").edition()));
    assertThat(operator.jobs()).as("no new plan").hasSize(1);
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 10, false);
    await().until(() -> operator.replicas("clean"), r -> r > 0);
    operator.awaitCondition(M, "Ready", "True", "Running");
    await()
        .untilAsserted(
            () ->
                assertThat(operator.events())
                    .anyMatch(e -> e.startsWith("Normal BudgetRenewed: clean goes on")));
  }

  private static final String ARCHIVE =
      """
          - name: archive
            from: clean
            load: {connectionName: shop, schema: archive}
      """;

  private static Joining.Underway branching(ChainSpec before, boolean draining) {
    return new Joining.Underway(
        Edges.original("r1", before),
        List.of(
            new Joining.Change(
                "archive", Joining.Kind.Added, draining, "it sees queued records only")));
  }

  @Test
  void a_graft_is_told_before_it_is_begun_and_rolls_no_other_stage() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    FaultyChain chain = operator.chain(M);
    ChainSpec before = chain.specs.values().iterator().next();
    Map<String, Long> generations = generations();
    List<Boolean> asked = new CopyOnWriteArrayList<>();
    AtomicBoolean drained = new AtomicBoolean();
    chain.joining =
        (revision, spec, go) -> {
          if (spec.equals(before)) {
            return new Joining.Joined();
          }
          asked.add(go);
          return drained.get() ? new Joining.Joined() : branching(before, go);
        };
    operator.apply(Manifests.migration(M) + ARCHIVE);
    await()
        .untilAsserted(
            () ->
                assertThat(operator.migration(M).getStatus().grafting())
                    .isNotNull()
                    .satisfies(
                        g ->
                            assertThat(g.stages())
                                .containsExactly(
                                    new MigrationStatus.Graft(
                                        "archive",
                                        "Added",
                                        "EdgeDraining",
                                        "it sees queued records only"))));
    assertThat(asked.getFirst()).as("first it is only told").isFalse();
    assertThat(asked).contains(true);
    assertThat(operator.condition(M, "Planned").orElseThrow())
        .returns("True", Condition::status)
        .satisfies(
            c ->
                assertThat(c.message())
                    .contains("archive is added", "queued records only", "stays in force"));
    assertThat(operator.deployment("archive")).as("nothing starts yet").isNull();

    operator.stop();
    operator.start();
    drained.set(true);
    await().until(() -> operator.deployment("archive") != null);
    await().until(() -> operator.migration(M).getStatus().grafting() == null);
    assertThat(generations()).containsAllEntriesOf(generations);
  }

  @Test
  void a_graft_with_backfill_brings_copies_of_the_stages_before_it_and_takes_them_along() {
    String backfill = ARCHIVE.replace("from: clean", "from: clean\n      backfill: true");
    operator.secrets();
    operator.apply(Manifests.migration(M) + backfill);
    operator.awaitCondition(M, "SpecValid", "False", "NothingToBackfill");
    assertThat(operator.deployment("load")).as("nothing starts").isNull();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    await().until(() -> operator.migration(M).getStatus().startTime() != null);
    await().until(() -> operator.chain(M).begun);
    Map<String, Long> generations = generations();

    operator.apply(Manifests.migration(M) + backfill);
    await().until(() -> operator.deployment("archive_read") != null);
    assertThat(operator.deployment("archive").getMetadata().getName()).startsWith(M + "-archive-");
    assertThat(operator.deployment("archive_clean").getMetadata().getName())
        .startsWith(M + "-archive--clean-");
    assertThat(operator.chain(M).specs.values())
        .flatExtracting(ChainSpec::stages)
        .anySatisfy(
            stage ->
                assertThat(stage)
                    .returns("archive", StageSpec::name)
                    .returns("archive_clean", StageSpec::from));
    assertThat(generations()).containsAllEntriesOf(generations);
    await()
        .untilAsserted(
            () ->
                assertThat(operator.migration(M).getStatus().stages())
                    .extracting(MigrationStatus.StageStatus::name)
                    .containsExactly(
                        "read", "clean", "load", "archive", "archive_clean", "archive_read"));

    operator.apply(Manifests.migration(M) + ARCHIVE);
    operator.awaitCondition(M, "SpecValid", "False", "ChainChanged");
    assertThat(operator.condition(M, "SpecValid").orElseThrow().message())
        .contains("spec.stages[3].backfill");
    assertThat(operator.deployment("archive_read")).as("it runs on").isNotNull();

    operator.apply(Manifests.migration(M));
    await()
        .untilAsserted(
            () ->
                assertThat(
                        List.of("archive", "archive_clean", "archive_read").stream()
                            .map(operator::deployment))
                    .containsOnlyNulls());
    operator.awaitCondition(M, "SpecValid", "True", "Valid");
  }

  @Test
  void a_removal_that_cannot_be_is_refused_and_the_chain_runs_on() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    FaultyChain chain = operator.chain(M);
    ChainSpec before = chain.specs.values().iterator().next();
    Map<String, Long> generations = generations();
    chain.joining =
        (revision, spec, go) ->
            new Joining.Refused(
                Edges.original("r1", before),
                List.of(Finding.error("StageHoldsFailures", "spec.stages", "clean has 3")));
    String manifest = Manifests.migration(M);
    int clean = manifest.indexOf("    - name: clean");
    int load = manifest.indexOf("    - name: load");
    String without = manifest.substring(0, clean) + manifest.substring(load);
    operator.apply(without.replace("from: clean", "from: read"));
    Condition planned = operator.awaitCondition(M, "Planned", "False", "StageHoldsFailures");
    assertThat(planned.message()).contains("spec.stages: clean has 3", "stays in force");
    assertThat(generations()).isEqualTo(generations);

    chain.joining = (revision, spec, go) -> new Joining.Joined();
    await().until(() -> operator.deployment("clean") == null);
    operator.awaitCondition(M, "Planned", "True", "Planned");
  }

  @Test
  void a_stage_that_a_refused_edit_took_out_keeps_its_rate_even_over_a_restart() {
    operator.secrets();
    String limited =
        Manifests.migration(M)
            .replace(
                "scale: {maxReplicas: 4}", "scale: {maxReplicas: 4, maxRecordsPerSecond: 300}");
    operator.apply(limited);
    operator.awaitCondition(M, "Ready", "True", "Running");
    await().until(() -> operator.chain(M).paces.containsKey("read"));
    Pace before = operator.chain(M).paces.get("read");

    operator.apply(
        limited.replace("- name: read\n", "- name: reed\n").replace("from: read", "from: reed"));
    Condition refused = operator.awaitCondition(M, "SpecValid", "False", "ChainChanged");
    assertThat(refused.message()).contains("stays in force");
    assertThat(operator.chain(M).paces).containsEntry("read", before);
    operator.stop();
    operator.start();
    operator.chain(M).paces = Map.of();
    await().until(() -> before.equals(operator.chain(M).paces.get("read")));
    assertThat(operator.condition(M, "SpecValid").orElseThrow().reason()).isEqualTo("ChainChanged");
  }

  @Test
  void a_suspended_stage_stays_so_when_an_edit_that_takes_it_out_is_refused_and_is_drained_after()
      throws Exception {
    operator.secrets();
    operator.apply(Manifests.suspended(M, "clean", true));
    operator.awaitCondition(M, "Ready", "True", "Running");
    await().until(() -> operator.replicas("clean"), r -> r == 0);
    FaultyChain chain = operator.chain(M);
    Edges now = Edges.original("r1", chain.specs.values().iterator().next());
    chain.joining =
        (revision, spec, go) ->
            new Joining.Refused(
                now, List.of(Finding.error("StageHoldsFailures", "spec.stages", "clean has 3")));
    String manifest = Manifests.migration(M);
    String without =
        manifest.substring(0, manifest.indexOf("    - name: clean"))
            + manifest.substring(manifest.indexOf("    - name: load"));
    operator.apply(without.replace("from: clean", "from: read"));
    operator.awaitCondition(M, "Planned", "False", "StageHoldsFailures");
    await()
        .during(Duration.ofSeconds(3))
        .atMost(Duration.ofSeconds(10))
        .until(() -> operator.replicas("clean"), r -> r == 0);

    chain.joining =
        (revision, spec, go) ->
            new Joining.Underway(
                now, List.of(new Joining.Change("clean", Joining.Kind.Removed, true, "drains")));
    await().until(() -> operator.replicas("clean"), r -> r > 0);
  }

  @Test
  void while_an_edit_is_planned_budgets_stay_as_they_were_told() {
    operator.secrets();
    operator.apply(budgeted("maxPercent: 5", "record.qty > 0"));
    operator.awaitCondition(M, "Ready", "True", "Running");
    Map<String, BudgetWish> told = operator.chain(M).budgets;

    operator.chain(M).planner =
        FaultyChain.refusing(Finding.error("RuleType", "spec.stages[1]", "no"));
    operator.apply(budgeted("maxPercent: 9", "record.qty > 1"));
    operator.awaitCondition(M, "Planned", "False", "RuleType");
    assertThat(editions(operator.chain(M).budgets)).isEqualTo(editions(told));

    operator.chain(M).planner = FaultyChain::goodPlan;
    operator.apply(budgeted("maxPercent: 9", "record.qty > 2"));
    await().until(() -> editions(operator.chain(M).budgets), e -> !e.equals(editions(told)));
  }

  @Test
  void while_stages_come_and_go_budgets_of_those_that_stay_are_told() {
    operator.secrets();
    operator.apply(budgeted("maxPercent: 5", "record.qty > 0"));
    operator.awaitCondition(M, "Ready", "True", "Running");
    FaultyChain chain = operator.chain(M);
    ChainSpec before = chain.specs.values().iterator().next();
    Map<String, String> told = editions(chain.budgets);
    chain.joining =
        (revision, spec, go) -> spec.equals(before) ? new Joining.Joined() : branching(before, go);

    operator.apply(budgeted("maxPercent: 9", "record.qty > 0") + ARCHIVE);
    await().until(() -> operator.migration(M).getStatus().grafting() != null);
    await()
        .untilAsserted(
            () ->
                assertThat(editions(chain.budgets))
                    .containsOnlyKeys(told.keySet())
                    .allSatisfy((stage, e) -> assertThat(e).isNotEqualTo(told.get(stage))));
  }

  private static Map<String, String> editions(Map<String, BudgetWish> budgets) {
    return budgets.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().edition()));
  }

  @Test
  void a_missing_secret_is_named_and_planning_begins_when_it_appears() {
    operator.secret("shop-db");
    operator.apply(Manifests.migration(M));
    Condition missing = operator.awaitCondition(M, "SpecValid", "False", "SecretNotFound");
    assertThat(missing.message())
        .startsWith(
            "spec.connections[0].jdbc.credentialsSecretRef.name: there is no Secret legacy-db");
    assertThat(operator.jobs()).isEmpty();
    assertThat(operator.deployments()).isEmpty();
    operator.secret("legacy-db");
    operator.awaitCondition(M, "SpecValid", "True", "Valid");
    operator.awaitCondition(M, "Ready", "True", "Running");
    assertThat(operator.migration(M).getStatus().toString()).doesNotContain("hunter2");
  }

  @Test
  void a_cycle_is_found_by_the_operator_and_nothing_starts() {
    operator.secrets();
    operator.apply(
        Manifests.migration(M)
            + "    - {name: a, from: b, transform: {steps: [{remove: [x]}]}}\n"
            + "    - {name: b, from: a, transform: {steps: [{remove: [x]}]}}\n");
    Condition invalid = operator.awaitCondition(M, "SpecValid", "False", "Cycle");
    assertThat(invalid.message())
        .isEqualTo(
            "spec.stages[3].from: a reads b reads a: no record would ever enter; let one of them"
                + " read an extract");
    assertThat(operator.condition(M, "Ready").orElseThrow().reason()).isEqualTo("Cycle");
    assertThat(operator.jobs()).isEmpty();
    assertThat(operator.deployments()).isEmpty();
  }

  @Test
  void what_the_planner_refuses_starts_nothing_and_is_listed_whole() {
    operator.secrets();
    operator.chain(M).planner =
        FaultyChain.refusing(
            Finding.error("TableNotFound", "spec.stages[0].extract.tables[0]", "no table"),
            Finding.error("RuleType", "spec.stages[1].transform.steps[0].require.that", "int"));
    operator.apply(Manifests.migration(M));
    Condition planned = operator.awaitCondition(M, "Planned", "False", "TableNotFound");
    assertThat(planned.message())
        .isEqualTo(
            "spec.stages[0].extract.tables[0]: no table\n"
                + "spec.stages[1].transform.steps[0].require.that: int\n"
                + "it is planned again every minute, and at each edit");
    assertThat(operator.deployments()).isEmpty();
    assertThat(operator.chain(M).queuesMade).isFalse();
    assertThat(operator.jobs()).hasSize(1);
    assertThat(operator.condition(M, "Ready").orElseThrow().reason()).isEqualTo("TableNotFound");
  }

  @Test
  void a_refused_plan_is_tried_again_without_an_edit() {
    operator.secrets();
    operator.chain(M).planner =
        FaultyChain.refusing(
            Finding.error("TableNotFound", "spec.stages[0].extract.tables[0]", "no table"));
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Planned", "False", "TableNotFound");
    String first = operator.jobs().getFirst().getMetadata().getUid();
    operator.endJob(operator.jobs().getFirst());
    assertThat(operator.jobs()).extracting(j -> j.getMetadata().getUid()).containsExactly(first);
    operator.restartLater(Duration.ofSeconds(61));
    await()
        .until(
            () -> operator.jobs(),
            jobs -> jobs.stream().noneMatch(j -> j.getMetadata().getUid().equals(first)));
    operator.chain(M).planner = FaultyChain::goodPlan;
    operator.awaitCondition(M, "Ready", "True", "Running");
  }

  @Test
  void nats_credentials_are_projected_beside_the_migration_and_owned_by_it() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    String name =
        operator.deployment("load").getSpec().getTemplate().getSpec().getVolumes().stream()
            .filter(v -> v.getName().equals("nats"))
            .map(v -> v.getSecret().getSecretName())
            .findFirst()
            .orElseThrow();
    Secret secret = operator.client.secrets().inNamespace(operator.namespace).withName(name).get();
    assertThat(secret.getMetadata().getOwnerReferences().getFirst().getName()).isEqualTo(M);
    assertThat(secret.getData().keySet()).containsExactly("nats.creds");
  }

  @Test
  void while_planning_waits_for_a_database_the_condition_says_so() {
    operator.secrets();
    operator.chain(M).planner = spec -> Optional.empty();
    operator.apply(Manifests.migration(M));
    Condition planned = operator.awaitCondition(M, "Planned", "Unknown", "DatabaseUnavailable");
    assertThat(planned.message()).isEqualTo("legacy: connection refused");
  }

  @Test
  void plan_only_stops_after_the_plan() {
    operator.secrets();
    operator.apply(Manifests.migration(M).replace("spec:\n", "spec:\n  mode: PlanOnly\n"));
    Condition ready = operator.awaitCondition(M, "Ready", "True", "PlanOnly");
    assertThat(ready.message()).startsWith("1 tables in 3 splits, about 1000 records");
    assertThat(operator.deployments()).isEmpty();
    assertThat(operator.chain(M).queuesMade).isFalse();
    operator.patch(M, "{\"spec\":{\"mode\":\"Run\"}}");
    operator.awaitCondition(M, "Ready", "True", "Running");
  }

  @Test
  void a_changed_rule_rolls_only_its_own_stage() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    Map<String, Long> before = generations();
    String first = operator.migration(M).getStatus().plan().revision();
    operator.apply(Manifests.migration(M).replace("record.qty > 0", "record.qty > 1"));
    await().until(() -> !operator.migration(M).getStatus().plan().revision().equals(first));
    await().until(() -> !generations().get("clean").equals(before.get("clean")));
    assertThat(generations())
        .containsEntry("read", before.get("read"))
        .containsEntry("load", before.get("load"));
    await().until(() -> operator.jobs().size() == 1);
  }

  @Test
  void while_an_edit_is_refused_the_chain_before_it_keeps_running_even_over_a_restart() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    Map<String, Long> before = generations();
    operator.chain(M).planner =
        spec ->
            spec.stage("clean").toString().contains("record.oops")
                ? FaultyChain.refusing(
                        Finding.error("NoSuchField", "spec.stages[1]", "no field oops"))
                    .apply(spec)
                : FaultyChain.goodPlan(spec);
    operator.apply(Manifests.migration(M).replace("record.qty > 0", "record.oops > 0"));
    Condition planned = operator.awaitCondition(M, "Planned", "False", "NoSuchField");
    assertThat(planned.message()).contains("stays in force");
    assertThat(generations()).isEqualTo(before);
    operator.stop();
    operator.start();
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 3_000_000, 10, false);
    await().until(() -> operator.replicas("load"), r -> r == 3);
    assertThat(operator.condition(M, "Planned").orElseThrow().reason()).isEqualTo("NoSuchField");
  }

  @Test
  void an_edit_that_is_taken_back_leaves_no_job_behind() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    operator.chain(M).planner = spec -> Optional.empty();
    operator.apply(Manifests.migration(M).replace("record.qty > 0", "record.qty > 1"));
    operator.awaitCondition(M, "Planned", "Unknown", "DatabaseUnavailable");
    String edited = operator.jobs().getFirst().getMetadata().getLabels().get("drover.dev/revision");
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    await()
        .until(
            () ->
                operator.jobs().stream()
                    .noneMatch(
                        j ->
                            edited.equals(j.getMetadata().getLabels().get("drover.dev/revision"))));
  }

  @Test
  void nats_away_holds_the_workers_says_why_and_goes_on_by_itself() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    operator.chain(M).away = true;
    Condition queues = operator.awaitCondition(M, "QueuesReady", "False", "NatsUnavailable");
    assertThat(queues.message()).contains("nats://nats:4222");
    assertThat(operator.replicas("read")).as("held").isEqualTo(3);
    operator.patch(M, "{\"spec\":{\"suspend\":true}}");
    await().until(() -> operator.replicas("read"), r -> r == 0);
    operator.patch(M, "{\"spec\":{\"suspend\":false}}");
    operator.chain(M).away = false;
    operator.awaitCondition(M, "Ready", "True", "Running");
  }

  @Test
  void queues_that_nats_may_lose_are_told_of_once_and_nothing_is_written_again() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    operator.chain(M).danger = "NATS 2.15.2 may lose batches";
    Condition queues = operator.awaitCondition(M, "QueuesReady", "True", "NatsVersionUnsafe");
    assertThat(queues.message()).endsWith("but NATS 2.15.2 may lose batches");
    await()
        .untilAsserted(
            () ->
                assertThat(operator.events())
                    .filteredOn(e -> e.startsWith("Warning NatsVersionUnsafe"))
                    .hasSize(1));
    String version = operator.migration(M).getMetadata().getResourceVersion();
    double visits = operator.visits();
    await().until(() -> operator.visits() > visits + 3);
    assertThat(operator.migration(M).getMetadata().getResourceVersion()).isEqualTo(version);
    assertThat(operator.replicas("read")).as("goes on").isEqualTo(3);
    operator.chain(M).danger = null;
    operator.awaitCondition(M, "QueuesReady", "True", "Ready");
  }

  @Test
  void completion_is_told_with_counts_and_duration_and_all_workers_go() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    operator.chain(M).counts = spec -> FaultyChain.snapshot(spec, 0, 820, true);
    Condition completed = operator.awaitCondition(M, "Completed", "True", "AllLoaded");
    assertThat(completed.message())
        .isEqualTo("820 records read, 820 loaded, 0 filtered, 0 failed, in 1m");
    await()
        .until(() -> operator.deployments().stream().allMatch(d -> d.getSpec().getReplicas() == 0));
    await()
        .untilAsserted(
            () ->
                assertThat(
                        ApiServer.get()
                            .kubectl("", "get", "mig", M, "-n", operator.namespace)
                            .output())
                    .contains("True", "AllLoaded", "820", "100%"));
  }

  @Test
  void a_deleted_migration_removes_workers_then_queues_then_itself() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    assertThat(operator.meters.find("drover.stage.records").gauges()).isNotEmpty();
    operator.client.resource(operator.migration(M)).delete();
    await().until(() -> operator.migration(M) == null);
    assertThat(operator.chain(M).deleted).isTrue();
    await().until(() -> operator.meters.find("drover.stage.records").gauges().isEmpty());
    assertThat(operator.deployments()).isEmpty();
    assertThat(operator.jobs()).isEmpty();
  }

  @Test
  void nats_away_does_not_hold_a_deletion_for_ever() {
    operator.secrets();
    operator.apply(Manifests.migration(M));
    operator.awaitCondition(M, "Ready", "True", "Running");
    operator.chain(M).away = true;
    operator.client.resource(operator.migration(M)).delete();
    await().until(() -> operator.deployments().isEmpty());
    await()
        .untilAsserted(
            () ->
                assertThat(operator.events())
                    .anyMatch(
                        e -> e.startsWith("Warning NatsUnavailable: queues cannot be removed")));
    assertThat(operator.migration(M)).as("it waits for NATS").isNotNull();
    operator.restartLater(Duration.ofSeconds(61));
    await().until(() -> operator.migration(M) == null);
    assertThat(operator.events()).anyMatch(e -> e.startsWith("Warning QueuesLeftBehind"));
  }

  private Map<String, Long> generations() {
    return operator.deployments().stream()
        .collect(
            Collectors.toMap(
                d -> d.getMetadata().getLabels().get("drover.dev/stage"),
                d -> d.getMetadata().getGeneration()));
  }
}
