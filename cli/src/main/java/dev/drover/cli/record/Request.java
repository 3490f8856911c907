package dev.drover.cli.record;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.StartAt;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is asked for a failed record, and the patch that asks for it. Pure.
 *
 * @param action Replay or Waive
 * @param correction fields to change; empty if none
 * @param reason why; null if nothing was said
 */
public record Request(
    FailedRecordSpec.Action action, ObjectNode correction, @Nullable String reason) {

  /** A request to give a record up. */
  public static Request waive(String reason) {
    return new Request(
        FailedRecordSpec.Action.Waive, JsonNodeFactory.instance.objectNode(), reason);
  }

  /**
   * A JSON patch (RFC 6902) of a resource. A merge patch would drop the nulls of a correction. It
   * does not apply to a resource of which somebody else has asked something meanwhile. Where all of
   * this was asked before, it asks for another attempt.
   */
  public ArrayNode patch(FailedRecord resource) {
    FailedRecordSpec before = resource.getSpec();
    ArrayNode patch = JsonNodeFactory.instance.arrayNode();
    operation(patch, "test", "/metadata/generation")
        .put("value", resource.getMetadata().getGeneration());
    operation(patch, "add", "/spec/action").put("value", action.name());
    if (before.startAt() != StartAt.Stage) {
      operation(patch, "add", "/spec/startAt").put("value", StartAt.Stage.name());
    }
    put(patch, "correction", before.correction(), correction.isEmpty() ? null : correction);
    put(patch, "jsonPatch", before.jsonPatch(), null);
    put(
        patch,
        "reason",
        before.reason(),
        reason == null ? null : JsonNodeFactory.instance.textNode(reason));
    if (isAsked(before)) {
      int attempt = before.attempt() == null ? 0 : before.attempt();
      operation(patch, "add", "/spec/attempt").put("value", attempt + 1);
    }
    return patch;
  }

  private static void put(
      ArrayNode patch, String field, @Nullable Object before, @Nullable JsonNode after) {
    if (after != null) {
      operation(patch, "add", "/spec/" + field).set("value", after);
    } else if (before != null) {
      operation(patch, "remove", "/spec/" + field);
    }
  }

  private boolean isAsked(FailedRecordSpec before) {
    JsonNode correctionBefore = before.correction();
    boolean sameCorrection =
        correctionBefore == null ? correction.isEmpty() : correctionBefore.equals(correction);
    return before.action() == action
        && before.startAt() == StartAt.Stage
        && sameCorrection
        && before.jsonPatch() == null
        && Objects.equals(before.reason(), reason);
  }

  private static ObjectNode operation(ArrayNode patch, String op, String path) {
    return patch.addObject().put("op", op).put("path", path);
  }
}
