package dev.drover.api.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.zjsonpatch.JsonPatch;
import io.fabric8.zjsonpatch.JsonPatchException;
import java.util.List;

/** Applies a JSON patch (RFC 6902) to a record, within what a program can hold. Pure. */
public final class RecordPatch {
  private RecordPatch() {}

  /**
   * A record with a patch applied.
   *
   * @param operations in order
   * @param record left as it is
   * @return what the patch makes of it, which need not be an object
   * @throws PatchRefusedException if an operation does not apply, or makes too much of the record
   */
  public static JsonNode apply(List<JsonNode> operations, ObjectNode record)
      throws PatchRefusedException {
    Bounds bounds = Bounds.of(record);
    JsonNode patched = record;
    for (int i = 0; i < operations.size(); i++) {
      patched = apply(operations.get(i), i, patched, record);
      if (!bounds.hold(patched)) {
        throw new PatchRefusedException(
            i,
            "the operations up to this one make a record that is larger than any can be: each copy"
                + " of a value that holds copies doubles it; give the field its new value by one"
                + " replace");
      }
    }
    return patched;
  }

  /** The library's own messages may hold values of the record, which may be hidden. */
  private static JsonNode apply(JsonNode operation, int index, JsonNode before, ObjectNode record)
      throws PatchRefusedException {
    ArrayNode patch = JsonNodeFactory.instance.arrayNode().add(operation);
    try {
      return JsonPatch.apply(patch, before);
    } catch (JsonPatchException e) {
      throw new PatchRefusedException(
          index,
          "%s of %s does not apply to the record; its fields are %s"
              .formatted(
                  operation.path("op").asText("an operation"),
                  operation.path("path").asText("no path"),
                  String.join(", ", record.properties().stream().map(f -> f.getKey()).toList())));
    }
  }
}
