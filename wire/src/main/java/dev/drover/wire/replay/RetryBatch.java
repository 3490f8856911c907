package dev.drover.wire.replay;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Checksums;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.batch.Provenance;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
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
    return of(
        entry,
        failures.stream().map(RetryBatch::replay).toList(),
        first.schema(),
        first.revision(),
        body.toByteArray(),
        made);
  }

  /**
   * The batch of a journal's entry whose records were made from the source's rows.
   *
   * @param failures what is there of its records: those of which somebody has deleted the messages
   *     are sent all the same, with no past
   */
  public static RetryBatch of(
      JournalEntry entry, List<QueuedFailure> failures, RenewedRows renewed) {
    Map<Long, BatchHeaders.Replay> known =
        failures.stream().collect(Collectors.toMap(QueuedFailure::sequence, RetryBatch::replay));
    return of(
        entry,
        entry.sequences().stream()
            .map(s -> known.getOrDefault(s, new BatchHeaders.Replay(s, 1, entry.at())))
            .toList(),
        renewed.schema(),
        renewed.revision(),
        renewed.rows(),
        Provenance.NONE);
  }

  private static RetryBatch of(
      JournalEntry entry,
      List<BatchHeaders.Replay> replayed,
      String schema,
      String revision,
      byte[] body,
      Provenance made) {
    return new RetryBatch(
        new BatchHeaders(
            entry.batch(), 1, replayed.size(), schema, revision, Origin.retry, replayed, made),
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
    return waiver(entry, revision, entry.sequences().size());
  }

  /** The same of what is left of them, since others were given up before, see {@link #lacking}. */
  public static Decision waiver(JournalEntry entry, String revision, int records) {
    return waiver(entry, entry.batch(), revision, IntStream.range(0, records).boxed().toList());
  }

  /**
   * The decision that those records of an entry are given up whose messages somebody deleted before
   * they were sent. The others go without them, so this says, too, who has which place in their
   * batch.
   *
   * @param under the first {@link BatchId#lacking} name that has no such decision yet
   * @param places of the records in the entry
   */
  public static Decision lacking(
      JournalEntry entry, BatchId under, String revision, List<Integer> places) {
    return waiver(entry, under, revision, places);
  }

  /** The places in an entry of the records that such decisions gave up. */
  public static Set<Integer> lacking(
      JournalEntry entry, Function<BatchId, Optional<Decision>> decisions) {
    Set<Integer> places = new TreeSet<>();
    BatchId under = entry.batch().lacking();
    Optional<Decision> decision = decisions.apply(under);
    while (decision.isPresent()) {
      places.addAll(places(decision.get()));
      under = under.lacking();
      decision = decisions.apply(under);
    }
    return places;
  }

  /** The same of one of them. */
  public static List<Integer> places(Decision lacking) {
    return lacking.groups().stream().flatMap(group -> group.indexes().stream()).toList();
  }

  private static Decision waiver(
      JournalEntry entry, BatchId batch, String revision, List<Integer> places) {
    int records = places.size();
    return new Decision(
        batch.text(),
        1,
        Origin.retry,
        revision,
        "",
        new Counts(records, 0, 0, 0, 0, records),
        List.of(),
        List.of(new Decision.Group(Decision.Kind.waived, null, places)),
        0,
        entry.at());
  }
}
