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
    JsonNode after = before;
    for (int i = 0; i < operations.size(); i++) {
      after = apply(operations.get(i), i, after, schema);
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

  /** The library's own messages may hold values of the record, which may be hidden. */
  private static JsonNode apply(JsonNode operation, int index, JsonNode record, RecordSchema schema)
      throws RefusedException {
    ArrayNode patch = JsonNodeFactory.instance.arrayNode().add(operation);
    try {
      return JsonPatch.apply(patch, record);
    } catch (JsonPatchException e) {
      throw new RefusedException(
          "spec.jsonPatch[%d]: %s of %s does not apply to the record; its fields are %s"
              .formatted(
                  index,
                  operation.path("op").asText("an operation"),
                  operation.path("path").asText("no path"),
                  String.join(", ", schema.columnNames())));
    }
  }
}
