package dev.drover.operator.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.chain.ChainUnavailableException;
import dev.drover.operator.chain.Joining;
import dev.drover.operator.cluster.FaultyChain;
import dev.drover.operator.scaling.Reason;
import dev.drover.operator.status.Observation.InForce;
import dev.drover.operator.status.Observation.Planning;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class JoiningStepTest {
  private static final String UID = "uid";
  private static final MigrationSpec.Queues QUEUES = new MigrationSpec.Queues("64Mi", 1);
  private static final StageSpec READ =
      new StageSpec.Extract("read", "legacy", List.of("public.*"), 1000);
  private static final InForce ONE = chain("rev1", READ, load("load"));
  private static final InForce TWO = chain("rev2", READ, load("load"), load("archive"));

  private final FaultyChain chain = new FaultyChain();
  private final JoiningStep step = new JoiningStep();

  /** Each time that the stages were to be joined. */
  private final List<String> joins = new ArrayList<>();

  /** Stages that go without being drained. */
  private List<String> abandoned = List.of();

  /** How they are joined. */
  private InForce moved = ONE;

  private static StageSpec load(String name) {
    return new StageSpec.Load(name, "read", "target", name, LoadMode.Upsert, List.of());
  }

  private static InForce chain(String revision, StageSpec... stages) {
    ChainSpec spec = new ChainSpec(List.of(), List.of(stages));
    ChainPlan plan = FaultyChain.goodPlan(spec).orElseThrow();
    return new InForce(revision, spec, plan);
  }

  @BeforeEach
  void publish() {
    for (InForce one : List.of(ONE, TWO)) {
      chain.publishSpec(one.revision(), one.spec(), QUEUES);
    }
    chain.joining =
        (revision, spec, go) -> {
          joins.add(revision + (go ? " go" : ""));
          Edges edges = Edges.original(moved.revision(), moved.spec());
          return edges.areOf(spec)
              ? new Joining.Joined()
              : new Joining.Underway(
                  edges, List.of(new Joining.Change("archive", Joining.Kind.Added, go, "so")));
        };
  }

  private JoiningStep.Subject subject(
      String planned,
      MigrationStatus.@Nullable Grafting told,
      MigrationStatus.StageStatus... stages) {
    return new JoiningStep.Subject(
        UID,
        QUEUES,
        abandoned,
        false,
        new MigrationStatus(
            1L,
            List.of(),
            null,
            null,
            null,
            null,
            new MigrationStatus.Plan(planned, 1, 1, 1, List.of()),
            List.of(stages),
            null,
            List.of(),
            null,
            told));
  }

  private JoiningStep.Shape shape(JoiningStep.Subject subject, InForce fresh) {
    return step.shape(subject, chain, new Planning.Done(fresh.plan()), fresh);
  }

  @Test
  void
      after_a_restart_the_stages_of_the_chain_in_force_are_looked_at_once_also_if_nothing_changes() {
    JoiningStep.Subject same = subject("rev1", null);
    for (int visit = 0; visit < 3; visit++) {
      assertThat(step.recall(same, chain)).isEmpty();
      assertThat(shape(same, ONE).inForce()).isEqualTo(ONE);
    }
    assertThat(joins).containsExactly("rev1");
  }

  @Test
  void the_chain_in_force_is_looked_at_before_an_edit_of_it() {
    JoiningStep.Subject edited = subject("rev1", null);
    step.recall(edited, chain);
    assertThat(shape(edited, TWO).grafting()).isNotNull();
    assertThat(joins).containsExactly("rev1", "rev2");
  }

  @Test
  void the_edges_say_what_runs_where_the_status_is_behind() {
    moved = TWO;
    JoiningStep.Subject behind = subject("rev1", null);
    assertThat(step.recall(behind, chain)).isEmpty();
    assertThat(step.last(UID)).isEqualTo(TWO);

    JoiningStep.Shape takenBack = shape(behind, ONE);
    assertThat(takenBack.inForce()).isEqualTo(TWO);
    assertThat(takenBack.grafting()).isNotNull();
  }

  @Test
  void a_chain_that_was_joined_unseen_is_remembered() {
    step.recall(subject("rev1", null), chain);
    JoiningStep.Shape told = shape(subject("rev1", null), TWO);
    moved = TWO; // and NATS went away before it answered
    chain.away = true;
    JoiningStep.Subject draining = subject("rev1", told.grafting());
    assertThat(shape(draining, TWO))
        .returns(ONE, JoiningStep.Shape::inForce)
        .returns(told.grafting(), JoiningStep.Shape::grafting);
    chain.away = false;
    assertThat(shape(draining, ONE).inForce()).isEqualTo(TWO);
    assertThat(step.last(UID)).isEqualTo(TWO);
    Joining.Refused refused =
        new Joining.Refused(
            Edges.original("rev2", TWO.spec()),
            List.of(Finding.error("StageHoldsFailures", "spec.stages", "archive has 3")));
    chain.joining = (revision, spec, go) -> refused;
    assertThat(shape(subject("rev2", null), ONE).inForce()).isEqualTo(TWO);
  }

  @ParameterizedTest
  @EnumSource(
      value = Reason.class,
      names = {"Suspended", "OutsideWindow", "BudgetExceeded", "SnapshotLost"})
  void a_stage_that_is_to_be_drained_and_may_not_run_says_why(Reason why) {
    assertThat(draining("load", "load", why, "because"))
        .isEqualTo("load has 3 left; load stands still, " + why + ": because");
  }

  @Test
  void a_stage_that_goes_with_its_budget_exceeded_has_to_come_back_for_that() {
    assertThat(draining("clean", "clean", Reason.BudgetExceeded, "because"))
        .endsWith(
            "; clean stands still, BudgetExceeded: because; put it back with a higher"
                + " errorBudget.attempt, and remove it after that");
  }

  @Test
  void nothing_is_given_up_before_it_is_told() {
    moved = TWO;
    step.recall(subject("rev2", null), chain);
    Function<Joining.Kind, MigrationStatus.Grafting> look =
        kind -> {
          chain.joining =
              (revision, spec, go) -> {
                joins.add(revision + (go ? " go" : ""));
                return new Joining.Underway(
                    Edges.original("rev2", TWO.spec()),
                    List.of(new Joining.Change("archive", kind, go, "so")));
              };
          return shape(subject("rev2", null), ONE).grafting();
        };
    MigrationStatus.Grafting drained = look.apply(Joining.Kind.Removed);
    MigrationStatus.Grafting givenUp = look.apply(Joining.Kind.Abandoned);
    abandoned = List.of("archive");
    joins.clear();

    shape(subject("rev2", drained), ONE);
    shape(subject("rev2", givenUp), ONE);

    assertThat(joins).containsExactly("rev1", "rev1 go");
  }

  @Test
  void what_keeps_no_queue_from_being_drained_is_not_told_of_it() {
    assertThat(draining("load", "load", Reason.Draining, "backlog 3")).isEqualTo("load has 3 left");
    assertThat(draining("load", "read", Reason.Suspended, "suspend")).isEqualTo("load has 3 left");
    assertThat(draining(null, "load", Reason.Suspended, "suspend")).isEqualTo("load has 3 left");
  }

  /** What is told of an edit while a stage has something left, after a visit that saw another. */
  private String draining(@Nullable String left, String seen, Reason reason, String message) {
    step.recall(subject("rev1", null), chain);
    MigrationStatus.Grafting told = shape(subject("rev1", null), TWO).grafting();
    chain.joining =
        (revision, spec, go) ->
            new Joining.Underway(
                Edges.original("rev1", ONE.spec()),
                List.of(new Joining.Change("archive", Joining.Kind.Added, go, "load has 3 left")),
                left);
    MigrationStatus.StageStatus stage =
        new MigrationStatus.StageStatus(
            seen,
            "load",
            "Waiting",
            new MigrationStatus.Scaling(0, 0, 0, reason.name(), message),
            null,
            null,
            3,
            3,
            0,
            0,
            0,
            0,
            0,
            0);
    MigrationStatus.Grafting now = shape(subject("rev1", told, stage), TWO).grafting();
    assertThat(now).isNotNull();
    return now.stages().getFirst().message();
  }

  @Test
  void while_nats_is_away_nothing_is_taken_for_the_chain_in_force_nor_back() {
    chain.away = true;
    MigrationStatus.Grafting told = new MigrationStatus.Grafting("rev2", List.of());
    JoiningStep.Subject subject = subject("rev1", told);
    assertThat(step.recall(subject, chain))
        .map(ChainUnavailableException::reason)
        .contains("NatsUnavailable");
    assertThat(step.shape(subject, chain, new Planning.NotKnown("NatsUnavailable", ""), null))
        .returns(null, JoiningStep.Shape::inForce)
        .returns(told, JoiningStep.Shape::grafting);
    assertThat(joins).isEmpty();
  }
}
