package dev.drover.cli.record;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.patch.PatchRefusedException;
import dev.drover.api.patch.RecordPatch;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a failed record, as much of them as its resource holds.
 *
 * @param original as they entered the stage
 * @param corrected with the correction that the resource has; as {@code original} if it has none
 * @param shown whether the resource shows the record's fields at all; if not, any name may be right
 * @param masked fields whose value is not shown
 * @param cut fields of whose value only the beginning is shown
 */
public record FailedFields(
    ObjectNode original, ObjectNode corrected, boolean shown, Set<String> masked, Set<String> cut) {

  /** What stands for a value that is not shown. */
  public static final String MASK = "***";

  /** What a value that is cut ends with. */
  static final String CUT = "…";

  /** The fields of a resource. */
  public static FailedFields of(FailedRecord resource) {
    FailedRecordStatus status = resource.getStatus();
    @Nullable JsonNode record = status == null ? null : status.record();
    boolean shown = record instanceof ObjectNode;
    ObjectNode original =
        record instanceof ObjectNode object ? object : JsonNodeFactory.instance.objectNode();
    return new FailedFields(
        original,
        corrected(original, resource.getSpec()),
        shown,
        status == null ? Set.of() : new HashSet<>(status.maskedFields()),
        status == null ? Set.of() : new HashSet<>(status.cutFields()));
  }

  private static ObjectNode corrected(ObjectNode original, @Nullable FailedRecordSpec spec) {
    if (spec != null && spec.correction() instanceof ObjectNode correction) {
      return original.deepCopy().setAll(correction);
    }
    List<JsonNode> patch = spec == null ? null : spec.jsonPatch();
    if (patch != null) {
      try {
        JsonNode patched = RecordPatch.apply(patch, original);
        return patched instanceof ObjectNode object ? object : original;
      } catch (PatchRefusedException e) {
        return original; // it does not apply, which its condition CorrectionValid says
      }
    }
    return original;
  }

  /** Whether the resource has a correction that changes what is shown. */
  public boolean isCorrected() {
    return !original.equals(corrected);
  }

  /** The fields to change so that the record becomes what was edited. */
  public ObjectNode correction(ObjectNode edited) {
    ObjectNode correction = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> field : edited.properties()) {
      if (!field.getValue().equals(original.get(field.getKey()))) {
        correction.set(field.getKey(), field.getValue());
      }
    }
    return correction;
  }
}
