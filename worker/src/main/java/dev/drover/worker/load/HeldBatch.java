package dev.drover.worker.load;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchRows;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.jetstream.Delivery;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * A batch in this worker's hands, found by rows.
 *
 * @param delivery the message that it came in, or what is left of it
 * @param before what was decided about the message's batch and about what waited of it, up to this
 *     batch; empty for the batch that the message names
 */
record HeldBatch(Delivery delivery, BatchHeaders headers, BatchRows rows, List<Judged> before) {
  HeldBatch {
    before = List.copyOf(before);
  }

  /**
   * A batch and what was decided about it.
   *
   * @param inputHash hash of the batch's content
   */
  record Judged(HeldBatch batch, LoadOutcome outcome, String inputHash) {}

  RecordSchema schema() {
    return rows.schema();
  }

  /** The records that wait, as the batch that they are when they are tried again. */
  HeldBatch waiting(List<Integer> indexes, List<Judged> decided) {
    ByteArrayOutputStream body = new ByteArrayOutputStream(4096);
    indexes.forEach(index -> body.writeBytes(rows.at(index).encodedRow()));
    BatchHeaders waiting =
        new BatchHeaders(
            headers.id().waiting(attempt() + 1),
            headers.take(),
            indexes.size(),
            headers.schema(),
            headers.revision(),
            Origin.waiting,
            headers.replayed().isEmpty()
                ? List.of()
                : indexes.stream().map(headers.replayed()::get).toList(),
            headers.made());
    return new HeldBatch(
        delivery, waiting, BatchRows.of(schema(), body.toByteArray(), indexes.size()), decided);
  }

  /** The same, behind what was decided about this batch. */
  HeldBatch waiting(List<Integer> indexes, LoadOutcome outcome, String inputHash) {
    List<Judged> decided = new ArrayList<>(before);
    decided.add(new Judged(this, outcome, inputHash));
    return waiting(indexes, decided);
  }

  /** How often the batch's records have waited so far; the name of the batch says it. */
  private int attempt() {
    if (headers.origin() != Origin.waiting) {
      return 0;
    }
    String id = headers.id().text();
    return Integer.parseInt(id.substring(id.lastIndexOf("-w") + 2));
  }
}
