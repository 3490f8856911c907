package dev.drover.wire.replay;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.Checksums;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.batch.Provenance;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
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
    Set<Provenance> before =
        failures.stream().map(failure -> failure.detail().made()).collect(Collectors.toSet());
    Provenance made = Provenance.any(before.stream().map(entry.change()::made).toList());
    return of(entry, failures, first.schema(), first.revision(), body.toByteArray(), made);
  }

  /** The batch of a journal's entry whose records were made from the source's rows. */
  public static RetryBatch of(
      JournalEntry entry, List<QueuedFailure> failures, RenewedRows renewed) {
    return of(
        entry, failures, renewed.schema(), renewed.revision(), renewed.rows(), Provenance.NONE);
  }

  private static RetryBatch of(
      JournalEntry entry,
      List<QueuedFailure> failures,
      String schema,
      String revision,
      byte[] body,
      Provenance made) {
    return new RetryBatch(
        new BatchHeaders(
            entry.batch(),
            1,
            failures.size(),
            schema,
            revision,
            Origin.retry,
            failures.stream().map(RetryBatch::replay).toList(),
            made),
        body);
  }

  /**
   * The decision that records which an extract had set aside are read after all. Theirs is no stage
   * that decides: an extract takes no retries, so who sends them on decides.
   *
   * @param records how many
   */
  public static Decision readAgain(JournalEntry entry, RenewedRows renewed, int records) {
    return new Decision(
        entry.batch().text(),
        1,
        Origin.retry,
        renewed.revision(),
        Checksums.of(renewed.rows()),
        new Counts(records, records, 0, 0, 0, 0),
        List.of(records),
        List.of(),
        0,
        entry.at());
  }

  /** What that decision promises: the records as a batch of the extract's queue. */
  public static RetryBatch output(JournalEntry entry, RenewedRows renewed, int records) {
    return new RetryBatch(
        new BatchHeaders(
            entry.batch().part(0),
            1,
            records,
            renewed.schema(),
            renewed.revision(),
            Origin.queue,
            List.of()),
        renewed.rows());
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
