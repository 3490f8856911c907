package dev.drover.operator.chain;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;

/**
 * A chain at which nothing moves, as it was read last. It need not be read again as long as nobody
 * writes a decision or into the state bucket: every batch, failure and stall begins with one of the
 * two. What vanishes without them (somebody deletes a stream) is noticed {@link #AGAIN} later.
 * Immutable.
 *
 * @param question what was asked for
 * @param answer what was answered
 * @param at when
 */
record Rest(Question question, ChainSnapshot answer, Instant at) {
  /** How long it is believed. */
  static final Duration AGAIN = Duration.ofSeconds(10);

  /** What a chain's answer depends on, other than what NATS holds. */
  record Question(String revision, ChainSpec spec, ChainPlan plan, boolean hold) {}

  /** Whether the same is asked again, and soon enough; not by a clock that was set back. */
  boolean answers(Question again, Instant now) {
    return !now.isBefore(at) && now.isBefore(at.plus(AGAIN)) && question.equals(again);
  }

  /**
   * Whether nothing moves: nobody works on anything, nothing is sent again or waits, and nothing is
   * wrong. Such a thing changes by itself, or by time.
   */
  static boolean is(ChainSnapshot snapshot, Collection<Standing> standings, List<Split> sent) {
    return sent.isEmpty()
        && snapshot.balance().balanced()
        && snapshot.failures().equals(ChainSnapshot.Failures.NONE)
        && snapshot.stages().stream().allMatch(s -> s.stall() == null && !s.finishing())
        && standings.stream().map(Standing::backlog).allMatch(Rest::untouched);
  }

  private static boolean untouched(Backlog backlog) {
    return backlog.inFlight() == 0 && backlog.retries() == 0 && backlog.waiting() == 0;
  }
}
