package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.SomeFailure;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RetryBatch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FateTest {
  private static final Cause CAUSE = new Cause("load", "Odd", "public.t", "");

  private final Map<String, Decision> decisions = new HashMap<>();

  private Decision decide(String batch, Counts counts) {
    return decide(batch, counts, List.of());
  }

  private Decision decide(String batch, Counts counts, List<Decision.Group> groups) {
    Decision decision =
        new Decision(batch, 1, Origin.retry, "rev", "hash", counts, List.of(), groups, 0, "now");
    decisions.put(batch, decision);
    return decision;
  }

  private static List<Decision.Group> all(Decision.Kind kind, @Nullable Cause cause, int... of) {
    return List.of(new Decision.Group(kind, cause, IntStream.of(of).boxed().toList()));
  }

  private Fate fate() {
    return fate(0);
  }

  private Fate fate(int index) {
    return Fate.of(
        BatchId.replay(7), index, batch -> Optional.ofNullable(decisions.get(batch.text())));
  }

  @Test
  void an_undecided_record_is_under_way() {
    assertThat(fate()).isEqualTo(new Fate.UnderWay());
  }

  @Test
  void a_record_that_waits_is_followed_through_its_tries() {
    decide("r7", new Counts(1, 0, 0, 0, 1, 0), all(Decision.Kind.waiting, null, 0));
    assertThat(fate()).isEqualTo(new Fate.Waits());

    Decision last =
        decide("r7-w1", new Counts(1, 0, 0, 1, 0, 0), all(Decision.Kind.failed, CAUSE, 0));
    assertThat(fate()).isEqualTo(new Fate.FailedAgain(last, 0, CAUSE));
  }

  @Test
  void a_filtered_record_is_out_of_the_way() {
    decide("r7", new Counts(1, 0, 1, 0, 0, 0), all(Decision.Kind.filtered, null, 0));

    assertThat(fate()).isEqualTo(new Fate.Filtered());
  }

  @Test
  void a_record_may_pass() {
    assertThat(List.of(new Fate.Passed(decide("r7", new Counts(1, 1, 0, 0, 0, 0)))))
        .containsExactly((Fate.Passed) fate());
  }

  @Test
  void each_record_of_a_batch_has_its_own_fate() {
    Decision first =
        decide(
            "r7",
            new Counts(5, 1, 1, 1, 2, 0),
            List.of(
                new Decision.Group(Decision.Kind.waiting, CAUSE, List.of(4, 1)),
                new Decision.Group(Decision.Kind.failed, CAUSE, List.of(2)),
                new Decision.Group(Decision.Kind.filtered, null, List.of(3))));
    Decision second =
        decide("r7-w1", new Counts(2, 1, 0, 1, 0, 0), all(Decision.Kind.failed, CAUSE, 1));

    assertThat(fate(0)).isEqualTo(new Fate.Passed(first));
    assertThat(fate(1)).as("first of the two that waited").isEqualTo(new Fate.Passed(second));
    assertThat(fate(2)).isEqualTo(new Fate.FailedAgain(first, 2, CAUSE));
    assertThat(fate(3)).isEqualTo(new Fate.Filtered());
    assertThat(fate(4)).isEqualTo(new Fate.FailedAgain(second, 1, CAUSE));
  }

  private Fate fate(JournalEntry entry, long sequence) {
    return Fate.of(entry, sequence, batch -> Optional.ofNullable(decisions.get(batch.text())));
  }

  private static JournalEntry entry() {
    return JournalEntry.of(
        JournalEntry.Action.replay,
        List.of(
            SomeFailure.in("b", 0, 7, "load"),
            SomeFailure.in("b", 1, 8, "load"),
            SomeFailure.in("b", 2, 9, "load"),
            SomeFailure.in("b", 3, 10, "load")),
        new Journal.Page(0, 0, ""),
        Change.NONE,
        new JournalEntry.By("Redrive", "one", "u1", 1),
        "2026-01-01T00:00:00Z");
  }

  @Test
  void a_record_keeps_its_fate_where_others_of_its_batch_were_deleted_before_it_was_sent() {
    JournalEntry entry = entry();
    assertThat(fate(entry, 9)).isEqualTo(new Fate.UnderWay());
    BatchId under = entry.batch().lacking();
    decisions.put("r7-x", RetryBatch.lacking(entry, under, "rev", List.of(0)));
    decisions.put("r7-x-x", RetryBatch.lacking(entry, under.lacking(), "rev", List.of(2)));
    assertThat(fate(entry, 9)).as("the others are not decided").isEqualTo(new Fate.UnderWay());
    Decision others =
        decide("r7", new Counts(2, 1, 0, 1, 0, 0), all(Decision.Kind.failed, CAUSE, 1));

    assertThat(fate(entry, 7)).isEqualTo(new Fate.Gone());
    assertThat(fate(entry, 8)).isEqualTo(new Fate.Passed(others));
    assertThat(fate(entry, 9)).isEqualTo(new Fate.Gone());
    assertThat(fate(entry, 10)).isEqualTo(new Fate.FailedAgain(others, 1, CAUSE));
  }

  @Test
  void records_of_a_batch_that_was_given_up_whole_are_gone() {
    JournalEntry entry = entry();
    decisions.put("r7", RetryBatch.waiver(entry, "rev"));

    assertThat(fate(entry, 9)).isEqualTo(new Fate.Gone());
  }
}
