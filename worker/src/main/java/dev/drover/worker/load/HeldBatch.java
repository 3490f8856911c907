package dev.drover.worker.load;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.Row;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.jetstream.Delivery;
import java.util.List;

/** A batch in this worker's hands, decoded. */
record HeldBatch(Delivery delivery, BatchHeaders headers, RecordSchema schema, List<Row> rows) {}
