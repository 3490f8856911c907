package dev.drover.wire.budget;

import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What counts for a budget: the records that a stage received, and those of them that failed. It is
 * given the stage's decisions in the order of their stream, with the times that the stream gave
 * them, so whoever counts from the same place counts the same, also after a restart. Records that
 * are sent again do not count. Not thread-safe.
 *
 * <p>A window moves on in {@value #STEPS} steps: it is up to a sixtieth shorter than asked for.
 */
public final class BudgetCount {
  private static final int STEPS = 60;

  private final BudgetTerms terms;
  private final Deque<Step> steps = new ArrayDeque<>();
  private final Map<String, Long> failures = new HashMap<>();
  private final Map<String, Long> lastDecisions = new HashMap<>();
  private long records;

  /** What was counted in one step of the window. */
  private static final class Step {
    final long number;
    final Map<String, Long> failures = new HashMap<>();
    long records;

    Step(long number) {
      this.number = number;
    }
  }

  /** Nothing counted yet. */
  public BudgetCount(BudgetTerms terms) {
    this.terms = terms;
  }

  /**
   * Counts a decision.
   *
   * @param sequence its place in the stream of decisions
   * @param at when it was written
   * @param failed how many of its records failed, by the fingerprint of the cause
   * @return what is exceeded with it; empty while the budget holds
   */
  public Optional<BudgetTerms.Excess> add(
      long sequence, Instant at, Origin origin, Counts counts, Map<String, Long> failed) {
    if (origin == Origin.retry) {
      return Optional.empty();
    }
    // Those that waited were counted when they came.
    long received = origin == Origin.waiting ? 0 : counts.in();
    Step step = step(at);
    if (step != null) {
      step.records += received;
      failed.forEach((cause, n) -> step.failures.merge(cause, n, Long::sum));
    }
    records += received;
    failed.forEach((cause, n) -> failures.merge(cause, n, Long::sum));
    failed.keySet().forEach(cause -> lastDecisions.put(cause, sequence));
    return terms.judge(records, failures);
  }

  /** The last decision by which records failed of a cause, by its sequence; 0 if there is none. */
  public long lastDecision(String fingerprint) {
    return lastDecisions.getOrDefault(fingerprint, 0L);
  }

  /** The step of a time, with those before the window gone; null without a window. */
  private @Nullable Step step(Instant at) {
    Integer window = terms.windowSeconds();
    if (window == null) {
      return null;
    }
    long number = at.toEpochMilli() / Math.max(1, window * 1000L / STEPS);
    Step last = steps.peekLast();
    if (last != null && number <= last.number) { // another leader's clock may be behind
      return last;
    }
    while (!steps.isEmpty() && steps.getFirst().number <= number - STEPS) {
      forget(steps.removeFirst());
    }
    Step next = new Step(number);
    steps.addLast(next);
    return next;
  }

  private void forget(Step gone) {
    records -= gone.records;
    gone.failures.forEach(
        (cause, n) -> failures.computeIfPresent(cause, (key, sum) -> sum > n ? sum - n : null));
  }
}
