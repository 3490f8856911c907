package dev.drover.operator.desk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.patch.PatchRefusedException;
import dev.drover.api.patch.RecordPatch;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.failure.RecordJson;
import dev.drover.wire.schema.RecordSchema;
import java.util.List;
import java.util.Map;

/** A JSON patch of a record, as the correction that it amounts to. Pure. */
final class PatchedRecord {
  private PatchedRecord() {}

  /**
   * The fields that a patch changes, with their new values.
   *
   * @param operations RFC 6902
   * @param row the record, in the encoding of the schema
   * @throws RefusedException if the patch does not apply, or removes a field
   */
  static JsonNode correction(List<JsonNode> operations, RecordSchema schema, byte[] row)
      throws RefusedException {
    ObjectNode before =
        RecordJson.render(
                schema, RowReader.readAll(schema, row).getFirst().values(), Integer.MAX_VALUE)
            .json();
    JsonNode after = apply(operations, before);
    if (!after.isObject()) {
      throw new RefusedException("spec.jsonPatch: replaces the record by what is no object");
    }
    ObjectNode changed = JsonNodeFactory.instance.objectNode();
    for (String field : schema.columnNames()) {
      if (!after.has(field)) {
        throw new RefusedException(
            "spec.jsonPatch: removes field %s; a record keeps its fields: replace it with null"
                .formatted(field));
      }
    }
    for (Map.Entry<String, JsonNode> field : after.properties()) {
      if (!field.getValue().equals(before.get(field.getKey()))) {
        changed.set(field.getKey(), field.getValue());
      }
    }
    return changed;
  }

  private static JsonNode apply(List<JsonNode> operations, ObjectNode record)
      throws RefusedException {
    try {
      return RecordPatch.apply(operations, record);
    } catch (PatchRefusedException e) {
      throw new RefusedException(String.valueOf(e.getMessage()));
    }
  }
}
