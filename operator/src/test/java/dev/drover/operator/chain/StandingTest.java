package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.chain.Backlog.Trials;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.StageSpec;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Balance, loss and the waiting round, all judged from how stages stand. */
class StandingTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final StageSpec LOAD = PlayedWorker.spec().stage("load");

  private static final Trials NONE = new Trials(0, 0, 0, 9);

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
    return backlog(0, 0, new Trials(messages, 0, deliveries, 9), false, false);
  }

  private static Backlog backlog(
      long queued, long retries, Trials waiting, boolean roomFull, boolean inputFull) {
    return new Backlog(
        queued,
        retries,
        waiting.taken() + waiting.left(),
        0,
        0,
        List.of(
            new Trials(queued, 0, 2 * waiting.deliveries(), 9),
            new Trials(retries, 0, 2 * waiting.deliveries(), 9),
            waiting),
        roomFull,
        inputFull,
        0,
        null);
  }

  @Test
  void a_stage_is_done_when_all_promised_is_decided_and_nothing_waits() {
    assertThat(load(passed(20), 2, 2, 2, 20, Backlog.NONE).done()).isTrue();
    assertThat(load(passed(10), 2, 2, 1, 20, Backlog.NONE).done()).isFalse();
    assertThat(load(passed(20), 2, 2, 2, 20, backlog(0, 1, NONE, false, false)).done()).isFalse();
    assertThat(load(new Counts(20, 19, 0, 0, 1, 0), 2, 2, 2, 20, Backlog.NONE).done())
        .as("decided to wait, not yet in the waiting room")
        .isFalse();
  }

  @Test
  void a_batch_that_the_checkpoint_does_not_count_yet_is_no_surplus() {
    assertThat(
            BalanceCheck.of(
                    List.of(load(passed(20), 1, 2, 2, 20, Backlog.NONE)),
                    Map.of("load", 2L),
                    null,
                    LostFailures.NONE,
                    null)
                .balanced())
        .isTrue();
    assertThat(
            BalanceCheck.of(
                    List.of(load(passed(30), 1, 2, 3, 20, Backlog.NONE)),
                    Map.of("load", 3L),
                    null,
                    LostFailures.NONE,
                    null)
                .reason())
        .isEqualTo("MoreThanPromised");
  }

  @Test
  void a_decision_that_was_read_before_its_checkpoint_is_no_surplus_unless_it_stays_one() {
    List<Standing> stages = List.of(load(passed(30), 1, 2, 3, 20, Backlog.NONE));
    assertThat(
            BalanceCheck.of(stages, Map.of("load", 2L), null, LostFailures.NONE, null).balanced())
        .isTrue();
    assertThat(BalanceCheck.of(stages, Map.of(), null, LostFailures.NONE, null).balanced())
        .as("at the first reading")
        .isTrue();
  }

  @Test
  void records_that_vanish_between_stages_unbalance_the_tally() {
    assertThat(
            BalanceCheck.of(
                    List.of(load(passed(19), 2, 2, 2, 20, Backlog.NONE)),
                    Map.of(),
                    null,
                    LostFailures.NONE,
                    null)
                .reason())
        .isEqualTo("TallyUnbalanced");
  }

  @Test
  void counts_that_do_not_add_up_unbalance_the_tally() {
    Counts wrong = new Counts(20, 18, 0, 1, 0, 0);
    assertThat(
            BalanceCheck.of(
                    List.of(load(wrong, 3, 3, 2, 30, Backlog.NONE)),
                    Map.of(),
                    null,
                    LostFailures.NONE,
                    null)
                .reason())
        .isEqualTo("TallyUnbalanced");
  }

  @Test
  void batches_that_are_nowhere_are_lost_after_a_while() {
    List<Standing> stages = List.of(load(passed(10), 2, 2, 1, 20, Backlog.NONE));
    LossWatch watch = LossWatch.NOTHING.next(stages, Set.of(), NOW);
    assertThat(watch.certain(stages, NOW)).isNull();

    LossWatch later = watch.next(stages, Set.of(), NOW.plusSeconds(10));
    assertThat(later.certain(stages, NOW.plusSeconds(10))).isEqualTo(stages.get(0));
  }

  @Test
  void what_a_closed_queue_refuses_is_not_lost() {
    List<Standing> stages = List.of(load(passed(10), 2, 2, 1, 20, Backlog.NONE));
    Instant later = NOW.plusSeconds(10);
    LossWatch watch = LossWatch.NOTHING.next(stages, Set.of("clean"), NOW);
    assertThat(watch.next(stages, Set.of("clean"), later).certain(stages, later)).isNull();

    LossWatch open = watch.next(stages, Set.of(), later);
    assertThat(open.certain(stages, later)).as("the while begins when it opens").isNull();
    assertThat(open.certain(stages, later.plusSeconds(10))).isEqualTo(stages.get(0));
    LossWatch other = LossWatch.NOTHING.next(stages, Set.of("read"), NOW);
    assertThat(other.certain(stages, later)).isEqualTo(stages.get(0));
  }

  @Test
  void what_is_said_of_lost_batches_names_the_server_where_it_may_have_lost_them() {
    Standing lost = load(passed(10), 2, 2, 1, 20, Backlog.NONE);
    ServerCheck lossy = new ServerCheck(() -> "2.15.2");

    assertThat(loss(lost, lossy.culprit(() -> 3).orElse(null)))
        .contains(
            "its queue is empty: the stream was purged or made anew, or NATS 2.15.2 lost them")
        .contains("update the NATS servers to 2.14.10, 2.15.3 or later. The records are still");
    assertThat(loss(lost, lossy.culprit(() -> 1).orElse(null)))
        .as("kept once")
        .contains("the stream was purged or made anew. The records are still")
        .isEqualTo(loss(lost, new ServerCheck(() -> "2.15.3").culprit(() -> 3).orElse(null)));
  }

  private static String loss(Standing lost, @Nullable String culprit) {
    ChainSnapshot.Balance balance =
        BalanceCheck.of(List.of(lost), Map.of(), lost, LostFailures.NONE, culprit);
    assertThat(balance.reason()).isEqualTo("QueueLost");
    return balance.message();
  }

  @Test
  void a_decision_shows_that_nothing_is_lost_yet() {
    LossWatch watch =
        LossWatch.NOTHING.next(List.of(load(passed(10), 3, 3, 1, 30, Backlog.NONE)), Set.of(), NOW);
    List<Standing> stages = List.of(load(passed(20), 3, 3, 2, 30, Backlog.NONE));

    assertThat(
            watch.next(stages, Set.of(), NOW.plusSeconds(10)).certain(stages, NOW.plusSeconds(10)))
        .isNull();
  }

  @Test
  void a_round_over_the_waiting_room_ends_after_two_tries_of_each() {
    Counts counts = new Counts(20, 15, 0, 0, 5, 0);
    Standing before = load(counts, 2, 2, 2, 20, waiting(3, 7));
    WaitingWatch watch = WaitingWatch.start(before, NOW);
    Instant later = NOW.plusSeconds(16);

    assertThat(watch.over(load(counts, 2, 2, 2, 20, waiting(3, 12)), later)).isFalse();
    assertThat(watch.over(load(counts, 2, 2, 2, 20, waiting(3, 13)), NOW.plusSeconds(15)))
        .isFalse();
    assertThat(watch.over(load(counts, 2, 2, 2, 20, waiting(3, 13)), later)).isTrue();
  }

  @Test
  void a_round_begins_anew_with_each_decision_and_with_each_batch_that_comes() {
    Counts counts = new Counts(20, 15, 0, 0, 5, 0);
    WaitingWatch watch = WaitingWatch.start(load(counts, 2, 2, 2, 20, waiting(3, 7)), NOW);

    Standing busy = load(counts, 3, 3, 2, 30, backlog(1, 0, new Trials(3, 0, 20, 9), false, false));
    assertThat(watch.next(busy, NOW.plusSeconds(10)))
        .isEqualTo(WaitingWatch.start(busy, NOW.plusSeconds(10)));
    Standing decided = load(counts, 3, 3, 3, 30, waiting(3, 20));
    assertThat(watch.next(decided, NOW.plusSeconds(10)))
        .isEqualTo(WaitingWatch.start(decided, NOW.plusSeconds(10)));
  }

  @Test
  void what_was_never_tried_is_waited_for_as_long_as_anything_new_comes_to_be_tried() {
    Counts counts = new Counts(20, 15, 0, 0, 5, 0);
    WaitingWatch watch =
        WaitingWatch.start(load(counts, 2, 2, 2, 20, room(new Trials(3, 1, 7, 9))), NOW);

    Backlog often = room(new Trials(3, 1, 70, 9));
    assertThat(watch.over(load(counts, 2, 2, 2, 20, often), NOW.plusSeconds(511))).isFalse();
    assertThat(watch.over(load(counts, 2, 2, 2, 20, often), NOW.plusSeconds(512))).isTrue();
    assertThat(
            watch.over(
                load(counts, 2, 2, 2, 20, room(new Trials(4, 1, 70, 10))), NOW.plusSeconds(512)))
        .as("another was tried meanwhile")
        .isFalse();
    assertThat(
            watch.over(
                load(counts, 2, 2, 2, 20, room(new Trials(0, 4, 7, 9))), NOW.plusSeconds(512)))
        .as("nobody tries anything")
        .isFalse();
  }

  private static Backlog room(Trials waiting) {
    return backlog(0, 0, waiting, false, false);
  }

  private static final Instant LATER = NOW.plusSeconds(512);

  @Test
  void a_full_room_is_given_up_only_when_nothing_more_can_come_and_all_in_reach_was_tried() {
    Counts counts = new Counts(20, 15, 0, 0, 5, 0);
    Trials before = new Trials(3, 0, 7, 9);
    Trials after = new Trials(3, 0, 13, 9);
    WaitingWatch watch =
        WaitingWatch.start(load(counts, 9, 9, 2, 90, backlog(4, 1, before, true, true)), NOW);

    assertThat(watch.over(load(counts, 9, 9, 2, 90, backlog(4, 1, after, true, true)), LATER))
        .isTrue();
    assertThat(
            watch.over(
                load(counts, 9, 9, 2, 90, backlog(4, 1, after, true, true)), LATER.minusSeconds(1)))
        .as("what found it full may rest that long")
        .isFalse();
    assertThat(reading(counts, backlog(4, 1, after, true, false), watch, LATER))
        .as("the queue takes more, and its stage reads on")
        .isFalse();
    assertThat(reading(counts, backlog(4, 1, after, true, true), watch, LATER)).isTrue();
    assertThat(watch.over(load(counts, 9, 9, 2, 90, backlog(4, 1, after, false, true)), LATER))
        .as("there is room")
        .isFalse();
    assertThat(watch.over(load(counts, 9, 9, 3, 90, backlog(4, 1, after, true, true)), LATER))
        .as("something was decided")
        .isFalse();
  }

  @Test
  void a_full_room_is_given_up_though_batches_are_left_that_nobody_comes_to() {
    Counts counts = new Counts(20, 15, 0, 0, 5, 0);
    Trials room = new Trials(3, 0, 7, 9);
    WaitingWatch watch =
        WaitingWatch.start(load(counts, 9, 9, 2, 90, full(new Trials(3, 2, 7, 40), room)), NOW);

    Trials tried = new Trials(3, 0, 13, 9);
    assertThat(watch.over(load(counts, 9, 9, 2, 90, full(new Trials(3, 2, 13, 40), tried)), LATER))
        .isTrue();
    assertThat(watch.over(load(counts, 9, 9, 2, 90, full(new Trials(4, 1, 15, 41), tried)), LATER))
        .as("a batch of the queue was come to")
        .isFalse();
    assertThat(watch.over(load(counts, 9, 9, 2, 90, full(new Trials(0, 5, 7, 40), tried)), LATER))
        .as("nobody works on the queue")
        .isFalse();
  }

  @Test
  void a_full_rooms_round_ends_with_the_first_decision_and_one_at_the_end_goes_on() {
    Counts counts = new Counts(20, 15, 0, 0, 5, 0);
    Backlog full = full(new Trials(3, 2, 7, 40), new Trials(3, 0, 7, 9));
    WaitingWatch begun = WaitingWatch.start(load(counts, 9, 9, 2, 90, full), NOW);
    assertThat(begun.goesOn(load(counts, 9, 9, 2, 90, full))).isTrue();
    assertThat(begun.goesOn(load(counts, 9, 9, 3, 90, full))).isFalse();

    begun = WaitingWatch.start(load(counts, 2, 2, 2, 20, waiting(3, 7)), NOW);
    assertThat(begun.goesOn(load(counts, 3, 3, 3, 20, waiting(2, 7)))).isTrue();
  }

  @Test
  void at_the_end_what_the_room_had_no_place_for_is_given_up_with_the_rest() {
    Counts counts = new Counts(20, 15, 0, 0, 5, 0);
    Trials queue = new Trials(4, 0, 7, 40);
    WaitingWatch begun =
        WaitingWatch.start(load(counts, 2, 2, 2, 20, full(queue, new Trials(3, 0, 7, 9))), NOW);
    Backlog tried = full(new Trials(4, 0, 15, 40), new Trials(3, 0, 13, 9));

    assertThat(begun.over(load(counts, 2, 2, 2, 20, tried), NOW.plusSeconds(16)))
        .as("it may rest for minutes")
        .isFalse();
    assertThat(begun.over(load(counts, 2, 2, 2, 20, tried), LATER)).isTrue();
    Backlog less = full(new Trials(3, 0, 16, 40), new Trials(1, 0, 14, 9));
    assertThat(begun.goesOn(load(counts, 2, 2, 2, 20, less))).isTrue();
    Standing more = new Standing(LOAD, counts, 2, 2, 2, 0, 0, 5, 20, 20, true, true, less, 0);
    assertThat(begun.goesOn(more)).as("also when some were decided").isTrue();
  }

  private static Backlog full(Trials queue, Trials room) {
    return new Backlog(
        queue.taken() + queue.left(),
        0,
        room.taken(),
        0,
        0,
        List.of(queue, NONE, room),
        true,
        true,
        0,
        null);
  }

  private static boolean reading(Counts counts, Backlog backlog, WaitingWatch watch, Instant now) {
    Standing s =
        new Standing(LOAD, counts, 9, 9, 2, 0, 0, 2, counts.in(), 90, false, true, backlog, 0);
    return watch.over(s, now);
  }
}
