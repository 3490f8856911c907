package dev.drover.operator.chain;

import dev.drover.operator.chain.ChainSnapshot.Balance;
import dev.drover.wire.plan.StageSpec;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How a chain's tally adds up. Pure. */
final class BalanceCheck {
  private BalanceCheck() {}

  /**
   * Judges the stages' standings.
   *
   * @param before what each stage had decided when it was read before. Checkpoints are read key by
   *     key while they are overwritten, so one may be older than a decision that was read before
   *     it; one that was read the time before is covered
   * @param lost a stage whose batches are nowhere and were so for a while, see {@link LossWatch}
   * @param failures failed records that are nowhere, if any
   * @param culprit how the server may have lost either; null if it does not do that
   */
  static Balance of(
      Collection<Standing> standings,
      Map<String, Long> before,
      @Nullable Standing lost,
      LostFailures failures,
      @Nullable String culprit) {
    for (Standing s : standings) {
      Optional<Balance> fault =
          fault(s, Math.min(s.decided(), before.getOrDefault(s.stage().name(), 0L)));
      if (fault.isPresent()) {
        return fault.get();
      }
    }
    if (lost != null) {
      return new Balance(
          false,
          "QueueLost",
          "stage %s was promised %d batches and decided %d, but its queue is empty: the stream was purged or made anew%s. The records are still at the source: delete and apply the Migration again to read them once more"
              .formatted(
                  lost.stage().name(),
                  lost.promised(),
                  lost.decided(),
                  culprit == null ? "" : ", or " + culprit));
    }
    if (failures.certain()) {
      return new Balance(
          false,
          "ErrorQueueLost",
          "stage %s counts %d failed records, but the error queue has %d of them: it was purged or made anew, or messages were deleted by hand%s. What is missing cannot be replayed. FailedRecords that say Lost can be waived, which counts them as given up; the records are still at the source: delete and apply the Migration again to read them once more"
              .formatted(
                  failures.stage(),
                  failures.failed(),
                  failures.queued(),
                  culprit == null ? "" : ", or " + culprit));
    }
    return new Balance(true, "TallyBalanced", sums(standings));
  }

  private static Optional<Balance> fault(Standing s, long before) {
    String name = s.stage().name();
    if (s.backlog().missingStream() != null) {
      return fault(
          "QueueLost",
          "stage %s: the stream %s, or the consumer %s on it, is not there; whatever it held is lost"
              .formatted(name, s.backlog().missingStream(), name));
    }
    if (!s.counts().balanced()) {
      return fault("TallyUnbalanced", "stage %s: %s".formatted(name, s.counts()));
    }
    if (before > s.promisedAtMost()) {
      return fault(
          "MoreThanPromised",
          "stage %s decided %d batches, but was promised %d"
              .formatted(name, before, s.promisedAtMost()));
    }
    if (!(s.stage() instanceof StageSpec.Extract)
        && s.upstreamDone()
        && s.decided() == s.promised()
        && s.counts().in() != s.upstreamPassed()) {
      return fault(
          "TallyUnbalanced",
          "stage %s received %d records, but the stage before handed on %d"
              .formatted(name, s.counts().in(), s.upstreamPassed()));
    }
    return Optional.empty();
  }

  private static Optional<Balance> fault(String reason, String message) {
    return Optional.of(new Balance(false, reason, message));
  }

  private static String sums(Collection<Standing> standings) {
    return standings.stream()
        .map(
            s ->
                "%s %d = %d passed + %d filtered + %d failed + %d waiting + %d waived%s"
                    .formatted(
                        s.stage().name(),
                        s.counts().in(),
                        s.counts().passed(),
                        s.counts().filtered(),
                        s.counts().failed(),
                        s.counts().waiting(),
                        s.counts().waived(),
                        s.passedBefore() > 0
                            ? ", %d had passed before it joined".formatted(s.passedBefore())
                            : ""))
        .collect(Collectors.joining("; "));
  }
}
