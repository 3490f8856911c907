package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SplitCheckpoint;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DispatchTest {
  private static final String PARENTS = PlayedWorker.PARENTS;
  private static final String CHILDREN = PlayedWorker.CHILDREN;

  private final Checkpoints checkpoints = new Checkpoints();
  private final Tally tally = new Tally();
  private long sequence;

  private List<Split> next(ChainPlan plan, Set<String> queued) {
    return Dispatch.next(PlayedWorker.spec(), plan, checkpoints, tally, List.of(), queued);
  }

  @Test
  void a_table_with_another_key_is_not_sent_and_keeps_only_its_children_back() {
    ChainPlan plan = PlayedWorker.plan(2, 2);
    List<Rekeyed> parents = List.of(rekeyed(plan.tables().getFirst()));
    List<Rekeyed> children = List.of(rekeyed(plan.tables().getLast()));

    assertThat(next(plan, parents)).as("the children wait for their parents").isEmpty();
    assertThat(next(plan, children)).containsExactly(split(PARENTS, 0), split(PARENTS, 1));
  }

  private List<Split> next(ChainPlan plan, List<Rekeyed> rekeyed) {
    return Dispatch.next(PlayedWorker.spec(), plan, checkpoints, tally, rekeyed, Set.of());
  }

  private static Rekeyed rekeyed(TablePlan table) {
    return new Rekeyed(table, table);
  }

  private static Split split(String table, int number) {
    return new Split("read", table, SplitId.of(table, number), KeyRange.ALL);
  }

  private void read(String table, int number, boolean done, int batches) {
    SplitCheckpoint checkpoint =
        new SplitCheckpoint(
            1, "pod", KeyRange.ALL, batches, null, List.of(), done, batches * 10L, 0, batches);
    checkpoints.put(
        ++sequence,
        StateStore.splitKey("read", SplitId.of(table, number)),
        WireJson.bytes(checkpoint),
        Instant.now());
  }

  /** A checkpoint of a split that is done or not, and off which so many were cut. */
  private void cut(SplitId id, boolean done, int cuts, KeyRange range) {
    SplitCheckpoint checkpoint =
        new SplitCheckpoint(1, "pod", range, 0, null, List.of(), done, 0, 0, 0, cuts, List.of());
    checkpoints.put(
        ++sequence, StateStore.splitKey("read", id), WireJson.bytes(checkpoint), Instant.now());
  }

  private void decide(String stage, String table, int batch, int parts) {
    tally.add(
        ++sequence,
        stage,
        new BatchId(SplitId.hash(table) + "-0-" + batch),
        new Decision.Summary(new Counts(10, 10, 0, 0, 0, 0), parts, Origin.queue, 1),
        Instant.now());
  }

  @Test
  void tables_without_parents_come_first() {
    assertThat(next(PlayedWorker.plan(2, 2), Set.of()))
        .containsExactly(split(PARENTS, 0), split(PARENTS, 1));
  }

  @Test
  void what_is_queued_or_done_is_not_sent_again() {
    read(PARENTS, 1, true, 1);

    assertThat(next(PlayedWorker.plan(3, 0), Set.of("read." + SplitId.of(PARENTS, 0))))
        .containsExactly(split(PARENTS, 2));
  }

  @Test
  void a_claimed_split_whose_message_is_gone_is_sent_again() {
    read(PARENTS, 0, false, 1);

    assertThat(next(PlayedWorker.plan(1, 0), Set.of())).containsExactly(split(PARENTS, 0));
  }

  @Test
  void children_wait_until_their_parents_are_decided_at_every_load() {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    read(PARENTS, 0, true, 2);
    assertThat(next(plan, Set.of())).isEmpty();

    decide("clean", PARENTS, 0, 1);
    decide("clean", PARENTS, 1, 2);
    decide("load", PARENTS, 0, 0);
    decide("load", PARENTS, 1, 0);
    assertThat(next(plan, Set.of())).as("one of three parts is not loaded").isEmpty();

    decide("load", PARENTS, 2, 0);
    assertThat(next(plan, Set.of())).containsExactly(split(CHILDREN, 0));
  }

  @Test
  void parents_that_are_still_read_hold_children_back() {
    read(PARENTS, 0, true, 0);
    read(PARENTS, 1, false, 0);

    assertThat(next(PlayedWorker.plan(2, 1), Set.of("read." + SplitId.of(PARENTS, 1)))).isEmpty();
  }

  @Test
  void an_empty_parent_holds_nothing_back() {
    read(PARENTS, 0, true, 0);

    assertThat(next(PlayedWorker.plan(1, 1), Set.of())).containsExactly(split(CHILDREN, 0));
  }

  @Test
  void what_was_cut_off_is_sent_with_its_own_range_once_that_is_known() {
    SplitId parent = SplitId.of(PARENTS, 0);
    KeyRange end = new KeyRange(List.of("7"), List.of("9"));
    cut(parent, true, 2, KeyRange.ALL);
    cut(parent.cutOff(1), false, 1, end);
    cut(parent.cutOff(1).cutOff(0), false, 0, end);

    assertThat(next(PlayedWorker.plan(2, 0), Set.of("read." + parent.cutOff(1))))
        .containsExactly(
            new Split("read", PARENTS, parent.cutOff(1).cutOff(0), end), split(PARENTS, 1));
  }

  @Test
  void children_wait_for_what_was_cut_off_their_parents_even_if_nothing_else_is_known_of_it() {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    SplitId parent = SplitId.of(PARENTS, 0);
    cut(parent, true, 1, KeyRange.ALL);
    assertThat(next(plan, Set.of())).isEmpty();

    cut(parent.cutOff(0), true, 0, KeyRange.ALL);
    assertThat(next(plan, Set.of())).containsExactly(split(CHILDREN, 0));
  }

  @Test
  void a_piece_that_is_done_says_nothing_of_its_parent() {
    cut(SplitId.of(PARENTS, 0).cutOff(0), true, 0, KeyRange.ALL);

    assertThat(next(PlayedWorker.plan(1, 1), Set.of("read." + SplitId.of(PARENTS, 0)))).isEmpty();
  }

  @Test
  void no_more_than_so_many_are_undone() {
    Set<String> queued =
        IntStream.range(0, 150)
            .mapToObj(n -> "read." + SplitId.of(PARENTS, n))
            .collect(Collectors.toSet());

    assertThat(next(PlayedWorker.plan(1000, 0), queued)).hasSize(Dispatch.MOST_UNDONE - 150);
  }
}
