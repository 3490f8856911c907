package dev.drover.api.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.zjsonpatch.JsonPatch;
import java.util.List;
import java.util.Map;

/** Applies a JSON patch (RFC 6902) to a record, within what a program can hold. Pure. */
public final class RecordPatch {
  /** The most characters of an operation that a message repeats. */
  private static final int TEXT_LIMIT = 200;

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

  /**
   * The library says by exceptions of many types what is wrong with an operation, so each of them
   * is the operation's. Its messages may hold values of the record, which may be hidden.
   */
  private static JsonNode apply(JsonNode operation, int index, JsonNode before, ObjectNode record)
      throws PatchRefusedException {
    ArrayNode patch = JsonNodeFactory.instance.arrayNode().add(operation);
    try {
      return JsonPatch.apply(patch, before);
    } catch (RuntimeException e) {
      throw new PatchRefusedException(
          index,
          "%s of %s does not apply to the record; op is add, replace, copy, move, remove or test,"
                  .formatted(text(operation, "op"), text(operation, "path"))
              + " and path, also from where it is needed, is / and the name of a field: "
              + String.join(", ", record.properties().stream().map(Map.Entry::getKey).toList()));
    }
  }

  private static String text(JsonNode operation, String field) {
    String text = operation.path(field).asText();
    return text.isEmpty() ? "no " + field : text.substring(0, Math.min(text.length(), TEXT_LIMIT));
  }
}
