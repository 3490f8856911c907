package dev.drover.wire.replay;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Failed records on their way to their stage again. A second copy is harmless: a stage decides a
 * batch once. Pure.
 *
 * @param headers the batch's headers
 * @param body its rows
 */
public record RetryBatch(BatchHeaders headers, byte[] body) {
  /**
   * The batch of a journal's entry.
   *
   * @param failures its records, in its order, of one stage and schema
   * @param rows each of them as it is sent, in the encoding of the schema
   */
  public static RetryBatch of(JournalEntry entry, List<QueuedFailure> failures, List<byte[]> rows) {
    FailedMessage.Detail first = failures.getFirst().detail();
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    rows.forEach(body::writeBytes);
    return new RetryBatch(
        new BatchHeaders(
            entry.batch(),
            1,
            failures.size(),
            first.schema(),
            first.revision(),
            Origin.retry,
            failures.stream().map(RetryBatch::replay).toList()),
        body.toByteArray());
  }

  /** What is written down of a failed record that is sent again. */
  public static BatchHeaders.Replay replay(QueuedFailure failure) {
    FailedMessage.Detail detail = failure.detail();
    return new BatchHeaders.Replay(failure.sequence(), detail.replays() + 1, detail.firstSeen());
  }

  /** The decision that the records of an entry are given up: the operator's, not the stage's. */
  public static Decision waiver(JournalEntry entry, String revision) {
    int records = entry.sequences().size();
    return new Decision(
        entry.batch().text(),
        1,
        Origin.retry,
        revision,
        "",
        new Counts(records, 0, 0, 0, 0, records),
        List.of(),
        List.of(
            new Decision.Group(
                Decision.Kind.waived, null, IntStream.range(0, records).boxed().toList())),
        0,
        entry.at());
  }
}
