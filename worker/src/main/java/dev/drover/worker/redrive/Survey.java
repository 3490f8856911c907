package dev.drover.worker.redrive;

import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress.Sample;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a Redrive has before it: how many records, and whether the change fits the schemas of all of
 * them.
 *
 * @param selected records that the selector chooses
 * @param refused of these, records that cannot be changed so; 0 if only the samples were tried
 * @param samples the first of them, before and after
 */
record Survey(long selected, long refused, List<Sample> samples) {
  private static final int SAMPLES = 3;
  private static final int SAMPLE_CHARACTERS = 4000;

  /**
   * Looks at the whole set; changes nothing.
   *
   * @param last the last sequence of the set
   * @throws RefusedException if the change does not fit the records of some schema; the message has
   *     the path
   */
  static Survey of(RedriveContext context, RedriveOrder order, long last, RowChanges changes)
      throws RefusedException, InterruptedException {
    long selected = 0;
    long refused = 0;
    List<Sample> samples = new ArrayList<>();
    List<String> subjects = order.selector().subjects(context.names());
    try (ErrorScan scan = new ErrorScan(context, subjects, 1, last)) {
      for (List<QueuedFailure> some = scan.next(); !some.isEmpty(); some = scan.next()) {
        for (QueuedFailure failure : some) {
          if (!order.selector().matches(failure.detail())) {
            continue;
          }
          selected++;
          RowChange change =
              order.action() == JournalEntry.Action.waive
                  ? null
                  : changes.of(order.change(), failure);
          if (samples.size() < SAMPLES || order.dryRun()) {
            Sample sample = sample(failure, change, samples.size() < SAMPLES);
            refused += sample.refusal() == null ? 0 : 1;
            if (samples.size() < SAMPLES) {
              samples.add(sample);
            }
          }
        }
      }
    }
    return new Survey(selected, order.dryRun() ? refused : 0, samples);
  }

  private static Sample sample(QueuedFailure failure, @Nullable RowChange change, boolean shown) {
    var detail = failure.detail();
    if (change == null) {
      return new Sample(
          failure.sequence(), detail.stage(), detail.table(), detail.key(), null, null, null);
    }
    String refusal = null;
    byte[] after = null;
    try {
      after = change.apply(failure);
    } catch (RefusedException e) {
      refusal = e.getMessage();
    }
    byte[] before = failure.message().row();
    return new Sample(
        failure.sequence(),
        detail.stage(),
        detail.table(),
        detail.key(),
        shown && before.length > 0 ? change.show(before, SAMPLE_CHARACTERS) : null,
        shown && after != null ? change.show(after, SAMPLE_CHARACTERS) : null,
        refusal);
  }
}
