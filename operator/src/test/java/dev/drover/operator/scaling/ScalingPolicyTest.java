package dev.drover.operator.scaling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.scaling.StageObservation.Bounds;
import dev.drover.operator.scaling.StageObservation.Halt;
import dev.drover.operator.scaling.StageObservation.Work;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScalingPolicyTest {
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration GRACE = Duration.ofMinutes(5);

  /** A stage that is looked at every two seconds, its workers being ready at once. */
  private static final class Watched {
    Bounds bounds = new Bounds(0, 100, 30, 0);
    int desired;
    long arrived;
    long completed;
    long redelivered;
    int outputPercent;
    long batch = 1_000;
    int stalled;
    boolean finishing;
    boolean done;
    int ready = -1;
    Instant now = T0;
    ScalingHistory history = ScalingHistory.NONE;
    StageScale last = new StageScale("clean", 0, Reason.NoData, "");

    /** Passes two seconds in which so many records arrive and are decided. */
    Watched pass(long arrive, long complete) {
      arrived += arrive;
      completed = Math.min(arrived, completed + complete);
      now = now.plusSeconds(2);
      return look(work());
    }

    Watched look(@Nullable Work work) {
      ScalingPolicy.Decision decision =
          ScalingPolicy.decide(
              List.of(
                  new StageObservation(
                      "clean",
                      "read",
                      null,
                      bounds,
                      null,
                      desired,
                      ready < 0 ? desired : ready,
                      work)),
              Map.of(),
              GRACE,
              history,
              now);
      history = decision.history();
      last = decision.stages().getFirst();
      desired = last.replicas();
      return this;
    }

    Work work() {
      long records = arrived - completed;
      long units = Math.ceilDiv(records, batch);
      return new Work(
          units,
          records,
          Math.min(units, 4L * desired),
          redelivered,
          arrived,
          completed,
          outputPercent,
          done,
          finishing,
          batch,
          stalled,
          0,
          0);
    }

    /** Its workers do 1,000 records a second each, of a backlog that is never empty. */
    static Watched taught() {
      Watched w = new Watched();
      w.arrived = 3_000_000;
      w.pass(0, 0);
      for (int i = 0; i < 30; i++) {
        w.pass(2_000L * w.desired, 2_000L * w.desired);
      }
      return w;
    }
  }

  @Test
  void a_first_guess_is_small_and_what_its_workers_do_calls_for_the_rest() {
    Watched w = new Watched();
    w.arrived = 3_000_000;
    assertThat(w.pass(0, 0).desired).isEqualTo(5);
    w = Watched.taught();
    assertThat(w.desired).as("3,000,000 in 30 s by 1,000 a second").isEqualTo(100);
    assertThat(w.last.reason()).isEqualTo(Reason.MaxReplicas);
    assertThat(w.last.message())
        .isEqualTo(
            "backlog 3000000 records, 100000 a second done, 1000 a worker, 100 of at most 100"
                + " workers");
  }

  @Test
  void a_longer_target_calls_for_fewer() {
    Watched w = new Watched();
    w.bounds = new Bounds(0, 100, 300, 0);
    w.arrived = 3_000_000;
    w.pass(0, 0);
    for (int i = 0; i < 30; i++) {
      w.pass(0, 2_000L * w.desired);
    }
    assertThat(w.desired).isBetween(8, 12);
  }

  @Test
  void workers_that_are_still_coming_are_not_asked_for_twice() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(0, 1000, 30, 0);
    w.ready = 100;
    for (int i = 0; i < 20; i++) {
      w.pass(200_000, 200_000);
    }
    assertThat(w.desired).as("λ 100 and backlog / target 100").isBetween(190, 215);
  }

  @Test
  void a_stage_doubles_at_most_every_few_seconds() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(0, 1000, 30, 0);
    w.ready = 100;
    w.arrived += 30_000_000;
    int before = w.desired;
    w.pass(0, 200_000);
    assertThat(w.desired).isEqualTo(2 * before);
    w.pass(0, 200_000);
    assertThat(w.desired).isEqualTo(2 * before);
  }

  @Test
  void fewer_that_would_do_for_a_moment_take_nobody_away() {
    Watched w = Watched.taught();
    w.completed = w.arrived - 300_000;
    w.pass(0, 0);
    assertThat(w.desired).isEqualTo(100);
    assertThat(w.last.reason()).isEqualTo(Reason.Stabilizing);
  }

  @Test
  void an_empty_queue_with_nothing_to_come_leads_to_none_and_one_message_awakes() {
    Watched w = Watched.taught();
    w.completed = w.arrived;
    for (int i = 0; i < 40; i++) {
      w.pass(0, 0);
    }
    assertThat(w.desired).isZero();
    assertThat(w.last.reason()).isEqualTo(Reason.Idle);
    assertThat(w.pass(1, 0).desired).isEqualTo(1);
  }

  @Test
  void work_that_is_not_acknowledged_is_no_empty_queue() {
    Watched w = Watched.taught();
    w.completed = w.arrived;
    for (int i = 0; i < 60; i++) {
      w.now = w.now.plusSeconds(2);
      w.look(new Work(0, 0, 1, 0, w.arrived, w.completed, 0, true, false, 8_000, 0, 0, 0));
    }
    assertThat(w.desired).isEqualTo(1);
  }

  @Test
  void nothing_left_means_no_workers_even_above_a_minimum() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(5, 100, 30, 0);
    w.completed = w.arrived;
    w.done = true;
    w.pass(0, 0);
    assertThat(w.desired).isZero();
    assertThat(w.last.reason()).isEqualTo(Reason.Done);
  }

  @Test
  void minimum_and_maximum_always_hold_while_anything_may_come() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(3, 7, 30, 0);
    assertThat(w.pass(0, 0).desired).isEqualTo(7);
    w.completed = w.arrived;
    for (int i = 0; i < 40; i++) {
      w.pass(0, 0);
    }
    assertThat(w.desired).isEqualTo(3);
    assertThat(w.last.reason()).isEqualTo(Reason.MinReplicas);
  }

  @Test
  void missing_data_means_hold_never_none_never_all() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(0, 1000, 30, 0);
    for (int i = 0; i < 200; i++) {
      w.now = w.now.plusSeconds(2);
      w.look(null);
    }
    assertThat(w.desired).isEqualTo(100);
    assertThat(w.last.reason()).isEqualTo(Reason.NoData);
    w.bounds = new Bounds(0, 40, 30, 0);
    assertThat(w.look(null).desired).as("an edit holds even then").isEqualTo(40);
    w.desired = 0;
    w.bounds = new Bounds(2, 40, 30, 0);
    assertThat(w.look(null).desired).as("nobody starts blindly").isZero();
  }

  @Test
  void a_filling_queue_adds_nobody_and_a_full_one_takes_who_only_wait() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(0, 1000, 30, 0);
    w.outputPercent = 75;
    w.ready = 100;
    w.arrived += 30_000_000;
    assertThat(w.pass(0, 200_000).desired).isEqualTo(100);
    assertThat(w.last.reason()).isEqualTo(Reason.DownstreamFull);
    w.outputPercent = 99;
    for (int i = 0; i < 20; i++) {
      w.ready = w.desired;
      w.pass(20_000, 20_000);
    }
    assertThat(w.desired).as("10,000 a second leave the queue").isBetween(11, 14);
    assertThat(w.last.message()).endsWith("its queue is 99 % full");
  }

  @Test
  void who_brings_no_more_completions_is_given_back_and_tried_again_later() {
    Watched w = new Watched();
    w.bounds = new Bounds(0, 400, 30, 0);
    w.arrived = 30_000_000;
    w.pass(0, 0);
    for (int i = 0; i < 60; i++) {
      w.pass(100_000, 2_000L * Math.min(w.desired, 20));
    }
    assertThat(w.desired).as("the target bears what twenty do").isBetween(16, 40);
    assertThat(w.last.reason()).isEqualTo(Reason.Bottlenecked);
    int most = w.desired;
    for (int i = 0; i < 300; i++) {
      most = Math.max(most, w.pass(100_000, 2_000L * Math.min(w.desired, 20)).desired);
    }
    assertThat(most).as("a little more, to see").isBetween(w.desired + 1, w.desired * 2);
  }

  @Test
  void a_stage_that_gets_nowhere_gets_no_more_workers_and_keeps_one_in_the_end() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(0, 1000, 30, 0);
    w.stalled = 200;
    for (int i = 0; i < 20; i++) {
      w.ready = 100;
      w.pass(200_000, 0);
    }
    assertThat(w.desired).isLessThanOrEqualTo(200);
    assertThat(w.last.reason()).isEqualTo(Reason.Stalled);
    for (int i = 0; i < 200; i++) {
      w.ready = w.desired;
      w.pass(200_000, 0);
    }
    assertThat(w.desired).isEqualTo(1);
  }

  @Test
  void messages_that_come_again_and_again_call_for_nobody() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(0, 1000, 30, 0);
    w.arrived += 30_000_000;
    w.redelivered = 300;
    w.ready = 100;
    assertThat(w.pass(0, 10).desired).isEqualTo(100);
    assertThat(w.last.reason()).isEqualTo(Reason.RetryStorm);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 6})
  void batches_that_are_set_aside_keep_no_worker_away_from_the_others(int aside) {
    Watched w = new Watched();
    w.bounds = new Bounds(0, 20, 30, 0);
    w.arrived = 3_000_000;
    w.desired = 1;
    int most = 0;
    while (w.completed < 2_900_000) {
      w.completed += 2_000L * w.desired;
      w.now = w.now.plusSeconds(2);
      long left = w.arrived - w.completed;
      long inFlight = 4L * w.desired + aside;
      w.look(
          new Work(
              left / 1_000 + aside,
              left + aside * 1_000L,
              inFlight,
              aside,
              w.arrived,
              w.completed,
              0,
              false,
              false,
              1_000,
              1,
              1,
              aside));
      most = Math.max(most, w.desired);
    }
    assertThat(most).as(w.last.message()).isGreaterThan(5);
  }

  @Test
  void batches_that_are_set_aside_call_for_nobody_and_prove_nothing() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(0, 50, 30, 0);
    w.completed = w.arrived;
    w.desired = 2;
    int aside = 0;
    for (int i = 0; i < 300; i++) {
      w.now = w.now.plusSeconds(2);
      w.arrived += 3_000;
      w.completed += 3_000;
      aside = Math.min(580, aside + 4);
      resting(w, aside, 2);
    }
    assertThat(w.desired).as("1,500 a second, 1,000 a worker: %s", w.last.message()).isEqualTo(2);
    for (int i = 0; i < 30; i++) {
      w.now = w.now.plusSeconds(2);
      w.arrived += 40_000;
      w.completed += Math.min(w.arrived - w.completed, 2_000L * w.desired);
      resting(w, aside, (w.arrived - w.completed) / 1_000);
    }
    assertThat(w.desired).as("20,000 a second: %s", w.last.message()).isBetween(20, 50);
  }

  private static void resting(Watched w, int aside, long units) {
    long held = Math.min(units, 4L * w.desired);
    w.look(
        new Work(
            units + aside,
            (units + aside) * 1_000,
            held + aside,
            aside,
            w.arrived,
            w.completed,
            0,
            false,
            false,
            1_000,
            w.desired,
            w.desired,
            aside));
  }

  /** Of an extract that reads a hundred splits, of which only some are to be had. */
  private static final class Reading {
    private int desired;
    private int most;
    private long completed;
    private Instant now = T0;
    private ScalingHistory history = ScalingHistory.NONE;
    private StageScale last = new StageScale("read", 0, Reason.NoData, "");

    /** Passes so many seconds in which so many splits can be read, by a worker each. */
    void pass(int seconds, int readable, int tellAside, int splits) {
      for (int i = 0; i < seconds; i += 2) {
        now = now.plusSeconds(2);
        completed += 2_000L * Math.min(desired, readable);
        Work work =
            new Work(
                splits,
                10_000_000,
                Math.min(splits, desired),
                0,
                0,
                completed,
                0,
                false,
                false,
                0,
                Math.min(tellAside, desired),
                Math.min(tellAside, desired),
                Math.min(tellAside, desired));
        ScalingPolicy.Decision decision =
            ScalingPolicy.decide(
                List.of(
                    new StageObservation(
                        "read",
                        null,
                        null,
                        new Bounds(0, 50, 1_000, 0),
                        null,
                        desired,
                        desired,
                        work)),
                Map.of(),
                GRACE,
                history,
                now);
        history = decision.history();
        last = decision.stages().getFirst();
        desired = last.replicas();
        most = Math.max(most, desired);
      }
    }
  }

  @Test
  void tables_that_are_not_to_be_had_make_no_slow_reader_of_who_reads_the_others() {
    Reading r = new Reading();
    r.pass(120, 100, 0, 100);
    assertThat(r.desired).as("10,000,000 in 1,000 s by 1,000 a second").isEqualTo(10);
    r.most = 0;
    r.pass(280, 1, 10, 100);
    assertThat(r.most).as(r.last.message()).isEqualTo(10);
    r.pass(120, 0, 10, 100);
    assertThat(r.most).as(r.last.message()).isEqualTo(10);
    r.pass(60, 100, 0, 100);
    assertThat(r.desired).isBetween(9, 11);
  }

  @Test
  void a_rate_cap_needs_no_more_workers_than_it_lets_work() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(0, 100, 30, 5_000);
    w.pass(0, 10_000);
    assertThat(w.desired).isEqualTo(6);
    assertThat(w.last.reason()).isEqualTo(Reason.RateCap);
  }

  @Test
  void a_rate_is_shared_with_those_that_are_still_ending() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(0, 10, 30, 5_000);
    w.pass(0, 10_000);
    assertThat(w.desired).isEqualTo(6);
    assertThat(w.last.sharers()).isEqualTo(100);
    for (int i = 0; i < 20; i++) {
      w.pass(10_000, 10_000);
    }
    assertThat(w.last.sharers()).isEqualTo(6);
  }

  @Test
  void workers_that_share_their_rate_with_those_who_leave_are_not_taken_for_slow() {
    Watched w = Watched.taught();
    w.batch = 100;
    w.bounds = new Bounds(0, 100, 30, 5_000);
    w.pass(0, 10_000);
    assertThat(w.desired).isEqualTo(6);
    for (int i = 0; i < 60; i++) {
      w.pass(10_000, 2L * 5_000 * w.desired / w.last.sharers());
      assertThat(w.desired).as(w.last.message()).isBetween(5, 6);
    }
  }

  @Test
  void workers_that_have_become_slow_are_seen_to_be_so_by_a_short_queue_too() {
    Watched w = Watched.taught();
    w.completed = w.arrived;
    for (int i = 0; i < 40; i++) {
      w.pass(0, 0);
    }
    assertThat(w.desired).isZero();
    w.bounds = new Bounds(0, 20, 30, 0);
    w.batch = 1;
    for (int i = 0; i < 60; i++) {
      long room = 400 - (w.arrived - w.completed); // its queue holds no more of these records
      w.pass(room, 4L * w.desired);
    }
    assertThat(w.desired).as("400 in 30 s and what comes, by 2 a second each").isEqualTo(20);
  }

  @Test
  void a_server_is_asked_by_those_too_that_finish_what_they_have_begun() {
    Watched w = Watched.taught();
    w.bounds = new Bounds(0, 10, 30, 5_000);
    for (int i = 0; i < 140; i++) {
      w.pass(10_000, 10_000);
    }
    assertThat(w.last.sharers()).isEqualTo(w.desired);
    assertThat(w.last.askers()).isEqualTo(100);
    for (int i = 0; i < 20; i++) {
      w.pass(10_000, 10_000);
    }
    assertThat(w.last.askers()).isLessThan(10);
  }

  @Test
  void a_clock_that_jumps_changes_nothing() {
    for (Duration jump : List.of(Duration.ofHours(5), Duration.ofHours(-5))) {
      Watched w = Watched.taught();
      int before = w.desired;
      w.now = w.now.plus(jump);
      for (int i = 0; i < 20; i++) {
        w.pass(200_000, 200_000);
        assertThat(w.desired).isEqualTo(before);
      }
    }
  }

  @Test
  void an_operator_that_starts_anew_takes_nobody_away_at_first() {
    Watched w = new Watched();
    w.desired = 40;
    w.arrived = 400_000;
    for (int i = 0; i < 10; i++) {
      assertThat(w.pass(2_000, 2_000).desired).isEqualTo(40);
    }
  }

  /** Before so many records in batches of 10,000, of which a worker does 50 a second. */
  private static Watched slow(long records) {
    Watched w = new Watched();
    w.batch = 10_000;
    w.arrived = records;
    return w;
  }

  /** Passes so many seconds in which no batch is done. */
  private static void silent(Watched w, int seconds) {
    for (int i = 0; i < seconds; i += 2) {
      w.pass(0, 0);
    }
  }

  @Test
  void a_stage_that_has_ended_no_batch_yet_is_known_to_be_slow_by_that() {
    Watched w = slow(200_000);
    silent(w, 10);
    assertThat(w.desired).as("by what is assumed").isEqualTo(1);
    silent(w, 30);
    assertThat(w.desired).as("as many as hold all twenty batches, and more").isBetween(5, 16);
    assertThat(w.last.reason()).isEqualTo(Reason.Draining);
    assertThat(w.last.message()).contains("a worker does at most ");
    Watched more = slow(2_000_000);
    silent(more, 30);
    assertThat(more.desired).isEqualTo(Capacity.FIRST);
  }

  @Test
  void no_more_than_a_first_guess_is_added_before_anything_was_completed() {
    Watched w = slow(20_000_000);
    silent(w, 1_200);
    assertThat(w.desired).isEqualTo(Capacity.FIRST);
  }

  @Test
  void who_has_done_a_batch_each_calls_for_four_times_as_many() {
    Watched w = slow(20_000_000);
    silent(w, 200);
    w.pass(0, 160_000);
    silent(w, 20);
    assertThat(w.desired).isEqualTo(4 * Capacity.FIRST);
    silent(w, 100);
    assertThat(w.desired).as("before these have done theirs").isEqualTo(4 * Capacity.FIRST);
  }

  @Test
  void workers_that_are_not_ready_or_have_nothing_to_take_are_not_slow() {
    Watched coming = slow(200_000);
    coming.ready = 0;
    silent(coming, 60);
    assertThat(coming.desired).isEqualTo(1);
    Watched holding = slow(40_000);
    silent(holding, 60);
    assertThat(holding.desired).as("one holds all four batches").isEqualTo(1);
  }

  @Test
  void a_target_that_is_down_is_no_slow_stage() {
    Watched w = slow(20_000_000);
    silent(w, 4);
    int before = w.desired;
    w.stalled = 40;
    silent(w, 280);
    assertThat(w.desired).isEqualTo(before);
    assertThat(w.last.reason()).isEqualTo(Reason.Stalled);
  }

  @Test
  void batches_that_come_again_and_again_make_no_slow_stage() {
    Watched w = slow(20_000_000);
    silent(w, 4);
    int before = w.desired;
    w.redelivered = 1_000;
    silent(w, 280);
    assertThat(w.desired).isEqualTo(before);
  }

  @Test
  void who_did_batches_and_then_none_for_longer_than_all_they_hold_takes_is_given_nobody() {
    Watched w = slow(20_000_000);
    silent(w, 200);
    w.pass(0, 160_000);
    silent(w, 1_200);
    assertThat(w.desired).isEqualTo(4 * Capacity.FIRST);
    assertThat(w.last.reason()).isEqualTo(Reason.Stalled);
  }

  @Test
  void a_batch_that_takes_seven_minutes_ends_no_worker() {
    Watched w = slow(4_000_000);
    w.desired = 20;
    silent(w, 420);
    assertThat(w.desired).isEqualTo(20);
    w.stalled = 3;
    silent(w, 420);
    assertThat(w.desired).as("three are kept from theirs, the others are not").isEqualTo(20);
    w.stalled = 20;
    silent(w, 2);
    assertThat(w.desired).as("all are").isEqualTo(1);
  }

  @Test
  void an_operator_that_starts_anew_takes_nobody_away_who_may_have_work() {
    Watched w = slow(4_000_000);
    w.desired = 40;
    silent(w, 250);
    assertThat(w.desired).isEqualTo(40);
    w.arrived = 0;
    silent(w, 60);
    assertThat(w.desired).as("nothing is left").isZero();
  }

  @Test
  void an_operator_that_starts_anew_keeps_who_works_on_slow_batches_and_learns_what_they_do() {
    for (int together : List.of(1, 5, 40)) {
      Watched w = slow(60_000_000);
      w.bounds = new Bounds(0, 100, 36_000, 0); // 34 workers would do
      w.desired = 40;
      for (int t = 0; t < 700; t += 2) {
        // Forty batches in 200 s: one by one, in fives or all at once.
        boolean ends = t % (5 * together) < 2;
        w.pass(0, ends ? 10_000L * together : 0);
        assertThat(w.desired).as(together + " together, at " + t).isEqualTo(40);
      }
      for (int t = 700; t < 2_600; t += 2) {
        w.pass(0, t % (5 * together) < 2 ? 10_000L * together : 0);
        assertThat(w.desired).as(together + " together, at " + t).isBetween(28, 40);
      }
      assertThat(w.last.message()).containsPattern(", \\d+ a worker, ");
    }
  }

  @Test
  void one_worker_finishes_the_target() {
    Watched w = new Watched();
    w.finishing = true;
    w.pass(0, 0);
    assertThat(w.desired).isEqualTo(1);
    assertThat(w.last.reason()).isEqualTo(Reason.Finishing);
    assertThat(w.last.message())
        .isEqualTo("all is decided, the target is being finished, 1 of at most 100 workers");
  }

  @Test
  void one_worker_waits_while_the_stages_before_are_at_work_and_none_when_they_may_not() {
    StageObservation read =
        stage("read", null, null, 1, new Work(3, 9, 1, 0, 0, 0, 0, false, false, 0, 0, 0, 0));
    StageObservation load = stage("load", "read", null, 0, work(0, false));
    assertThat(decide(Map.of(), read, load).getLast())
        .returns(1, StageScale::replicas)
        .returns(Reason.Expecting, StageScale::reason);
    StageObservation paused =
        new StageObservation(
            "read",
            null,
            null,
            new Bounds(0, 4, 30, 0),
            new Halt(Reason.Suspended, "suspended"),
            1,
            1,
            read.work());
    List<StageScale> scales = decide(Map.of(), paused, load);
    assertThat(scales).extracting(StageScale::replicas).containsExactly(0, 0);
    assertThat(scales)
        .extracting(StageScale::reason)
        .containsExactly(Reason.Suspended, Reason.Idle);
  }

  @Test
  void a_stage_that_is_over_says_so_whether_a_window_is_open_or_not() {
    Halt closed = new Halt(Reason.OutsideWindow, "the next opens at 2026-01-01T22:00:00Z");
    assertThat(halted(closed, work(0, true)).reason()).isEqualTo(Reason.Done);
    assertThat(halted(null, work(0, true)))
        .as("nothing is to be written when it opens")
        .isEqualTo(halted(closed, work(0, true)));
    assertThat(halted(closed, work(1, true)).reason())
        .as("something was sent again")
        .isEqualTo(Reason.OutsideWindow);
    Halt asked = new Halt(Reason.Suspended, "suspended");
    assertThat(halted(asked, work(0, true)).reason())
        .as("what somebody asked for stays as he asked for it")
        .isEqualTo(Reason.Suspended);
  }

  private static StageScale halted(@Nullable Halt halt, Work work) {
    return decide(
            Map.of(),
            new StageObservation("load", "read", null, new Bounds(0, 4, 30, 0), halt, 0, 0, work))
        .getFirst();
  }

  @Test
  void an_extract_gets_no_more_workers_than_splits() {
    Work splits = new Work(3, 90_000_000, 0, 0, 0, 0, 0, false, false, 0, 0, 0, 0);
    assertThat(decide(Map.of(), stage("read", null, null, 0, splits)).getFirst().replicas())
        .isEqualTo(3);
  }

  @Test
  void the_cap_of_a_connection_is_shared_fairly() {
    List<StageScale> scales =
        decide(
            Map.of("db", 5),
            stage("a", "x", "db", 0, work(9_000_000, false)),
            stage("b", "x", "db", 0, work(1_000_000, false)));
    assertThat(scales).extracting(StageScale::replicas).containsExactly(3, 2);
    assertThat(scales)
        .extracting(StageScale::reason)
        .containsOnly(Reason.ConnectionCap, Reason.Draining);
    assertThat(scales.getFirst().message())
        .endsWith("held at 3 by maxConnections 5 of connection db");
  }

  @Test
  void a_floor_holds_under_a_cap_that_bears_the_floors() {
    Work much = work(9_000_000, false);
    for (int cap : List.of(5, 6)) {
      assertThat(decide(Map.of("db", cap), atLeast("a", 4, much), atLeast("b", 0, much)))
          .extracting(StageScale::replicas)
          .containsExactly(4, cap - 4);
    }
  }

  private static StageObservation atLeast(String name, int floor, Work work) {
    return new StageObservation(name, "x", "db", new Bounds(floor, 9, 30, 0), null, 0, 0, work);
  }

  @Test
  void a_cap_of_one_goes_downstream_first_and_back_when_that_is_empty() {
    StageObservation read =
        stage("read", null, "db", 0, new Work(5, 50, 0, 0, 0, 0, 0, false, false, 0, 0, 0, 0));
    assertThat(decide(Map.of("db", 1), read, stage("load", "read", "db", 0, work(10, false))))
        .extracting(StageScale::replicas)
        .containsExactly(0, 1);
    assertThat(decide(Map.of("db", 1), read, stage("load", "read", "db", 0, work(0, false))))
        .extracting(StageScale::replicas)
        .containsExactly(1, 0);
  }

  @Test
  void no_observation_ever_breaks_a_cap_or_a_bound() {
    Random random = new Random(42);
    ScalingHistory history = ScalingHistory.NONE;
    for (int round = 0; round < 5_000; round++) {
      int cap = 1 + random.nextInt(6);
      List<StageObservation> stages =
          random
              .ints(1 + random.nextInt(5), 0, 4)
              .distinct()
              .mapToObj(i -> any(random, "s" + i, i == 0 ? null : "s" + (i - 1)))
              .toList();
      ScalingPolicy.Decision decision =
          ScalingPolicy.decide(
              stages,
              Map.of("db", cap),
              GRACE,
              history,
              T0.plusSeconds(2L * round + random.nextInt(200) - 100));
      history = decision.history();
      int used = 0;
      int floors = 0;
      for (int i = 0; i < stages.size(); i++) {
        int replicas = decision.stages().get(i).replicas();
        assertThat(replicas).isBetween(0, stages.get(i).bounds().maxReplicas());
        if (stages.get(i).connection() != null) {
          used += replicas;
          floors += Math.max(1, stages.get(i).bounds().minReplicas());
        }
      }
      for (int i = 0; i < stages.size(); i++) {
        StageScale scale = decision.stages().get(i);
        if (floors <= cap && !NONE_AT_ALL.contains(scale.reason())) {
          assertThat(scale.replicas()).isGreaterThanOrEqualTo(stages.get(i).bounds().minReplicas());
        }
      }
      assertThat(used * ScalingPolicy.CONNECTIONS_PER_WORKER).isLessThanOrEqualTo(cap);
    }
  }

  private static final Set<Reason> NONE_AT_ALL =
      Set.of(Reason.Suspended, Reason.Done, Reason.NoData);

  private static StageObservation any(Random random, String name, @Nullable String from) {
    int max = 1 + random.nextInt(5);
    Work work =
        random.nextInt(4) == 0
            ? null
            : new Work(
                random.nextInt(50),
                random.nextInt(4_000_000),
                random.nextInt(9),
                random.nextInt(9),
                random.nextInt(4_000_000),
                random.nextInt(4_000_000),
                random.nextInt(101),
                random.nextBoolean(),
                random.nextInt(5) == 0,
                random.nextInt(3) * 4_000L,
                random.nextInt(4),
                random.nextInt(3),
                random.nextInt(20));
    return new StageObservation(
        name,
        from,
        random.nextInt(3) == 0 ? null : "db",
        new Bounds(random.nextInt(max + 1), max, 1 + random.nextInt(60), random.nextInt(3) * 1000L),
        random.nextInt(6) == 0 ? new Halt(Reason.Suspended, "suspended") : null,
        random.nextInt(6),
        random.nextInt(6),
        work);
  }

  private static Work work(long records, boolean done) {
    return new Work(
        Math.ceilDiv(records, 8_000), records, 0, 0, records, 0, 0, done, false, 8_000, 0, 0, 0);
  }

  private static StageObservation stage(
      String name, @Nullable String from, @Nullable String connection, int desired, Work work) {
    return new StageObservation(
        name, from, connection, new Bounds(0, 9, 30, 0), null, desired, desired, work);
  }

  private static List<StageScale> decide(Map<String, Integer> caps, StageObservation... stages) {
    return ScalingPolicy.decide(List.of(stages), caps, GRACE, ScalingHistory.NONE, T0).stages();
  }
}
