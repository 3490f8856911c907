package dev.drover.wire.replay;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.wire.batch.Provenance;
import dev.drover.wire.plan.Derivation;
import dev.drover.wire.plan.Step;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is changed in failed records before they are sent again: nothing, or one of the two.
 *
 * @param correction fields to merge over each record (RFC 7386); null for none
 * @param set fields to compute in CEL, in order; empty for none
 * @param copied by field of the correction, the fields of the record that its new value may be
 *     copied from: whoever hides one of these hides it; {@code *} stands for any field
 */
public record Change(
    @Nullable JsonNode correction,
    List<Step.Assignment> set,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, List<String>> copied) {
  /** Sends records as they are. */
  public static final Change NONE = new Change(null, List.of());

  @SuppressWarnings("NullAway") // absent from what was written without
  public Change {
    set = set == null ? List.of() : List.copyOf(set);
    copied = copied == null ? Map.of() : Map.copyOf(copied);
    correction = correction == null || correction.isNull() ? null : correction;
  }

  /** A change by values of its own. */
  public Change(@Nullable JsonNode correction, List<Step.Assignment> set) {
    this(correction, set, Map.of());
  }

  /** The merge of one correction. */
  public static Change merging(@Nullable JsonNode correction) {
    return new Change(correction, List.of());
  }

  /** What of a record is made of what once this is done to it. */
  public Provenance made(Provenance before) {
    Map<String, List<String>> made = new TreeMap<>(before.sources());
    if (correction != null) {
      List<String> anywhere = copied.getOrDefault(Provenance.EVERY_FIELD, List.of());
      correction.fieldNames().forEachRemaining(f -> made.put(f, copied.getOrDefault(f, anywhere)));
    }
    return Derivation.set(new Provenance(made), set);
  }

  /** This, with values that are copied within the record. */
  public Change copying(Map<String, List<String>> from) {
    return new Change(correction, set, from);
  }
}
