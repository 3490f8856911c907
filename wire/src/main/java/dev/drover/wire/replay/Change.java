package dev.drover.wire.replay;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.wire.plan.Step;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is changed in failed records before they are sent again: nothing, or one of the two.
 *
 * @param correction fields to merge over each record (RFC 7386); null for none
 * @param set fields to compute in CEL, in order; empty for none
 */
public record Change(@Nullable JsonNode correction, List<Step.Assignment> set) {
  /** Sends records as they are. */
  public static final Change NONE = new Change(null, List.of());

  @SuppressWarnings("NullAway") // absent from what was written without
  public Change {
    set = set == null ? List.of() : List.copyOf(set);
    correction = correction == null || correction.isNull() ? null : correction;
  }

  /** The merge of one correction. */
  public static Change merging(@Nullable JsonNode correction) {
    return new Change(correction, List.of());
  }
}
