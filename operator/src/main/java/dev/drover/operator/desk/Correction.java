package dev.drover.operator.desk;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.failure.RecordJson;
import dev.drover.wire.schema.RecordSchema;
import org.jspecify.annotations.Nullable;

/** Makes the record that is sent again. Pure. */
final class Correction {
  private Correction() {}

  /** A record that cannot be sent again as asked; the message says why and what to do. */
  static final class RefusedException extends Exception {
    RefusedException(String message) {
      super(message);
    }
  }

  /**
   * Merges a correction over a failed record.
   *
   * @param correction the fields to change; null changes nothing
   * @param most the most bytes that the result may have
   * @return the record in the encoding of its schema; it keeps its key and position
   */
  static byte[] apply(
      QueuedFailure failure, RecordSchema schema, @Nullable JsonNode correction, long most)
      throws RefusedException {
    if (failure.message().row().length == 0) {
      throw new RefusedException(
          "the record could not be kept (%s), so it cannot be sent again: waive it, or move it by hand by its key"
              .formatted(failure.detail().cause().code()));
    }
    Row row = RowReader.readAll(schema, failure.message().row()).getFirst();
    RowWriter writer = new RowWriter(schema, failure.message().row().length + 256);
    try {
      writer.append(new Row(row.position(), row.key(), values(schema, row, correction)));
    } catch (RecordJson.FieldRefusedException e) {
      throw new RefusedException(String.valueOf(e.getMessage()));
    }
    if (writer.size() > most) {
      throw new RefusedException(
          "spec.correction: the corrected record has %d bytes, and a message holds %d: use shorter values"
              .formatted(writer.size(), most));
    }
    return writer.toByteArray();
  }

  private static @Nullable Object[] values(
      RecordSchema schema, Row row, @Nullable JsonNode correction) {
    return correction == null || correction.isNull()
        ? row.values()
        : RecordJson.corrected(schema, row.values(), correction);
  }
}
