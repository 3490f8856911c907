package dev.drover.worker.target;

import dev.drover.wire.batch.Row;
import dev.drover.wire.schema.RecordSchema;
import java.util.List;

/**
 * A batch to load.
 *
 * @param batchId its identity, under which its stage decides it once
 * @param take which reading of the same range this is
 * @param revision the chain revision that it is decided under
 * @param inputHash hash of its content, kept with the decision
 * @param schema the shape of its records
 * @param rows its records; not changed while loading
 * @param finalAttempt whether a record whose parent is missing fails now rather than waits
 */
public record LoadBatch(
    String batchId,
    int take,
    long revision,
    String inputHash,
    RecordSchema schema,
    List<Row> rows,
    boolean finalAttempt) {}
