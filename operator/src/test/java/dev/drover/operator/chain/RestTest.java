package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.chain.ChainSnapshot.Balance;
import dev.drover.operator.chain.ChainSnapshot.Failures;
import dev.drover.operator.chain.ChainSnapshot.StageSnapshot;
import dev.drover.operator.chain.ChainSnapshot.StallReason;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.StageSpec;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RestTest {
  private static final Balance BALANCED = new Balance(true, "TallyBalanced", "");
  private static final Backlog QUEUED = new Backlog(20, 0, 0, 0, 0, 0, 0, null);

  private static ChainSnapshot snapshot(
      Balance balance, Failures failures, @Nullable StallReason stall, boolean finishing) {
    StageSnapshot load =
        new StageSnapshot("load", Counts.ZERO, 20, 20, 0, null, false, stall, finishing, null);
    return new ChainSnapshot(List.of(load), 1, 0, false, balance, failures, null, null);
  }

  private static final ChainSnapshot STILL = snapshot(BALANCED, Failures.NONE, null, false);

  private static List<Standing> with(Backlog backlog) {
    StageSpec stage = new StageSpec.Transform("load", "read", List.of());
    return List.of(
        new Standing(stage, Counts.ZERO, 1, 1, 0, 0, 0, 0, 0, 0, true, true, backlog, 0));
  }

  private static boolean rests(ChainSnapshot snapshot) {
    return Rest.is(snapshot, with(QUEUED), List.of());
  }

  private static boolean rests(Backlog backlog) {
    return Rest.is(STILL, with(backlog), List.of());
  }

  @Test
  void a_backlog_that_nobody_works_on_rests() {
    assertThat(rests(STILL)).isTrue();
    assertThat(rests(Backlog.NONE)).isTrue();
  }

  @Test
  void what_is_being_worked_on_sent_again_or_waiting_does_not() {
    assertThat(rests(new Backlog(20, 0, 0, 1, 0, 0, 0, null))).as("in flight").isFalse();
    assertThat(rests(new Backlog(20, 1, 0, 0, 0, 0, 0, null))).as("sent again").isFalse();
    assertThat(rests(new Backlog(20, 0, 1, 0, 0, 0, 0, null))).as("waiting").isFalse();
  }

  @Test
  void what_is_wrong_or_failed_or_owed_is_looked_at_again() {
    assertThat(rests(snapshot(new Balance(false, "QueueLost", ""), Failures.NONE, null, false)))
        .isFalse();
    assertThat(rests(snapshot(BALANCED, new Failures(List.of(), 1, 1), null, false))).isFalse();
    assertThat(rests(snapshot(BALANCED, Failures.NONE, new StallReason("SourceAway", ""), false)))
        .isFalse();
    assertThat(rests(snapshot(BALANCED, Failures.NONE, null, true))).as("finishing").isFalse();
  }

  @Test
  void an_answer_is_for_its_question_and_for_seconds() {
    Rest.Question question =
        new Rest.Question("r1", PlayedWorker.spec(), PlayedWorker.plan(1, 1), false);
    Instant at = Instant.EPOCH;
    Rest rest = new Rest(question, STILL, at);

    assertThat(rest.answers(question, at.plusSeconds(9))).isTrue();
    assertThat(rest.answers(question, at.plus(Rest.AGAIN))).isFalse();
    assertThat(rest.answers(question, at.minusSeconds(1))).as("a clock set back").isFalse();
    assertThat(
            rest.answers(
                new Rest.Question("r1", PlayedWorker.spec(), PlayedWorker.plan(1, 1), true), at))
        .as("suspended now")
        .isFalse();
  }
}
