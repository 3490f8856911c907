package dev.drover.wire.failure;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.schema.RecordSchema;
import org.jspecify.annotations.Nullable;

/** Makes the record that is sent again. Pure. */
public final class Correction {
  private Correction() {}

  /** A record that cannot be sent again as asked; the message says why and what to do. */
  public static final class RefusedException extends Exception {
    /** With what to do. */
    public RefusedException(String message) {
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
  public static byte[] apply(
      QueuedFailure failure, RecordSchema schema, @Nullable JsonNode correction, long most)
      throws RefusedException {
    requireRow(failure);
    byte[] row = failure.message().row();
    return correction == null || correction.isNull()
        ? row
        : requireFit(merge(row, schema, correction), most);
  }

  /** Has a failed record have what is to be sent. */
  public static void requireRow(QueuedFailure failure) throws RefusedException {
    if (failure.message().row().length == 0) {
      throw new RefusedException(
          "the record could not be kept (%s), so it cannot be sent again: mend its row and write startAt: Source, waive it, or move it by hand by its key"
              .formatted(failure.detail().cause().code()));
    }
  }

  /** Has a corrected record fit into a message. */
  public static byte[] requireFit(byte[] corrected, long most) throws RefusedException {
    if (corrected.length > most) {
      throw new RefusedException(
          "spec.correction: the corrected record has %d bytes, and a message holds %d: use shorter values"
              .formatted(corrected.length, most));
    }
    return corrected;
  }

  private static byte[] merge(byte[] original, RecordSchema schema, JsonNode correction)
      throws RefusedException {
    Row row = RowReader.readAll(schema, original).getFirst();
    RowWriter writer = new RowWriter(schema, original.length + 256);
    try {
      writer.append(
          new Row(
              row.position(), row.key(), RecordJson.corrected(schema, row.values(), correction)));
    } catch (RecordJson.FieldRefusedException e) {
      throw new RefusedException(String.valueOf(e.getMessage()));
    }
    return writer.toByteArray();
  }
}
