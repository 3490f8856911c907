package dev.drover.worker.slots;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.worker.session.SessionUse;
import dev.drover.worker.slots.Slot.State;
import dev.drover.worker.slots.SlotTable.Taken;
import dev.drover.worker.slots.SlotTable.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SlotRulesTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final Duration LIVE = Duration.ofSeconds(2);
  private static final Duration SILENT = Duration.ofSeconds(16);
  private static final Duration AGES = Duration.ofMinutes(1);
  private static final Duration SOME = Duration.ofSeconds(4);
  private static final Duration DAYS = Duration.ofDays(3);

  private static Taken held(int number, String stage, Duration quiet) {
    return held(number, stage, SessionUse.Work, State.Open, quiet);
  }

  private static Taken held(int number, String stage, SessionUse use, State state, Duration quiet) {
    Slot slot =
        new Slot(
            "id" + number,
            "pod" + number,
            "process" + number,
            "shop/orders",
            stage,
            use,
            4,
            state,
            true,
            NOW.minusSeconds(60 - number).toString());
    return new Taken(number, slot, 100 + number, quiet);
  }

  private static final Holder ME = new Holder("shop", "orders", "load", "me", "now");

  /** A slot of a process that ended before this one began, in the same pod. */
  private static Taken ofPredecessor(int number, State state, Duration quiet) {
    Slot slot =
        new Slot(
            "id",
            ME.pod(),
            "before",
            "shop/orders",
            "load",
            SessionUse.Work,
            4,
            state,
            true,
            NOW.toString());
    return new Taken(number, slot, 100 + number, quiet);
  }

  private static Choice choose(SlotTable table, Wish me) {
    return SlotRules.choose(table, me, ME);
  }

  private static Wish wish(String id, String stage, int cap) {
    return new Wish(id, "shop/orders", stage, cap, NOW.minusSeconds(5).toString());
  }

  private static SlotTable table(List<Taken> slots, Wish... wishes) {
    return new SlotTable(
        slots, java.util.Arrays.stream(wishes).map(w -> new Waiting(w, LIVE, SOME)).toList());
  }

  @Test
  void the_lowest_free_number_is_taken_and_none_beyond_the_cap() {
    Wish me = wish("me", "load", 3);
    assertThat(choose(table(List.of()), me)).isEqualTo(new Choice.Free(0));
    assertThat(choose(table(List.of(held(0, "read", LIVE), held(2, "read", LIVE))), me))
        .isEqualTo(new Choice.Free(1));
    assertThat(
            choose(
                table(List.of(held(0, "read", LIVE), held(1, "read", LIVE), held(2, "load", LIVE))),
                me))
        .isEqualTo(
            new Choice.Wait(
                "the 3 connections that it may have are taken (shop/orders/load 1, shop/orders/read 2)"));
  }

  @Test
  void a_slot_just_taken_is_one_too_many_by_its_number_or_beside_others() {
    SlotTable three =
        table(List.of(held(0, "read", LIVE), held(1, "read", LIVE), held(2, "load", LIVE)));
    assertThat(SlotRules.isTooMany(three, 2, 3)).isFalse();
    assertThat(SlotRules.isTooMany(three, 2, 2)).isTrue();
    assertThat(SlotRules.isTooMany(three, 0, 2)).isTrue();
    SlotTable lower = new SlotTable(three.slots(), table(List.of(), wish("b", "b", 2)).wishes());
    assertThat(SlotRules.isTooMany(lower, 0, 3)).isTrue();
    assertThat(SlotRules.isTooMany(table(List.of(held(5, "read", LIVE))), 0, 1)).isFalse();
  }

  @Test
  void the_smallest_cap_that_anybody_knows_counts_while_he_is_there() {
    SlotTable table = table(List.of(held(0, "read", LIVE)), wish("other", "copy", 1));
    assertThat(SlotRules.cap(table, 9)).isEqualTo(1);
    SlotTable gone =
        new SlotTable(
            List.of(held(0, "read", SILENT)),
            List.of(new Waiting(wish("other", "copy", 1), Duration.ofSeconds(11), AGES)));
    assertThat(SlotRules.cap(gone, 9)).isEqualTo(9);
  }

  @Test
  void under_a_lowered_cap_nothing_is_opened_until_what_is_above_it_is_closed() {
    SlotTable table = table(List.of(held(3, "read", LIVE)));
    assertThat(choose(table, wish("me", "load", 2)))
        .isInstanceOf(Choice.Wait.class)
        .asString()
        .contains("2 connections now, and 1 of those");
    assertThat(choose(table, wish("me", "load", 4))).isEqualTo(new Choice.Free(0));
  }

  @Test
  void a_snapshot_above_a_lowered_cap_stays_and_counts() {
    Taken snapshot = held(3, "read", SessionUse.Hold, State.Open, LIVE);
    Wish me = wish("me", "load", 2);
    assertThat(choose(table(List.of(snapshot)), me)).isEqualTo(new Choice.Free(0));
    assertThat(choose(table(List.of(snapshot, held(1, "read", LIVE))), me))
        .isInstanceOf(Choice.Wait.class);
  }

  @Test
  void who_holds_a_number_above_a_lowered_cap_gives_it_back_and_the_others_do_not() {
    Taken above = new Taken(3, held(3, "read", LIVE).slot().under(2), 1, LIVE);
    Taken below = new Taken(1, held(1, "read", LIVE).slot().under(2), 1, LIVE);
    SlotTable table = table(List.of(above, below));
    assertThat(SlotRules.askedBack(table, above, NOW)).isTrue();
    assertThat(SlotRules.askedBack(table, below, NOW)).isFalse();
    Taken holding =
        new Taken(3, held(3, "read", SessionUse.Hold, State.Open, LIVE).slot().under(2), 1, LIVE);
    assertThat(SlotRules.askedBack(table(List.of(holding)), holding, NOW)).isFalse();
  }

  @Test
  void the_slot_of_a_silent_holder_is_not_free_though_its_lease_is_over() {
    SlotTable table = table(List.of(held(0, "read", DAYS), held(1, "read", LIVE)));
    assertThat(choose(table, wish("me", "load", 2)))
        .asString()
        .contains("1 by workers that do not answer");
  }

  @Test
  void a_session_that_was_open_and_is_not_listed_is_gone_whatever_its_holder_knows() {
    SlotTable table =
        table(
            List.of(
                held(0, "read", SILENT),
                held(1, "read", SILENT),
                held(2, "read", LIVE),
                held(3, "read", SessionUse.Work, State.Left, Duration.ZERO)));
    assertThat(SlotRules.free(table, Set.of(0, 2), ME))
        .extracting(Taken::number)
        .containsExactly(1, 3);
    assertThat(SlotRules.free(table, Set.of(0, 1, 3), ME))
        .extracting(Taken::number)
        .containsExactly(2);
    assertThat(SlotRules.free(table, Set.of(0, 1, 2, 3), ME)).isEmpty();
  }

  @Test
  void the_server_is_asked_for_those_who_are_silent_or_have_left_or_are_known_to_be_dead() {
    assertThat(
            SlotRules.doubtful(
                table(
                    List.of(
                        held(0, "read", SILENT),
                        held(1, "read", LIVE),
                        held(2, "read", SessionUse.Work, State.Left, LIVE),
                        ofPredecessor(3, State.Open, LIVE))),
                ME))
        .extracting(Taken::number)
        .containsExactly(0, 2, 3);
  }

  @Test
  void who_stood_still_while_he_connected_may_go_on_until_the_server_has_given_him_up() {
    Taken soon = held(0, "read", SessionUse.Work, State.Opening, Duration.ofSeconds(74));
    Taken late = held(0, "read", SessionUse.Work, State.Opening, Duration.ofSeconds(76));
    assertThat(SlotRules.free(table(List.of(soon)), Set.of(), ME)).isEmpty();
    assertThat(SlotRules.free(table(List.of(late)), Set.of(), ME)).containsExactly(late);
    assertThat(SlotRules.free(table(List.of(late)), Set.of(0), ME)).isEmpty();
  }

  @Test
  void who_is_known_to_be_dead_opens_no_session_once_the_server_has_noticed() {
    Taken soon = ofPredecessor(0, State.Opening, Duration.ofSeconds(14));
    Taken late = ofPredecessor(0, State.Opening, Duration.ofSeconds(16));
    assertThat(SlotRules.free(table(List.of(soon)), Set.of(), ME)).isEmpty();
    assertThat(SlotRules.free(table(List.of(late)), Set.of(), ME)).containsExactly(late);
  }

  @Test
  void where_nobody_can_ask_the_server_a_slot_is_taken_over_when_its_session_must_be_gone() {
    Wish me = wish("me", "load", 1);
    Taken soon = held(0, "load", Duration.ofSeconds(59));
    assertThat(choose(table(List.of(soon)), me)).isInstanceOf(Choice.Wait.class);
    Taken gone = held(0, "load", Duration.ofSeconds(61));
    assertThat(choose(table(List.of(gone)), me)).isEqualTo(new Choice.TakeOver(gone));
    Taken left = held(0, "load", SessionUse.Work, State.Left, Duration.ofSeconds(61));
    assertThat(choose(table(List.of(left)), me)).isEqualTo(new Choice.TakeOver(left));
    Taken connecting = held(0, "load", SessionUse.Work, State.Opening, Duration.ofSeconds(74));
    assertThat(choose(table(List.of(connecting)), me)).isInstanceOf(Choice.Wait.class);
    Taken above = held(5, "load", Duration.ofSeconds(61));
    assertThat(choose(table(List.of(above)), me)).isEqualTo(new Choice.TakeOver(above));
  }

  @Test
  void a_new_process_of_a_pod_need_not_wait_long_for_its_predecessors_slot() {
    Wish me = wish("me", "load", 1);
    Taken soon = ofPredecessor(0, State.Open, Duration.ofSeconds(14));
    assertThat(choose(table(List.of(soon)), me)).isInstanceOf(Choice.Wait.class);
    Taken gone = ofPredecessor(0, State.Open, Duration.ofSeconds(16));
    assertThat(choose(table(List.of(gone)), me)).isEqualTo(new Choice.TakeOver(gone));
  }

  @Test
  void nothing_is_taken_over_while_somebody_can_ask_or_is_about_to() {
    Taken dead = held(0, "load", Duration.ofDays(1));
    Wish me = wish("me", "load", 2);
    assertThat(choose(table(List.of(dead, held(1, "read", LIVE))), me))
        .isInstanceOf(Choice.Wait.class);
    Taken connecting = held(1, "read", SessionUse.Work, State.Opening, LIVE);
    assertThat(choose(table(List.of(dead, connecting)), me)).isInstanceOf(Choice.Wait.class);
  }

  @Test
  void who_does_not_come_to_ask_is_waited_for_no_longer() {
    Taken dead = held(0, "load", Duration.ofDays(1));
    Taken busy = new Taken(1, held(1, "read", LIVE).slot().listed(false), 1, LIVE);
    assertThat(choose(table(List.of(dead, busy)), wish("me", "load", 2)))
        .isEqualTo(new Choice.TakeOver(dead));
  }

  @Test
  void who_holds_a_snapshot_is_nobody_who_could_ask() {
    Taken holder = held(0, "read", SessionUse.Hold, State.Open, LIVE);
    Taken dead = held(1, "read", DAYS);
    assertThat(choose(table(List.of(holder, dead)), wish("me", "read", 2)))
        .isEqualTo(new Choice.TakeOver(dead));
  }

  @Test
  void a_stage_without_a_connection_gets_the_next_and_the_largest_share_gives_one_back() {
    Taken first = held(0, "read", LIVE);
    Taken second = held(1, "read", LIVE);
    Wish load = wish("load", "load", 2);
    SlotTable full = table(List.of(first, second), load);
    assertThat(SlotRules.askedBack(full, first, NOW)).isTrue();
    assertThat(SlotRules.askedBack(full, second, NOW)).isFalse();
    SlotTable later =
        new SlotTable(full.slots(), List.of(new Waiting(load, LIVE, Duration.ofSeconds(6))));
    assertThat(SlotRules.askedBack(later, second, NOW)).as("who is busy is not all").isTrue();

    SlotTable given = table(List.of(first), load);
    assertThat(SlotRules.askedBack(given, first, NOW)).isFalse();
    assertThat(choose(given, wish("another", "read", 2))).isInstanceOf(Choice.Wait.class);
    assertThat(choose(given, load)).isEqualTo(new Choice.Free(1));
  }

  @Test
  void where_there_are_fewer_connections_than_stages_they_take_turns() {
    Taken only = held(0, "read", LIVE);
    SlotTable full = table(List.of(only), wish("load", "load", 1));
    assertThat(SlotRules.askedBack(full, only, NOW)).isTrue();
    assertThat(SlotRules.askedBack(full, only, NOW.minusSeconds(55))).isFalse();
    Taken snapshot = held(0, "read", SessionUse.Hold, State.Open, LIVE);
    assertThat(
            SlotRules.askedBack(table(List.of(snapshot), wish("load", "load", 1)), snapshot, NOW))
        .isFalse();
  }

  @Test
  void workers_of_one_stage_take_turns_when_one_of_them_has_waited_long() {
    Taken first = held(0, "load", LIVE);
    Taken second = held(1, "load", LIVE);
    Wish third = wish("third", "load", 2);
    SlotTable full =
        new SlotTable(
            List.of(first, second), List.of(new Waiting(third, LIVE, Duration.ofSeconds(12))));
    assertThat(SlotRules.askedBack(full, first, NOW)).isTrue();
    assertThat(SlotRules.askedBack(full, second, NOW)).isFalse();
    SlotTable early =
        new SlotTable(
            List.of(first, second), List.of(new Waiting(third, LIVE, Duration.ofSeconds(9))));
    assertThat(SlotRules.askedBack(early, first, NOW)).isFalse();
    SlotTable late =
        new SlotTable(
            List.of(first, second), List.of(new Waiting(third, LIVE, Duration.ofSeconds(16))));
    assertThat(SlotRules.askedBack(late, second, NOW)).isTrue();
    assertThat(SlotRules.somebodyWaits(early)).isTrue();
  }

  @Test
  void a_stage_that_has_one_waits_in_vain_for_that_of_another() {
    Taken mine = held(0, "read", LIVE);
    Taken other = held(1, "load", LIVE);
    SlotTable table = table(List.of(mine, other), wish("more", "read", 2));
    assertThat(SlotRules.askedBack(table, other, NOW)).isFalse();
  }
}
