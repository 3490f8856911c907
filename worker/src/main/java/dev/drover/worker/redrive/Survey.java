package dev.drover.worker.redrive;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.failure.RecordJson;
import dev.drover.wire.replay.JournalEntry;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.wire.replay.RedriveProgress.Refusal;
import dev.drover.wire.replay.RedriveProgress.Sample;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.redrive.Renewal.Renewed;
import dev.drover.worker.stage.ErrorScan;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a Redrive has before it: how many records, and whether the change fits the schemas of all of
 * them.
 *
 * @param selected records that the selector chooses
 * @param refused of these, records that cannot be changed so; 0 if only the samples were tried
 * @param refusals why, of those
 * @param samples the first of them, before and after
 */
record Survey(long selected, long refused, List<Refusal> refusals, List<Sample> samples) {
  private static final int SAMPLES = 3;
  private static final int SAMPLE_CHARACTERS = 4000;

  /**
   * Looks at the whole set; changes nothing.
   *
   * @param last the last sequence of the set
   * @param renewal makes what would be sent
   * @throws RefusedException if the change does not fit the records of some schema; the message has
   *     the path
   */
  static Survey of(
      RedriveContext context, RedriveOrder order, long last, RowChanges changes, Renewal renewal)
      throws RefusedException, InterruptedException {
    long selected = 0;
    Refusals refusals = new Refusals();
    List<Sample> samples = new ArrayList<>();
    boolean waives = order.action() == JournalEntry.Action.waive;
    try (ErrorScan scan = RedriveWorker.scan(context, order, last, ErrorScan.Witness.NONE)) {
      for (List<QueuedFailure> some = scan.next(); !some.isEmpty(); some = scan.next()) {
        List<QueuedFailure> chosen = some.stream().filter(order.selector()::chooses).toList();
        selected += chosen.size();
        if (!waives && order.sourceRevision() == null) {
          for (QueuedFailure failure : chosen) {
            changes.of(order.change(), failure);
          }
        }
        int more = SAMPLES - samples.size();
        List<QueuedFailure> tried =
            order.dryRun() ? chosen : chosen.subList(0, Math.min(more, chosen.size()));
        if (waives) {
          for (QueuedFailure failure : tried.subList(0, Math.min(more, tried.size()))) {
            samples.add(sample(failure, before(context, failure), null, null));
          }
          continue;
        }
        for (List<QueuedFailure> portion : Portions.of(tried)) {
          for (Renewed one : renewal.of(portion, order)) {
            if (one instanceof Renewed.Refused no) {
              refusals.add(no);
            }
            if (samples.size() < SAMPLES) {
              samples.add(sample(context, one));
            }
          }
        }
      }
    }
    return order.dryRun()
        ? new Survey(selected, refusals.count(), refusals.list(), samples)
        : new Survey(selected, 0, List.of(), samples);
  }

  private static Sample sample(RedriveContext context, Renewed one) throws InterruptedException {
    QueuedFailure failure = one.failure();
    JsonNode before = before(context, failure);
    return switch (one) {
      case Renewed.Refused no -> sample(failure, before, null, no.message());
      case Renewed.Ready ready -> {
        String schema =
            ready.origin() == null ? failure.detail().schema() : ready.origin().schema();
        yield sample(failure, before, show(context, schema, ready.row()), null);
      }
    };
  }

  private static @Nullable JsonNode before(RedriveContext context, QueuedFailure failure)
      throws InterruptedException {
    return show(context, failure.detail().schema(), failure.message().row());
  }

  private static @Nullable JsonNode show(RedriveContext context, String schema, byte[] row)
      throws InterruptedException {
    if (row.length == 0) {
      return null;
    }
    RecordSchema shape =
        context.patience().ask("read schema " + schema, () -> context.state().schema(schema));
    return RecordJson.render(
            shape, RowReader.readAll(shape, row).getFirst().values(), SAMPLE_CHARACTERS)
        .json();
  }

  private static Sample sample(
      QueuedFailure failure,
      @Nullable JsonNode before,
      @Nullable JsonNode after,
      @Nullable String refusal) {
    var detail = failure.detail();
    return new Sample(
        failure.sequence(),
        detail.stage(),
        detail.table(),
        detail.key(),
        before,
        after,
        refusal,
        detail.made());
  }
}
