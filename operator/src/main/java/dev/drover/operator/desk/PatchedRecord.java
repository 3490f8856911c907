package dev.drover.operator.desk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.patch.PatchRefusedException;
import dev.drover.api.patch.RecordPatch;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.RecordJson;
import dev.drover.wire.replay.Change;
import dev.drover.wire.schema.RecordSchema;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** A JSON patch of a record, as the change that it amounts to. Pure. */
final class PatchedRecord {
  private PatchedRecord() {}

  /**
   * The fields that a patch changes, with their new values, and where those are copied from.
   *
   * @param operations RFC 6902
   * @param failure the record, in the encoding of the schema
   * @param hides whether a field's value is shown to nobody, or any's for {@link
   *     Copies#EVERY_FIELD}
   * @throws RefusedException if the patch does not apply, removes a field, or would tell what is
   *     hidden
   */
  static Change change(
      List<JsonNode> operations,
      RecordSchema schema,
      FailedMessage failure,
      Predicate<String> hides)
      throws RefusedException {
    Copies copies = new Copies(schema.columnNames(), failure.detail().made());
    follow(copies, operations, hides);
    ObjectNode before =
        RecordJson.render(
                schema,
                RowReader.readAll(schema, failure.row()).getFirst().values(),
                Integer.MAX_VALUE)
            .json();
    JsonNode after = apply(operations, before);
    if (!after.isObject()) {
      throw new RefusedException("spec.jsonPatch: replaces the record by what is no object");
    }
    for (String field : schema.columnNames()) {
      if (!after.has(field)) {
        throw new RefusedException(
            "spec.jsonPatch: removes field %s; a record keeps its fields: replace it with null"
                .formatted(field));
      }
    }
    ObjectNode changed = JsonNodeFactory.instance.objectNode();
    Set<String> names = new HashSet<>();
    for (Map.Entry<String, JsonNode> field : after.properties()) {
      if (!field.getValue().equals(before.get(field.getKey()))) {
        changed.set(field.getKey(), field.getValue());
        names.add(field.getKey());
      }
    }
    return Change.merging(changed).copying(copies.given(names));
  }

  /** Whether a test holds tells the value that it is made on. */
  private static void follow(Copies copies, List<JsonNode> operations, Predicate<String> hides)
      throws RefusedException {
    for (int i = 0; i < operations.size(); i++) {
      JsonNode operation = operations.get(i);
      boolean tests = operation.path("op").asText().toLowerCase(Locale.ROOT).equals("test");
      if (tests && copies.read(operation.path("path").asText()).stream().anyMatch(hides)) {
        throw new RefusedException(
            "spec.jsonPatch[%d]: test is refused, since spec.failedRecords of the Migration masks the value that it would tell; take the operation out"
                .formatted(i));
      }
      copies.follow(operation);
    }
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
