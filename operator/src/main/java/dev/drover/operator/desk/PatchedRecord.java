package dev.drover.operator.desk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.failure.RecordJson;
import dev.drover.wire.schema.RecordSchema;
import io.fabric8.zjsonpatch.JsonPatch;
import io.fabric8.zjsonpatch.JsonPatchException;
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
    ArrayNode patch = JsonNodeFactory.instance.arrayNode().addAll(operations);
    JsonNode after;
    try {
      after = JsonPatch.apply(patch, before);
    } catch (JsonPatchException e) {
      throw new RefusedException(
          "spec.jsonPatch: does not apply to the record: %s; its fields are %s"
              .formatted(e.getMessage(), String.join(", ", schema.columnNames())));
    }
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
}
