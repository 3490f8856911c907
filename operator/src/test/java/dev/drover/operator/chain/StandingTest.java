package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.StageSpec;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Balance, loss and the waiting round, all judged from how stages stand. */
class StandingTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final StageSpec LOAD = PlayedWorker.spec().stage("load");

  private static Standing load(
      Counts counts, long promised, long atMost, long decided, long passed, Backlog backlog) {
    return new Standing(
        LOAD,
        counts,
        promised,
        atMost,
        decided,
        0,
        0,
        decided,
        counts.in(),
        passed,
        true,
        true,
        backlog,
        0);
  }

  private static Counts passed(long n) {
    return new Counts(n, n, 0, 0, 0, 0);
  }

  private static Backlog waiting(long messages, long deliveries) {
    return new Backlog(0, 0, messages, 0, 0, deliveries, 0, null);
  }

  @Test
  void a_stage_is_done_when_all_promised_is_decided_and_nothing_waits() {
    assertThat(load(passed(20), 2, 2, 2, 20, Backlog.NONE).done()).isTrue();
    assertThat(load(passed(10), 2, 2, 1, 20, Backlog.NONE).done()).isFalse();
    assertThat(load(passed(20), 2, 2, 2, 20, new Backlog(0, 1, 0, 0, 0, 0, 0, null)).done())
        .isFalse();
    assertThat(load(new Counts(20, 19, 0, 0, 1, 0), 2, 2, 2, 20, Backlog.NONE).done())
        .as("decided to wait, not yet in the waiting room")
        .isFalse();
  }

  @Test
  void a_batch_that_the_checkpoint_does_not_count_yet_is_no_surplus() {
    assertThat(
            BalanceCheck.of(List.of(load(passed(20), 1, 2, 2, 20, Backlog.NONE)), null).balanced())
        .isTrue();
    assertThat(BalanceCheck.of(List.of(load(passed(30), 1, 2, 3, 20, Backlog.NONE)), null).reason())
        .isEqualTo("MoreThanPromised");
  }

  @Test
  void records_that_vanish_between_stages_unbalance_the_tally() {
    assertThat(BalanceCheck.of(List.of(load(passed(19), 2, 2, 2, 20, Backlog.NONE)), null).reason())
        .isEqualTo("TallyUnbalanced");
  }

  @Test
  void counts_that_do_not_add_up_unbalance_the_tally() {
    Counts wrong = new Counts(20, 18, 0, 1, 0, 0);
    assertThat(BalanceCheck.of(List.of(load(wrong, 3, 3, 2, 30, Backlog.NONE)), null).reason())
        .isEqualTo("TallyUnbalanced");
  }

  @Test
  void batches_that_are_nowhere_are_lost_after_a_while() {
    List<Standing> stages = List.of(load(passed(10), 2, 2, 1, 20, Backlog.NONE));
    LossWatch watch = LossWatch.NOTHING.next(stages, NOW);
    assertThat(watch.certain(stages, NOW)).isNull();

    LossWatch later = watch.next(stages, NOW.plusSeconds(10));
    assertThat(later.certain(stages, NOW.plusSeconds(10))).isEqualTo(stages.get(0));
  }

  @Test
  void a_decision_shows_that_nothing_is_lost_yet() {
    LossWatch watch =
        LossWatch.NOTHING.next(List.of(load(passed(10), 3, 3, 1, 30, Backlog.NONE)), NOW);
    List<Standing> stages = List.of(load(passed(20), 3, 3, 2, 30, Backlog.NONE));

    assertThat(watch.next(stages, NOW.plusSeconds(10)).certain(stages, NOW.plusSeconds(10)))
        .isNull();
  }

  @Test
  void a_round_over_the_waiting_room_ends_after_two_tries_of_each() {
    Counts counts = new Counts(20, 15, 0, 0, 5, 0);
    Standing before = load(counts, 2, 2, 2, 20, waiting(3, 7));
    WaitingWatch watch = WaitingWatch.start(before, NOW);
    Instant later = NOW.plusSeconds(10);

    assertThat(watch.over(load(counts, 2, 2, 2, 20, waiting(3, 12)), later)).isFalse();
    assertThat(watch.over(load(counts, 2, 2, 2, 20, waiting(3, 13)), NOW.plusSeconds(9))).isFalse();
    assertThat(watch.over(load(counts, 2, 2, 2, 20, waiting(3, 13)), later)).isTrue();
  }

  @Test
  void a_round_begins_anew_with_each_decision_and_with_each_batch_that_comes() {
    Counts counts = new Counts(20, 15, 0, 0, 5, 0);
    WaitingWatch watch = WaitingWatch.start(load(counts, 2, 2, 2, 20, waiting(3, 7)), NOW);

    Standing busy = load(counts, 3, 3, 2, 30, new Backlog(1, 0, 3, 0, 0, 20, 0, null));
    assertThat(watch.next(busy, NOW.plusSeconds(10)))
        .isEqualTo(WaitingWatch.start(busy, NOW.plusSeconds(10)));
    Standing decided = load(counts, 3, 3, 3, 30, waiting(3, 20));
    assertThat(watch.next(decided, NOW.plusSeconds(10)))
        .isEqualTo(WaitingWatch.start(decided, NOW.plusSeconds(10)));
  }
}
