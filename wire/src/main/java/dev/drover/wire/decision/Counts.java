package dev.drover.wire.decision;

/**
 * How many records of a batch went where. The sum over all decisions is the tally. Immutable.
 *
 * @param in records that the stage received
 * @param passed records handed on or loaded
 * @param filtered records left out by rule
 * @param failed records set aside
 * @param waiting records that wait for what they point to
 * @param waived records given up by the user
 */
public record Counts(long in, long passed, long filtered, long failed, long waiting, long waived) {
  /** Nothing counted. */
  public static final Counts ZERO = new Counts(0, 0, 0, 0, 0, 0);

  /** The counts of a batch of {@code in} records of which those with a verdict did not pass. */
  public static Counts of(int in, Iterable<IndexedVerdict> verdicts) {
    long filtered = 0;
    long failed = 0;
    long waiting = 0;
    long waived = 0;
    for (IndexedVerdict v : verdicts) {
      switch (v.verdict()) {
        case Verdict.Filtered f -> filtered++;
        case Verdict.Failed f -> failed++;
        case Verdict.Waiting w -> waiting++;
        case Verdict.Waived w -> waived++;
      }
    }
    return new Counts(
        in, in - filtered - failed - waiting - waived, filtered, failed, waiting, waived);
  }

  /** The sum of both. */
  public Counts plus(Counts other) {
    return new Counts(
        in + other.in,
        passed + other.passed,
        filtered + other.filtered,
        failed + other.failed,
        waiting + other.waiting,
        waived + other.waived);
  }

  /** Whether every record that came in is accounted for. */
  public boolean balanced() {
    return in == passed + filtered + failed + waiting + waived;
  }
}
