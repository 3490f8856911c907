package dev.drover.operator.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TransitionsTest {
  @Test
  void nothing_new_is_no_news() {
    MigrationStatus status =
        status(stage(1, (String) null), condition("Planned", "True", "Planned"));
    assertThat(Transitions.between(status, status)).isEmpty();
  }

  @Test
  void planning_is_told_when_it_succeeds_fails_and_fails_for_another_reason() {
    MigrationStatus pending = status(null, condition("Planned", "Unknown", "Planning"));
    MigrationStatus noTable = status(null, condition("Planned", "False", "TableNotFound"));
    MigrationStatus badRule = status(null, condition("Planned", "False", "RuleType"));
    MigrationStatus planned = status(null, condition("Planned", "True", "Planned"));
    assertThat(reasons(pending, noTable)).containsExactly("Warning PlanFailed");
    assertThat(reasons(noTable, noTable)).isEmpty();
    assertThat(reasons(noTable, badRule)).containsExactly("Warning PlanFailed");
    assertThat(reasons(badRule, planned)).containsExactly("Normal Planned");
  }

  @Test
  void what_a_graft_will_see_is_told_once() {
    MigrationStatus none = status(null, condition("Planned", "True", "Planned"));
    MigrationStatus planned = grafting("r2", "Planned");
    MigrationStatus draining = grafting("r2", "EdgeDraining");

    assertThat(Transitions.between(none, planned))
        .containsExactly(News.normal("Graft", "archive Added: queued records only"));
    assertThat(reasons(planned, draining)).isEmpty();
    assertThat(reasons(draining, none)).isEmpty();
    assertThat(reasons(draining, grafting("r3", "Planned"))).containsExactly("Normal Graft");
  }

  @Test
  void that_a_stage_is_given_up_is_told_also_where_the_same_edit_was_to_drain_it() {
    MigrationStatus removed = grafting("r2", "EdgeDraining", "Removed");
    MigrationStatus abandoned = grafting("r2", "Planned", "Abandoned");

    assertThat(Transitions.between(removed, abandoned))
        .containsExactly(News.warning("StageAbandoned", "archive Abandoned: queued records only"));
    assertThat(reasons(abandoned, abandoned)).isEmpty();
  }

  private static MigrationStatus grafting(String revision, String state) {
    return grafting(revision, state, "Added");
  }

  private static MigrationStatus grafting(String revision, String state, String change) {
    return new MigrationStatus(
        null,
        List.of(condition("Planned", "True", "Planned")),
        null,
        null,
        null,
        null,
        null,
        List.of(),
        null,
        List.of(),
        null,
        new MigrationStatus.Grafting(
            revision,
            List.of(new MigrationStatus.Graft("archive", change, state, "queued records only"))));
  }

  @Test
  void scaling_says_from_to_and_why() {
    List<News> news =
        Transitions.between(status(stage(1, (String) null)), status(stage(3, (String) null)));
    assertThat(news.getFirst().message()).isEqualTo("load from 1 to 3 workers: Draining, because");
  }

  @Test
  void a_stall_is_told_once() {
    assertThat(reasons(status(stage(1, (String) null)), status(stage(1, "db down"))))
        .containsExactly("Warning Stalled");
    assertThat(reasons(status(stage(1, "db down")), status(stage(1, "db still down")))).isEmpty();
  }

  @Test
  void an_exceeded_budget_is_told_once_and_that_the_stage_goes_on() {
    MigrationStatus well = status(stage(1, (String) null));
    MigrationStatus first = status(stage(1, exceeded("2026-01-01T00:00:07Z")));
    MigrationStatus again = status(stage(1, exceeded("2026-01-01T00:09:00Z")));
    assertThat(reasons(well, first)).containsExactly("Warning BudgetExceeded");
    assertThat(Transitions.between(well, first).getFirst().message())
        .startsWith("load: its error budget is exceeded since 2026-01-01T00:00:07Z: 11 of 99");
    assertThat(reasons(first, first)).isEmpty();
    assertThat(reasons(first, again)).containsExactly("Warning BudgetExceeded");
    assertThat(reasons(first, well)).containsExactly("Normal BudgetRenewed");
  }

  private static MigrationStatus.BudgetExceeded exceeded(String time) {
    return new MigrationStatus.BudgetExceeded(
        time, "maxRecords 10", 99, 11, "f", 11, null, null, null, null, null, null);
  }

  private static StageStatus stage(int desired, MigrationStatus.BudgetExceeded exceeded) {
    StageStatus s = stage(desired, (String) null);
    return new StageStatus(
        s.name(), s.kind(), "Paused", s.scaling(), null, exceeded, 0, 0, 0, 0, 0, 0, 0, 0);
  }

  @Test
  void queues_that_a_server_may_lose_are_told_of_once() {
    MigrationStatus safe = status(null, condition("QueuesReady", "True", "Ready"));
    MigrationStatus unsafe = status(null, condition("QueuesReady", "True", "NatsVersionUnsafe"));
    MigrationStatus refused = status(null, condition("QueuesReady", "False", "NatsVersionUnsafe"));
    MigrationStatus none = status(null);
    assertThat(reasons(safe, unsafe)).containsExactly("Warning NatsVersionUnsafe");
    assertThat(reasons(unsafe, unsafe)).isEmpty();
    assertThat(reasons(unsafe, safe)).isEmpty();
    assertThat(reasons(none, refused)).containsExactly("Warning NatsVersionUnsafe");
    assertThat(reasons(refused, refused)).isEmpty();
    assertThat(reasons(refused, safe)).containsExactly("Normal NatsBack");
  }

  @Test
  void suspension_and_resumption_are_told() {
    MigrationStatus running = status(null, condition("Ready", "True", "Running"));
    MigrationStatus suspended = status(null, condition("Ready", "False", "Suspended"));
    assertThat(reasons(running, suspended)).containsExactly("Normal Suspended");
    assertThat(reasons(suspended, running)).containsExactly("Normal Resumed");
  }

  @Test
  void completion_with_failures_is_a_warning() {
    MigrationStatus running = status(null, condition("Completed", "False", "Running"));
    assertThat(reasons(running, status(null, condition("Completed", "True", "AllLoaded"))))
        .containsExactly("Normal Completed");
    assertThat(reasons(running, status(null, condition("Completed", "True", "WithFailures"))))
        .containsExactly("Warning Completed");
  }

  private static List<String> reasons(MigrationStatus before, MigrationStatus after) {
    return Transitions.between(before, after).stream()
        .map(n -> (n.warning() ? "Warning " : "Normal ") + n.reason())
        .toList();
  }

  private static MigrationStatus status(@Nullable StageStatus stage, Condition... conditions) {
    List<StageStatus> stages = stage == null ? List.of() : List.of(stage);
    return new MigrationStatus(
        1L, List.of(conditions), null, null, null, null, null, stages, null, List.of(), null);
  }

  private static StageStatus stage(int desired, @Nullable String stalled) {
    return new StageStatus(
        "load",
        "load",
        "Running",
        new MigrationStatus.Scaling(desired, 1, 1, "Draining", "because"),
        stalled,
        null,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0);
  }

  private static Condition condition(String type, String status, String reason) {
    return new Condition(type, status, reason, "message", 1L, "2026-01-01T00:00:00Z");
  }
}
