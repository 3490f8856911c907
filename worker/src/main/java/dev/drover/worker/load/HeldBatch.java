package dev.drover.worker.load;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchRows;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.jetstream.Delivery;

/** A batch in this worker's hands, found by rows. */
record HeldBatch(Delivery delivery, BatchHeaders headers, BatchRows rows) {
  RecordSchema schema() {
    return rows.schema();
  }
}
